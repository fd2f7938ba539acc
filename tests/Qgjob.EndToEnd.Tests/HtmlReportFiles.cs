using System.IO.Compression;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Qgjob.EndToEnd.Tests;

/// <summary>Reads Playwright's HTML report: the data that its page shows, and the page as a browser shows it.</summary>
internal static partial class HtmlReportFiles
{
    /// <summary>Playwright's page hides skipped tests until it is asked for them.</summary>
    private const string Everything = "#?q=s:passed%20s:failed%20s:flaky%20s:skipped";

    /// <summary>File, title, outcome and tags of each test.</summary>
    public static IReadOnlyList<(string File, string Title, string Outcome, IReadOnlyList<string> Tags)> Tests(string folder)
    {
        var data = Data().Match(File.ReadAllText(Path.Combine(folder, "index.html"))).Groups[1].Value;
        using var zip = new ZipArchive(new MemoryStream(Convert.FromBase64String(data)));
        using var report = JsonDocument.Parse(zip.GetEntry("report.json")!.Open());
        return [.. report.RootElement.GetProperty("files").EnumerateArray().SelectMany(f => f.GetProperty("tests").EnumerateArray()).Select(t => (
            t.GetProperty("location").GetProperty("file").GetString()!,
            string.Join(" › ", t.GetProperty("path").EnumerateArray().Select(p => p.GetString()).Append(t.GetProperty("title").GetString())),
            t.GetProperty("outcome").GetString()!,
            (IReadOnlyList<string>)[.. t.GetProperty("tags").EnumerateArray().Select(tag => tag.GetString()!)]))];
    }

    /// <summary>Titles as a headless Chromium shows them, once it shows so many.</summary>
    public static async Task<IReadOnlyList<string>> ShownAsync(string url, int count)
    {
        await using var browser = await Browser.OpenAsync(url + Everything);
        return await browser.TextsAsync("[...document.querySelectorAll('.test-file-title')].map(e => e.textContent)", count);
    }

    [GeneratedRegex("playwrightReportBase64 = \"data:application/zip;base64,([^\"]+)\"")]
    private static partial Regex Data();
}
