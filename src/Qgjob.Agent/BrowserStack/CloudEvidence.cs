using System.Globalization;
using System.Text;
using System.Text.Json;
using Qgjob.Agent.AppWright;
using Qgjob.Agent.Evidence;
using Qgjob.Client.Wire;
using Qgjob.Core.Devices;
using Qgjob.Core.Jobs;

namespace Qgjob.Agent.BrowserStack;

/// <summary>
/// What BrowserStack has of an attempt's sessions, fetched when the slot is free again: videos and logs under the names that
/// those of a phone have, and its own pages' addresses. Marks the sessions there, too. Never changes how the attempt ends.
/// </summary>
internal sealed class CloudEvidence(BrowserStackClient client, AppWrightRun run, TimeProvider time)
{
    public const string Links = "browserstack.json";
    private const string AppiumLog = "appium.log";
    /// <summary>BrowserStack makes its videos after the session; most are there within half a minute.</summary>
    public static readonly TimeSpan WaitLimit = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(5);
    private const int MostReason = 200;
    private readonly List<LeftOutFile> missing = [];
    private CloudSessions? sessions;
    private DeviceModel? device;
    private (AttemptOutcome Outcome, string? Reason, bool Flaky) end;

    /// <summary>How long sessions were open, by this agent's clock; null when there was none.</summary>
    public double? SessionSeconds => sessions is { All.Count: > 0 } some ? Math.Round(some.All.Sum(s => (s.Length ?? TimeSpan.Zero).TotalSeconds), 1) : null;

    public void Follow(CloudSessions sessions, DeviceModel device) => (this.sessions, this.device) = (sessions, device);

    public void Judge(AttemptOutcome outcome, string? reason, bool flaky) => end = (outcome, reason, flaky);

    /// <summary>Never throws but for being cancelled.</summary>
    /// <returns>What could not be had.</returns>
    public async Task<IReadOnlyList<LeftOutFile>> CollectAsync(CancellationToken cancel)
    {
        if (sessions is null || sessions.All.Count == 0) return [];
        var notes = new List<CloudSessionNote>();
        foreach (var session in sessions.All)
        {
            var mark = Mark(session);
            await MarkAsync(session, mark, cancel).ConfigureAwait(false);
            notes.Add(new CloudSessionNote(session.Id, device!.Model, device.OsVersion, null, Math.Round((session.Length ?? TimeSpan.Zero).TotalSeconds, 1), mark.Status));
        }

        await WriteAsync(notes, cancel).ConfigureAwait(false);
        // One limit for all: they were made one after the other, so the first ones are there long since.
        using var clock = new CancellationTokenSource(WaitLimit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(clock.Token, cancel);
        for (var i = 0; i < sessions.All.Count; i++)
        {
            var page = await FetchAsync(sessions.All[i], i + 1, either.Token, cancel).ConfigureAwait(false);
            notes[i] = notes[i] with { Page = page };
        }

        await WriteAsync(notes, cancel).ConfigureAwait(false);
        return missing;
    }

    private SessionMark Mark(CloudSession session) => session.Failure is { } failure
        ? new SessionMark("failed", Short(failure))
        : end.Outcome is AttemptOutcome.Passed or AttemptOutcome.Skipped or AttemptOutcome.Failed ? new SessionMark("passed", null)
        : new SessionMark("failed", Short(end.Reason ?? end.Outcome.ToString()));

    private bool WantsVideo => run.Video == VideoPolicy.Always
        || (run.Video == VideoPolicy.Failure && (end.Flaky || end.Outcome is not (AttemptOutcome.Passed or AttemptOutcome.Skipped)));

    private async Task MarkAsync(CloudSession session, SessionMark mark, CancellationToken cancel)
    {
        try
        {
            await client.MarkAsync(session.Id, mark, cancel).ConfigureAwait(false);
        }
        catch (HttpRequestException)
        {
            // Only BrowserStack's own page shows it.
        }
    }

    /// <returns>The session's page.</returns>
    private async Task<string?> FetchAsync(CloudSession session, int number, CancellationToken until, CancellationToken cancel)
    {
        var video = WantsVideo ? ScreenVideo.NameOf(number) : null;
        var wanted = new List<(string Name, Func<CloudSessionDetails, string?> Url)> { (DeviceLog.Name, d => d.DeviceLogsUrl), (AppiumLog, d => d.AppiumLogsUrl) };
        if (video is not null) wanted.Add((video, d => d.VideoUrl));
        string? page = null;
        try
        {
            while (true)
            {
                try
                {
                    if (await client.SessionAsync(session.Id, until).ConfigureAwait(false) is { } details)
                    {
                        page = details.BrowserUrl;
                        foreach (var item in wanted.ToList())
                            if (item.Url(details) is { Length: > 0 } url && await TakeAsync(url, item.Name, isText: item.Name != video, until).ConfigureAwait(false)) wanted.Remove(item);
                    }
                }
                catch (BrowserStackRefusedException e)
                {
                    return Missing(e.Message);
                }
                catch (HttpRequestException)
                {
                    // Again, as long as there is time.
                }

                if (wanted.Count == 0) return page;
                await Task.Delay(Again, time, until).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return Missing(string.Create(CultureInfo.InvariantCulture, $"BrowserStack did not have it within {WaitLimit.TotalMinutes:0} min after the tests"));
        }

        string? Missing(string why)
        {
            foreach (var (name, _) in wanted) missing.Add(new LeftOutFile(name, 0, $"Not kept: {why} (session {session.Id})."));
            return page;
        }
    }

    /// <summary>Texts of several sessions come after one another; the key never gets into them.</summary>
    private async Task<bool> TakeAsync(string address, string name, bool isText, CancellationToken cancel)
    {
        if (!Uri.TryCreate(address, UriKind.Absolute, out var url) || url.Scheme is not ("https" or "http")) return false;
        var draft = Path.Combine(run.OutFolder, $"{name}.part");
        try
        {
            var file = new FileStream(draft, FileMode.Create);
            await using (file.ConfigureAwait(false))
            {
                if (!await client.DownloadAsync(url, file, cancel).ConfigureAwait(false) || file.Length == 0) return false;
            }

            var target = Path.Combine(run.OutFolder, name);
            if (!isText)
            {
                File.Move(draft, target, overwrite: true);
                return true;
            }

            var text = client.Account.Redact(await File.ReadAllTextAsync(draft, cancel).ConfigureAwait(false));
            await File.AppendAllTextAsync(target, text.EndsWith('\n') ? text : text + "\n", cancel).ConfigureAwait(false);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
        finally
        {
            File.Delete(draft);
        }
    }

    private async Task WriteAsync(List<CloudSessionNote> notes, CancellationToken cancel)
    {
        try
        {
            var json = JsonSerializer.Serialize(notes, BrowserStackJson.Default.ListCloudSessionNote);
            await File.WriteAllTextAsync(Path.Combine(run.OutFolder, Links), json + "\n", Encoding.UTF8, cancel).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A full disk; the attempt's other files say so.
        }
    }

    private static string Short(string text)
    {
        var line = ReporterEvents.Plain(text).ReplaceLineEndings(" ");
        return line.Length > MostReason ? line[..MostReason] + "…" : line;
    }
}
