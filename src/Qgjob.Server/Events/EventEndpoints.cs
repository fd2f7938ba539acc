using Microsoft.AspNetCore.Mvc;
using Qgjob.Server.Auth;
using Qgjob.Server.Http;
using Qgjob.Server.Jobs;
using Qgjob.Server.Runs;

namespace Qgjob.Server.Events;

/// <summary>Live events of runs and jobs.</summary>
internal static class EventEndpoints
{
    public static void MapEvents(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/runs/{run_id}/events", RunAsync).Permit(Role.Viewer, OrgFrom.Run).WithTags("Runs")
            .WithSummary("Server-sent events of a run, until it is finished").Produces<string>(200, "text/event-stream").ProducesProblem(404);
        routes.MapGet("/jobs/{job_id}/events", JobAsync).Permit(Role.Viewer, OrgFrom.Job).WithTags("Jobs")
            .WithSummary("Server-sent events of a job, until it is finished").Produces<string>(200, "text/event-stream").ProducesProblem(404);
    }

    private static async Task RunAsync(
        [FromRoute(Name = "run_id")] string runId, [FromQuery(Name = "after")] string? after, [FromHeader(Name = "Last-Event-ID")] string? last,
        HttpResponse response, RunReader runs, EventFeed feed, IHostApplicationLifetime life, CancellationToken aborted)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(aborted, life.ApplicationStopping);
        var from = From(after, last);
        var run = await runs.FindAsync(runId, aborted);
        await feed.SendAsync(run.Id, null, from, response, stop.Token);
    }

    private static async Task JobAsync(
        [FromRoute(Name = "job_id")] string jobId, [FromQuery(Name = "after")] string? after, [FromHeader(Name = "Last-Event-ID")] string? last,
        HttpResponse response, JobReader jobs, EventFeed feed, IHostApplicationLifetime life, CancellationToken aborted)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(aborted, life.ApplicationStopping);
        var from = From(after, last);
        var (job, _) = await jobs.FindAsync(jobId, aborted);
        await feed.SendAsync(job.RunId, job.Id, from, response, stop.Token);
    }

    /// <summary>A browser that connects again repeats its URL and adds the header, so the header knows more.</summary>
    private static long From(string? after, string? last) =>
        Check.Number("Last-Event-ID", string.IsNullOrEmpty(last) ? null : last, 0, long.MaxValue) ?? Check.Number("after", after, 0, long.MaxValue) ?? 0;
}
