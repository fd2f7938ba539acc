using System.IO.Compression;
using Qgjob.Client.Wire;
using Qgjob.Core.Jobs;
using Qgjob.Core.Runs;
using Qgjob.Core.Storage;
using Qgjob.Server.Blobs;
using Qgjob.Server.Events;
using Qgjob.Server.Http;
using Qgjob.Server.Retention;
using Qgjob.Server.Runs;

namespace Qgjob.Server.Reports;

/// <summary>HTML reports of whole runs: made by an agent when somebody asks for one, then kept.</summary>
internal sealed class HtmlReports(
    IJobStore store, RunReader runs, ReportShelf shelf, ReportTasks tasks, RemovedFiles removed, Pulses pulses, TimeProvider time)
{
    private const int MostEntries = 200_000;
    // What other replicas do is only seen by looking.
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan AskAgainAfter = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan TryAgainAfter = TimeSpan.FromMinutes(1);

    /// <summary>Has the report made unless it is there, and waits a while for it.</summary>
    /// <exception cref="RefusedException">There is no such run, it is not over, or retention has removed its files.</exception>
    public async Task<ReportState> AskAsync(string runId, TimeSpan wait, CancellationToken cancel)
    {
        var (run, first) = await FindAsync(runId, cancel);
        if (!run.IsFinished) throw RefusedException.Conflict($"Run {runId} is not over yet; its HTML report is made then.");
        await removed.RefuseAsync(first, cancel);
        var end = time.GetUtcNow() + wait;
        using var news = pulses.Listen(ReportTasks.Key(runId));
        while (true)
        {
            var state = await StateAsync(runId, first, cancel);
            if (state.State is "made" or "failed" || time.GetUtcNow() >= end) return state;
            await news.WaitAsync(Look, cancel);
        }
    }

    /// <summary>The report's files; null when it is not made. The caller disposes it.</summary>
    public async Task<Stream?> OpenAsync(string runId, CancellationToken cancel)
    {
        var (_, first) = await FindAsync(runId, cancel);
        await removed.RefuseAsync(first, cancel);
        return await shelf.OpenAsync(first.Id, cancel);
    }

    /// <summary>Takes a report from the agent that made it.</summary>
    /// <exception cref="RefusedException">It is no report, or not wanted from there any more.</exception>
    public async Task TakeAsync(string taskId, Func<Task<ReceivedFile>> receive, CancellationToken cancel)
    {
        var wish = await tasks.FindAsync(taskId, cancel);
        var (_, first) = await FindAsync(wish.RunId, cancel);
        await using var file = await receive();
        Check(file);
        await shelf.KeepAsync(first.Id, file, cancel);
        await tasks.DoneAsync(wish.RunId, cancel);
    }

    private async Task<ReportState> StateAsync(string runId, Job first, CancellationToken cancel)
    {
        await using (var made = await shelf.OpenAsync(first.Id, cancel))
            if (made is not null) return new ReportState(runId, "made", SizeBytes: made.Length);
        var now = time.GetUtcNow();
        var wish = await shelf.FindWishAsync(runId, cancel);
        if (wish is null || wish.GivenUpAt < now - TryAgainAfter || (wish.GivenUpAt is null && wish.AskedAt < now - AskAgainAfter))
            await tasks.WishAsync(wish = wish is null or { GivenUpAt: not null } ? new ReportWish(runId, now) : wish with { AskedAt = now }, cancel);
        if (wish.GivenUpAt is not null) return new ReportState(runId, "failed", wish.LastFailure);
        return wish.IsBeingMade(now)
            ? new ReportState(runId, "making", $"Agent {wish.AgentName} is making the HTML report of {runId}.")
            : new ReportState(runId, "waiting", await tasks.WhyWaitingAsync(wish, cancel));
    }

    private async Task<(Run Run, Job First)> FindAsync(string runId, CancellationToken cancel)
    {
        var run = await runs.FindAsync(runId, cancel);
        var jobs = await store.ListJobsAsync(new JobFilter(RunId: runId), new PageRequest(1), cancel);
        return jobs.Items is [var first] ? (run, first.Job) : throw RefusedException.NotFound("run", runId);
    }

    private static void Check(ReceivedFile file)
    {
        try
        {
            using var zip = new ZipArchive(file.Content, ZipArchiveMode.Read, leaveOpen: true);
            if (zip.Entries.Count <= MostEntries && zip.GetEntry("index.html") is not null) return;
        }
        catch (InvalidDataException)
        {
            // Said below.
        }
        throw RefusedException.Invalid("body", "must be an HTML report, zipped, with its index.html");
    }
}
