using System.Globalization;
using Microsoft.AspNetCore.Mvc;
using Qgjob.Core.Storage;
using Qgjob.Server.Auth;
using Qgjob.Server.Events;
using Qgjob.Server.Http;
using Qgjob.Server.Jobs;
using Qgjob.Server.Retention;

namespace Qgjob.Server.Logs;

/// <summary>An attempt's log: what there is, or live until the attempt ends.</summary>
internal static class LogEndpoints
{
    public const string AttemptHeader = "Qgjob-Attempt";
    // Another server may write the file; only that it grows shows then.
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(200);
    // Whether the attempt has ended is asked of the store: less often than the file.
    private static readonly TimeSpan AskEvery = TimeSpan.FromSeconds(1);

    public static void MapLogs(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/jobs/{job_id}/log", ReadAsync).Permit(Role.Viewer, OrgFrom.Job).WithTags("Jobs")
            .WithSummary("The log of the latest attempt (or of one), as UTF-8 text; with follow until the attempt ends")
            .Produces<string>(200, "text/plain").ProducesProblem(400).ProducesProblem(404).ProducesProblem(410);

    private static async Task ReadAsync(
        [FromRoute(Name = "job_id")] string jobId,
        [FromQuery(Name = "attempt")] string? attempt, [FromQuery(Name = "follow")] string? follow, [FromQuery(Name = "offset")] string? offset,
        HttpResponse response, JobReader jobs, IJobStore store, LogFiles logs, RemovedFiles removed, Pulses pulses, TimeProvider time, IHostApplicationLifetime life, CancellationToken aborted)
    {
        var asked = (int?)Check.Number("attempt", attempt, 1, 1000);
        var live = Check.Flag("follow", follow);
        var position = Check.Number("offset", offset, 0, long.MaxValue) ?? 0;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(aborted, life.ApplicationStopping);
        var (job, _) = await jobs.FindAsync(jobId, aborted);

        // Whoever follows a job that waits gets its answer when it has started.
        using (var happens = pulses.Listen(job.RunId))
            while (live)
            {
                // Looked at again even the first time: it may have started before anyone listened.
                (job, _) = await jobs.FindAsync(jobId, stop.Token);
                if (job.IsFinal || job.Attempt >= (asked ?? 1)) break;
                await happens.WaitAsync(AskEvery, stop.Token);
            }
        var number = asked ?? job.Attempt;
        if (number > job.Attempt) throw RefusedException.NotFound($"attempt of job {jobId}", number.ToString(CultureInfo.InvariantCulture));

        await removed.RefuseAsync(job, stop.Token);
        response.ContentType = "text/plain; charset=utf-8";
        response.Headers[AttemptHeader] = number.ToString(CultureInfo.InvariantCulture);
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.CacheControl = "no-store";
        if (live) await response.Body.FlushAsync(stop.Token);
        using var growsOrEnds = pulses.Listen(LogFiles.PulseOf(jobId, number), job.RunId);
        var rung = true;
        var askedAt = time.GetTimestamp();
        while (true)
        {
            // First whether it has ended, then the bytes: what came before the end is not missed.
            var ended = !live || number == 0;
            if (!ended && (rung || time.GetElapsedTime(askedAt) >= AskEvery))
            {
                askedAt = time.GetTimestamp();
                ended = await HasEndedAsync(store, jobId, number, stop.Token);
            }
            var before = position;
            position = await logs.CopyAsync(jobId, number, position, response.Body, stop.Token);
            if (position > before) await response.Body.FlushAsync(stop.Token);
            if (ended) return;
            rung = await growsOrEnds.WaitAsync(Look, stop.Token);
        }
    }

    private static async Task<bool> HasEndedAsync(IJobStore store, string jobId, int number, CancellationToken cancel) =>
        (await store.AttemptsAsync(jobId, cancel)).FirstOrDefault(a => a.Number == number) is not { EndedAt: null };
}
