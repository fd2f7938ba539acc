using System.IO.Compression;
using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Xunit;

namespace Qgjob.EndToEnd.Tests;

/// <summary>Reads Playwright's HTML report: the data that its page shows, and the page as a browser shows it.</summary>
internal static partial class HtmlReportFiles
{
    /// <summary>Playwright's page hides skipped tests until it is asked for them.</summary>
    private const string Everything = "#?q=s:passed%20s:failed%20s:flaky%20s:skipped";

    /// <summary>File, title and outcome of each test.</summary>
    public static IReadOnlyList<(string File, string Title, string Outcome)> Tests(string folder)
    {
        var data = Data().Match(File.ReadAllText(Path.Combine(folder, "index.html"))).Groups[1].Value;
        using var zip = new ZipArchive(new MemoryStream(Convert.FromBase64String(data)));
        using var report = JsonDocument.Parse(zip.GetEntry("report.json")!.Open());
        return [.. report.RootElement.GetProperty("files").EnumerateArray().SelectMany(f => f.GetProperty("tests").EnumerateArray()).Select(t => (
            t.GetProperty("location").GetProperty("file").GetString()!,
            string.Join(" › ", t.GetProperty("path").EnumerateArray().Select(p => p.GetString()).Append(t.GetProperty("title").GetString())),
            t.GetProperty("outcome").GetString()!))];
    }

    /// <summary>Titles as a headless Chromium shows them after its scripts have run.</summary>
    public static async Task<IReadOnlyList<string>> ShownAsync(string url)
    {
        var profile = Directory.CreateTempSubdirectory("qgjob-chromium-").FullName;
        try
        {
            var page = await Program.RunAsync("chromium", Checkout.Root, new Dictionary<string, string>(), TimeSpan.FromMinutes(2),
                "--headless", "--no-sandbox", "--disable-gpu", $"--user-data-dir={profile}", "--virtual-time-budget=10000", "--dump-dom", url + Everything);
            Assert.True(page.ExitCode == 0, page.Error);
            return [.. Title().Matches(page.Out).Select(m => WebUtility.HtmlDecode(m.Groups[1].Value))];
        }
        finally
        {
            Directory.Delete(profile, recursive: true);
        }
    }

    [GeneratedRegex("playwrightReportBase64 = \"data:application/zip;base64,([^\"]+)\"")]
    private static partial Regex Data();

    [GeneratedRegex("test-file-title\">([^<]*)<")]
    private static partial Regex Title();
}
