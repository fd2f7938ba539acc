using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Qgjob.Client.Wire;
using Qgjob.Core.Storage;
using Qgjob.Server.Auth;
using Qgjob.Server.Dispatch;
using Qgjob.Server.Http;

namespace Qgjob.Server.Runs;

/// <summary>Runs: submit many tests at once, look at them, cancel them.</summary>
internal static class RunEndpoints
{
    public static void MapRuns(this IEndpointRouteBuilder routes)
    {
        var runs = routes.MapGroup("/runs").WithTags("Runs");
        runs.MapPost("/", SubmitAsync).Permit(Role.Submitter, OrgFrom.Body).WithSummary("Submits many test files against one app version").Accepts<SubmitRun>("application/json")
            .ProducesProblem(400).ProducesProblem(409).ProducesProblem(413).ProducesProblem(415);
        runs.MapPost("/plan", PlanAsync).Permit(Role.Submitter, OrgFrom.Body).WithSummary("The jobs that a submission would become, with what their tests took in the past; submits nothing").Accepts<SubmitRun>("application/json")
            .ProducesProblem(400).ProducesProblem(413).ProducesProblem(415);
        runs.MapGet("/", ListAsync).Permit(Role.Viewer, OrgFrom.Query).WithSummary("Runs, newest first").ProducesProblem(400);
        runs.MapGet("/{run_id}", FindAsync).Permit(Role.Viewer, OrgFrom.Run).WithSummary("A run; with wait (seconds, at most 60) as soon as it is over, or as it is then").ProducesProblem(400).ProducesProblem(404);
        runs.MapPost("/{run_id}/cancel", CancelAsync).Permit(Role.Submitter, OrgFrom.Run).WithSummary("Cancels a run's unfinished jobs").Accepts<DeviceOrder>(true, "application/json").ProducesProblem(404);
        runs.MapPost("/{run_id}/rerun", RerunAsync).Permit(Role.Submitter, OrgFrom.Run).WithSummary("Runs a finished run again on the same bundle and app version, or only what failed").Accepts<RerunOrder>(true, "application/json")
            .ProducesProblem(400).ProducesProblem(404).ProducesProblem(409).ProducesProblem(410);
        runs.MapGet("/{run_id}/results", ResultsAsync).Permit(Role.Viewer, OrgFrom.Run).WithSummary("Per-test results of all jobs; of a rerun, of the whole: what it ran again and what the runs before it left").ProducesProblem(404);
    }

    private static async Task<Created<RunAccepted>> SubmitAsync(
        HttpRequest request, [FromHeader(Name = "Idempotency-Key")] string? idempotencyKey, Caller caller, Submissions submissions, CancellationToken cancel)
    {
        var body = await JsonBody.ReadAsync(request, WireOptions.Strict.SubmitRun, JsonBody.LargeLimit, cancel);
        var accepted = await submissions.SubmitAsync(body, caller, idempotencyKey, cancel);
        return TypedResults.Created($"/api/v1/runs/{accepted.RunId}", accepted);
    }

    private static async Task<Ok<RunPlan>> PlanAsync(HttpRequest request, Caller caller, Submissions submissions, CancellationToken cancel)
    {
        var body = await JsonBody.ReadAsync(request, WireOptions.Strict.SubmitRun, JsonBody.LargeLimit, cancel);
        return TypedResults.Ok(await submissions.PlanAsync(body, caller, cancel));
    }

    private static async Task<Ok<ListOf<RunView>>> ListAsync(
        [FromQuery(Name = "org_id")] string? orgId, [FromQuery(Name = "limit")] string? limit, [FromQuery(Name = "cursor")] string? cursor,
        RunReader runs, CancellationToken cancel) =>
        TypedResults.Ok(await runs.ListAsync(Check.OptionalId("org_id", orgId), Paging.Of(limit, cursor), cancel));

    private static async Task<Ok<RunView>> FindAsync(
        [FromRoute(Name = "run_id")] string runId, [FromQuery(Name = "wait")] string? wait,
        RunReader runs, RunEnds ends, IHostApplicationLifetime life, CancellationToken aborted)
    {
        if (Check.Number("wait", wait, 0, 60) is { } seconds and > 0)
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(aborted, life.ApplicationStopping);
            if (await ends.WaitAsync(runId, TimeSpan.FromSeconds(seconds), stop.Token) is { } over) return TypedResults.Ok(RunReader.View(over));
        }
        return TypedResults.Ok(await runs.ViewAsync(runId, aborted));
    }

    private static async Task<Ok<CancelResult>> CancelAsync(
        [FromRoute(Name = "run_id")] string runId, HttpRequest request, RunReader runs, Dispatcher dispatcher, TimeProvider time, CancellationToken cancel)
    {
        var order = await JsonBody.ReadOptionalAsync(request, WireOptions.Strict.DeviceOrder, cancel);
        var note = Check.OptionalText("note", order?.Note, 1024);
        await runs.FindAsync(runId, cancel);
        var answer = await dispatcher.SendAsync(new Cancel(runId, null, note ?? "Canceled by request.", time.GetUtcNow()), cancel);
        return TypedResults.Ok(new CancelResult(answer.Canceled));
    }

    private static async Task<Created<RunAccepted>> RerunAsync(
        [FromRoute(Name = "run_id")] string runId, [FromHeader(Name = "Idempotency-Key")] string? idempotencyKey, HttpRequest request, RunReader runs, Reruns reruns, CancellationToken cancel)
    {
        var order = await JsonBody.ReadOptionalAsync(request, WireOptions.Strict.RerunOrder, cancel);
        var accepted = await reruns.RerunAsync(await runs.FindAsync(runId, cancel), null, order?.Failed is true, idempotencyKey, cancel);
        return TypedResults.Created($"/api/v1/runs/{accepted.RunId}", accepted);
    }

    private static async Task<Ok<RunResults>> ResultsAsync([FromRoute(Name = "run_id")] string runId, RunReader runs, CancellationToken cancel) =>
        TypedResults.Ok(await runs.ResultsAsync(runId, cancel));
}
