using System.Text.Json;

namespace Qgjob.Agent.AppWright;

/// <summary>Which Playwright AppWright works with, and what to tell those who have another one.</summary>
/// <remarks>
/// Seen with AppWright 0.1.1: runs with @playwright/test 1.49.1; with 1.65.1 each test fails for want of a fixture that may
/// be set in the config. Playwright refuses that since 1.60.0 (1.59.1 does not know the message yet).
/// </remarks>
internal static class AppWrightVersions
{
    public const string KnownToWork = "1.49.1";

    /// <summary>From this Playwright on, AppWright's tests fail.</summary>
    internal static readonly Version FirstToRefuse = new(1, 60);
    private const string RefusedFixture = "cannot be overridden in the configuration \"use\" section";
    private const string TwoCopies = "Requiring @playwright/test second time";

    /// <summary>Why the installed versions cannot work together; null when nothing is known against them.</summary>
    public static string? Check(PlaywrightProject project)
    {
        var playwright = VersionIn(Path.GetDirectoryName(project.Cli)!);
        return Number(playwright) >= FirstToRefuse
            ? $"AppWright {AppWright(project)} does not work with @playwright/test {playwright}: Playwright since {FirstToRefuse}.0 refuses AppWright's fixture \"device\". {Pin(project)}"
            : null;
    }

    /// <summary>The cause that a failure's texts give away; null when it is none of the versions' doing.</summary>
    public static string? Explain(PlaywrightProject project, IEnumerable<string?> texts)
    {
        foreach (var text in texts.OfType<string>())
        {
            if (text.Contains(RefusedFixture, StringComparison.Ordinal))
                return $"AppWright {AppWright(project)} does not work with @playwright/test {VersionIn(Path.GetDirectoryName(project.Cli)!)}, which refuses AppWright's fixture \"device\". {Pin(project)}";
            if (text.Contains(TwoCopies, StringComparison.Ordinal))
                return $"The project has two copies of @playwright/test, one of its own and one of AppWright's; Playwright refuses to run. {Pin(project)}";
        }

        return null;
    }

    private static string Pin(PlaywrightProject project)
    {
        var (where, overrides, command) = Manager(project.Folder) switch
        {
            "pnpm-lock.yaml" => ("package.json (the overrides in that of the workspace root)", "\"pnpm\": { \"overrides\": { \"@playwright/test\": \"" + KnownToWork + "\" } }", "pnpm install"),
            "yarn.lock" => ("package.json (the resolutions in that of the workspace root)", "\"resolutions\": { \"@playwright/test\": \"" + KnownToWork + "\" }", "yarn install"),
            _ => ("package.json", "\"overrides\": { \"@playwright/test\": \"$@playwright/test\" }", "npm install"),
        };
        return $$"""
            Pin {{KnownToWork}}, which is known to work, in {{where}}:
              "dependencies": { "@playwright/test": "{{KnownToWork}}" },
              {{overrides}}
            Then run `{{command}}`, commit the lock file and submit again.
            """;
    }

    private static string? Manager(string folder)
    {
        for (var at = folder; at is not null; at = Path.GetDirectoryName(at))
            foreach (var name in (string[])["pnpm-lock.yaml", "yarn.lock", "package-lock.json"])
                if (File.Exists(Path.Combine(at, name))) return name;
        return null;
    }

    private static string AppWright(PlaywrightProject project)
    {
        for (var at = project.Folder; at is not null; at = Path.GetDirectoryName(at))
            if (VersionIn(Path.Combine(at, "node_modules", "appwright")) is { } version) return version;
        return "";
    }

    private static string? VersionIn(string folder)
    {
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "package.json")));
            return json.RootElement.TryGetProperty("version", out var version) ? version.GetString() : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or IOException)
        {
            return null; // Nothing is known, so nothing is said.
        }
    }

    private static Version? Number(string? version) => Version.TryParse(version?.Split('-')[0], out var number) ? number : null;
}
