using System.Text.RegularExpressions;
using Qgjob.Agent.AppWright;

namespace Qgjob.Agent.Workspaces;

/// <summary>Newer AppWright versions are announced, but not on every registry; says what to do about one that is not there. Pure.</summary>
internal static partial class MissingAppWright
{
    private const string OnNpm = "0.1.1";

    /// <param name="output">A package manager's, which has failed.</param>
    /// <returns>Null when it failed for another reason.</returns>
    public static string? Explain(string output)
    {
        var found = Missing().Match(output);
        if (!found.Success) return null;
        var version = found.Groups["version"].Value.TrimEnd('.');
        return $$"""
            The registry has no appwright {{version}}. Pin a version that it has, in package.json:
              "dependencies": { "@playwright/test": "{{AppWrightVersions.KnownToWork}}", "appwright": "{{OnNpm}}" }
            or commit a packed one (`npm pack` in a build of its source) and name its file: "appwright": "file:vendor/appwright-{{version}}.tgz".
            Then install, commit the lock file and submit again.
            """;
    }

    // npm and pnpm; yarn 1; yarn 2 and later; any of them when the lock file names a file that is not there.
    [GeneratedRegex(
        "No matching version found for appwright@(?<version>[0-9A-Za-z.^~<>=*-]+)"
        + "|Couldn't find any versions for \"appwright\" that matches \"(?<version>[^\"]+)\""
        + "|appwright@npm:(?<version>[^:\\s]+): No candidates found"
        + "|404[^\n]*/appwright-(?<version>[0-9][^/\\s]*)\\.tgz")]
    private static partial Regex Missing();
}
