namespace Qgjob.Cli.Reports;

/// <summary>A form of a run's report and where to put it.</summary>
/// <param name="Form"><c>junit</c>, <c>json</c> or <c>html</c>.</param>
/// <param name="Path">Absolute: a file, for <c>html</c> a folder.</param>
internal sealed record ReportTarget(string Form, string Path)
{
    public const string Html = "html";

    /// <summary>Reads <c>junit=FILE,json=FILE,html=DIR</c>, given once or several times, before anything is done.</summary>
    /// <exception cref="CliException">A form is not known, or a place cannot be written to.</exception>
    public static IReadOnlyList<ReportTarget> Parse(IEnumerable<string> texts, string currentFolder)
    {
        var targets = texts.SelectMany(t => t.Split(',')).Select(t => One(t, currentFolder)).ToList();
        if (targets.GroupBy(t => t.Path).FirstOrDefault(g => g.Count() > 1) is { } twice) throw CliException.Usage($"--report: {twice.Key} is named twice.");
        return targets;
    }

    public static ReportTarget Of(string option, string form, string path, string currentFolder)
    {
        var full = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(path, currentFolder));
        for (var above = System.IO.Path.GetDirectoryName(full); above is not null; above = System.IO.Path.GetDirectoryName(above))
            if (File.Exists(above)) throw CliException.Usage($"{option}: {above} is a file, not a folder.");
        if (form == Html) CheckFolder(option, full);
        else if (Directory.Exists(full)) throw CliException.Usage($"{option}: {full} is a folder.", $"Name a file in it: {System.IO.Path.Combine(path, form == "junit" ? "junit.xml" : "results.json")}");
        return new ReportTarget(form, full);
    }

    private static ReportTarget One(string text, string currentFolder) => text.Split('=', 2) switch
    {
        [("junit" or "json" or Html) and var form, { Length: > 0 } path] => Of("--report", form, path, currentFolder),
        _ => throw CliException.Usage($"--report: '{text}' is not known.", "Write --report junit=FILE, json=FILE or html=DIR, several of them joined by commas."),
    };

    /// <summary>An earlier report is replaced; anything else stays.</summary>
    private static void CheckFolder(string option, string folder)
    {
        if (File.Exists(folder)) throw CliException.Usage($"{option}: {folder} is a file; an HTML report is a folder.");
        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any() && !File.Exists(System.IO.Path.Combine(folder, "index.html")))
            throw CliException.Usage($"{option}: {folder} has something else in it than an HTML report.", "Name a new or an empty folder.");
    }
}
