using Qgjob.Cli.Output;
using Qgjob.Client.Http;
using Qgjob.Core.Runs;

namespace Qgjob.Cli.Reports;

/// <summary>Saves reports of a run that is over. A file or a folder is there whole, or as it was before.</summary>
internal static class ReportSaver
{
    // Making one takes an agent seconds; the first time it may have to install the project's packages.
    private static readonly TimeSpan LongestMaking = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan LongestWaiting = TimeSpan.FromMinutes(2);
    private const int PollSeconds = 20;

    /// <summary>Saves all that can be saved.</summary>
    /// <returns>What could not be, for people.</returns>
    public static async Task<IReadOnlyList<string>> SaveAsync(Call call, string runId, IReadOnlyList<ReportTarget> targets, CancellationToken cancel)
    {
        var failures = new List<string>();
        // The HTML report may take a while, or have to be given up: the others come first.
        foreach (var target in targets.OrderBy(t => t.Form == ReportTarget.Html))
            try
            {
                if (target.Form == ReportTarget.Html) await SaveHtmlAsync(call, runId, target.Path, cancel).ConfigureAwait(false);
                else await SaveFileAsync(call, runId, target.Form == "junit" ? "junit.xml" : target.Form, target.Path, cancel).ConfigureAwait(false);
                call.Err.WriteLine($"wrote {target.Path}");
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ApiException or ServerUnreachableException or HttpRequestException or InvalidDataException or CliException)
            {
                failures.Add($"The {target.Form} report could not be saved: {e.Message}");
            }
        return failures;
    }

    /// <summary>Waits until the server has the HTML report.</summary>
    /// <exception cref="CliException">It cannot be made, or takes too long.</exception>
    public static async Task MakeHtmlAsync(Call call, string runId, CancellationToken cancel)
    {
        var start = call.World.Time.GetTimestamp();
        var told = "";
        while (true)
        {
            var state = await call.Client.FindReportAsync(runId, PollSeconds, cancel).ConfigureAwait(false) ?? throw Commands.Ids.UnknownRun(runId);
            if (state.State == "made") return;
            if (state.State == "failed") throw new CliException(ExitCode.Infrastructure, $"{state.Reason}");
            var passed = call.World.Time.GetElapsedTime(start);
            if (passed > (state.State == "waiting" ? LongestWaiting : LongestMaking))
                throw new CliException(ExitCode.Infrastructure, $"It is not made after {Durations.Show(passed)}. {state.Reason}", $"Try again later: qgjob report {runId}");
            if (state.Reason is { } reason && reason != told) call.Err.WriteLine(told = reason);
        }
    }

    private static async Task SaveHtmlAsync(Call call, string runId, string folder, CancellationToken cancel)
    {
        await MakeHtmlAsync(call, runId, cancel).ConfigureAwait(false);
        Directory.CreateDirectory(Path.GetDirectoryName(folder)!);
        var draft = $"{folder}.{Path.GetRandomFileName()}";
        Directory.CreateDirectory(draft);
        try
        {
            var zip = Path.Combine(draft, "report.zip");
            await DownloadAsync(call, runId, "zip", zip, cancel).ConfigureAwait(false);
            var files = Path.Combine(draft, "files");
            SafeUnzip.Unpack(zip, files);
            Replace(folder, files);
        }
        finally
        {
            Directory.Delete(draft, recursive: true);
        }
    }

    private static void Replace(string folder, string files)
    {
        if (Directory.Exists(folder))
        {
            // Only what an HTML report of Playwright has; what people have put beside it stays.
            File.Delete(Path.Combine(folder, "index.html"));
            foreach (var old in (string[])["data", "trace"])
                if (Directory.Exists(Path.Combine(folder, old))) Directory.Delete(Path.Combine(folder, old), recursive: true);
            foreach (var entry in Directory.EnumerateDirectories(files)) Directory.Move(entry, Path.Combine(folder, Path.GetFileName(entry)));
            foreach (var entry in Directory.EnumerateFiles(files)) File.Move(entry, Path.Combine(folder, Path.GetFileName(entry)), overwrite: true);
        }
        else
        {
            Directory.Move(files, folder);
        }
    }

    private static async Task SaveFileAsync(Call call, string runId, string form, string file, CancellationToken cancel)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        // Pipes and terminals take what is written into them; nothing can take their place.
        if (file.StartsWith("/dev/", StringComparison.Ordinal))
        {
            await DownloadAsync(call, runId, form, file, cancel).ConfigureAwait(false);
            return;
        }
        var draft = $"{file}.{Path.GetRandomFileName()}";
        try
        {
            await DownloadAsync(call, runId, form, draft, cancel).ConfigureAwait(false);
            File.Move(draft, file, overwrite: true);
        }
        finally
        {
            File.Delete(draft);
        }
    }

    private static async Task DownloadAsync(Call call, string runId, string form, string file, CancellationToken cancel)
    {
        using var response = await call.Client.OpenReportAsync(runId, form, cancel).ConfigureAwait(false);
        var output = File.Create(file);
        await using (output.ConfigureAwait(false)) await response.Content.CopyToAsync(output, cancel).ConfigureAwait(false);
    }
}
