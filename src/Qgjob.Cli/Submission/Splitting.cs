using System.Globalization;
using System.Text.RegularExpressions;
using Qgjob.Client.Projects;
using Qgjob.Client.Wire;
using Qgjob.Core.Jobs;

namespace Qgjob.Cli.Submission;

/// <summary>What <c>--split</c> asks for, and what of it this machine can tell from the project.</summary>
internal static partial class Splitting
{
    /// <summary>The parts on the wire; null when it was not given.</summary>
    public static int? Parse(string? text) =>
        text is null ? null
        : text == SplitConverter.AutoWord ? SplitConverter.Auto
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var parts) && parts is >= 2 and <= SplitSize.Most ? parts
        : throw CliException.Usage($"--split: '{text}' is not from 2 to {SplitSize.Most}.", "Give a number of parts, or auto.");

    /// <summary>Tests that build upon one another cannot run on several phones; the agents refuse such files, too.</summary>
    public static void RefuseDependent(IReadOnlyList<string> tests, IReadOnlyList<ProjectFile> files)
    {
        var found = new List<string>();
        foreach (var file in files.Where(f => tests.Contains(f.Path) && f.LinkTarget is null))
            if (DependentTests.Find(File.ReadAllText(file.FullPath)) is var (line, what)) found.Add($"{file.Path}:{line} says '{what}'");
        if (found.Count > 0)
            throw CliException.Usage(
                $"--split: {string.Join("; ", found)}: tests that build upon one another cannot be divided.",
                found.Count == tests.Count ? "Submit it without --split." : "Submit such files without --split, the others with it.");
    }

    /// <summary>
    /// The config lets Playwright run the tests of a file apart, as far as its text says: AppWright's <c>defineConfig</c> does unless
    /// it is told otherwise. Where that is a mistake, Playwright gives the whole file to one part.
    /// </summary>
    public static bool IsFullyParallel(string? config, IReadOnlyList<ProjectFile> files)
    {
        if (files.FirstOrDefault(f => config is null ? ProjectFolder.IsConfig(f.Path) : f.Path == config) is not { LinkTarget: null } file) return false;
        var text = File.ReadAllText(file.FullPath);
        return FullyParallel().Match(text) is { Success: true } said ? said.Groups[1].Value == "true" : text.Contains("defineConfig", StringComparison.Ordinal);
    }

    [GeneratedRegex(@"^(?!\s*(?://|\*)).*\bfullyParallel\s*:\s*(true|false)\b", RegexOptions.Multiline)]
    private static partial Regex FullyParallel();
}
