using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Qgjob.Client.Wire;
using Qgjob.Core.Jobs;
using Qgjob.Core.Storage;
using Qgjob.Server.Auth;
using Qgjob.Server.Dispatch;
using Qgjob.Server.Http;
using Qgjob.Server.Runs;

namespace Qgjob.Server.Jobs;

/// <summary>Jobs: submit one, look at it, cancel it.</summary>
internal static class JobEndpoints
{
    public static void MapJobs(this IEndpointRouteBuilder routes)
    {
        var jobs = routes.MapGroup("/jobs").WithTags("Jobs");
        jobs.MapPost("/", SubmitAsync).Permit(Role.Submitter, OrgFrom.Body).WithSummary("Submits one test file").Accepts<SubmitJob>("application/json")
            .ProducesProblem(400).ProducesProblem(409).ProducesProblem(413).ProducesProblem(415);
        jobs.MapGet("/", ListAsync).Permit(Role.Viewer, OrgFrom.Query).WithSummary("Jobs, newest first; a run's jobs in the order of submission").ProducesProblem(400);
        jobs.MapGet("/{job_id}", FindAsync).Permit(Role.Viewer, OrgFrom.Job).WithSummary("A job with its attempts").ProducesProblem(404);
        jobs.MapPost("/{job_id}/cancel", CancelAsync).Permit(Role.Submitter, OrgFrom.Job).WithSummary("Cancels a job").Accepts<DeviceOrder>(true, "application/json").ProducesProblem(404);
        jobs.MapPost("/{job_id}/rerun", RerunAsync).Permit(Role.Submitter, OrgFrom.Job).WithSummary("Runs a finished job again, or only its failed tests, as a run of its own").Accepts<RerunOrder>(true, "application/json")
            .ProducesProblem(400).ProducesProblem(404).ProducesProblem(409).ProducesProblem(410);
        jobs.MapGet("/{job_id}/results", ResultsAsync).Permit(Role.Viewer, OrgFrom.Job).WithSummary("Per-test results over all attempts: for each test the last attempt that ran it decides").ProducesProblem(404);
    }

    private static async Task<Created<JobView>> SubmitAsync(
        HttpRequest request, [FromHeader(Name = "Idempotency-Key")] string? idempotencyKey, Caller caller, Submissions submissions, JobReader jobs, CancellationToken cancel)
    {
        var body = await JsonBody.ReadAsync(request, WireOptions.Strict.SubmitJob, JsonBody.SmallLimit, cancel);
        var accepted = await submissions.SubmitAsync(body, caller, idempotencyKey, cancel);
        return TypedResults.Created($"/api/v1/jobs/{accepted.JobIds[0]}", (await jobs.ViewSubmittedAsync(accepted.JobIds[0], cancel)) with { Notes = accepted.Notes });
    }

    private static async Task<Ok<ListOf<JobView>>> ListAsync(
        [FromQuery(Name = "org_id")] string? orgId, [FromQuery(Name = "run_id")] string? runId,
        [FromQuery(Name = "app_version_id")] string? appVersionId, [FromQuery(Name = "status")] string? status,
        [FromQuery(Name = "limit")] string? limit, [FromQuery(Name = "cursor")] string? cursor, JobReader jobs, CancellationToken cancel)
    {
        var filter = new JobFilter(
            Check.OptionalId("org_id", orgId), Check.OptionalId("run_id", runId),
            Check.OptionalId("app_version_id", appVersionId), Check.Word<JobStatus>("status", status));
        return TypedResults.Ok(await jobs.ListAsync(filter, Paging.Of(limit, cursor), cancel));
    }

    private static async Task<Ok<JobView>> FindAsync([FromRoute(Name = "job_id")] string jobId, JobReader jobs, CancellationToken cancel) =>
        TypedResults.Ok(await jobs.ViewAsync(jobId, cancel));

    private static async Task<Ok<CancelResult>> CancelAsync(
        [FromRoute(Name = "job_id")] string jobId, HttpRequest request, JobReader jobs, Dispatcher dispatcher, TimeProvider time, CancellationToken cancel)
    {
        var order = await JsonBody.ReadOptionalAsync(request, WireOptions.Strict.DeviceOrder, cancel);
        var note = Check.OptionalText("note", order?.Note, 1024);
        var (job, _) = await jobs.FindAsync(jobId, cancel);
        var answer = await dispatcher.SendAsync(new Cancel(job.RunId, jobId, note ?? "Canceled by request.", time.GetUtcNow()), cancel);
        return TypedResults.Ok(new CancelResult(answer.Canceled));
    }

    private static async Task<Created<RunAccepted>> RerunAsync(
        [FromRoute(Name = "job_id")] string jobId, [FromHeader(Name = "Idempotency-Key")] string? idempotencyKey,
        HttpRequest request, JobReader jobs, RunReader runs, Reruns reruns, CancellationToken cancel)
    {
        var order = await JsonBody.ReadOptionalAsync(request, WireOptions.Strict.RerunOrder, cancel);
        var (job, _) = await jobs.FindAsync(jobId, cancel);
        var accepted = await reruns.RerunAsync(await runs.FindAsync(job.RunId, cancel), jobId, order?.Failed is true, idempotencyKey, cancel);
        return TypedResults.Created($"/api/v1/runs/{accepted.RunId}", accepted);
    }

    private static async Task<Ok<JobResults>> ResultsAsync([FromRoute(Name = "job_id")] string jobId, JobReader jobs, RunReader runs, CancellationToken cancel) =>
        TypedResults.Ok(await runs.ResultsOfAsync(await jobs.FindAsync(jobId, cancel), cancel));
}
