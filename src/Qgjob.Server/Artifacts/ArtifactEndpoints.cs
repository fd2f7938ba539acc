using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Net.Http.Headers;
using Qgjob.Client.Wire;
using Qgjob.Server.Auth;
using Qgjob.Server.Http;
using Qgjob.Server.Jobs;
using Qgjob.Server.Retention;

namespace Qgjob.Server.Artifacts;

/// <summary>Reading artifacts. Their content comes from tests: a browser must not run any of it in the API's name.</summary>
internal static class ArtifactEndpoints
{
    public static void MapArtifacts(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/jobs/{job_id}/artifacts", ListAsync).Permit(Role.Viewer, OrgFrom.Job).WithTags("Jobs").WithSummary("Files that a job's attempts left").ProducesProblem(404).ProducesProblem(410);
        routes.MapGet("/jobs/{job_id}/artifacts/{attempt}/{**name}", DownloadAsync).Permit(Role.Viewer, OrgFrom.Job).WithTags("Jobs").WithSummary("One of these files; ranges are honoured").ProducesProblem(404).ProducesProblem(410);
    }

    private static async Task<Ok<ListOf<ArtifactView>>> ListAsync(
        [FromRoute(Name = "job_id")] string jobId, JobReader jobs, ArtifactFiles artifacts, RemovedFiles removed, CancellationToken cancel)
    {
        var (job, _) = await jobs.FindAsync(jobId, cancel);
        await removed.RefuseAsync(job, cancel);
        return TypedResults.Ok(new ListOf<ArtifactView>(await artifacts.ListAsync(job.Id, cancel)));
    }

    private static async Task<FileStreamHttpResult> DownloadAsync(
        [FromRoute(Name = "job_id")] string jobId, string attempt, string name,
        HttpResponse response, JobReader jobs, ArtifactFiles artifacts, RemovedFiles removed, CancellationToken cancel)
    {
        var (job, _) = await jobs.FindAsync(jobId, cancel);
        await removed.RefuseAsync(job, cancel);
        var number = (int)Check.Number("attempt", attempt, 1, 1000)!.Value;
        var file = await artifacts.OpenAsync(job.Id, number, name, cancel) ?? throw RefusedException.NotFound($"artifact of job {jobId}, attempt {number},", name);
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.ContentSecurityPolicy = "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; media-src 'self'";
        var disposition = new ContentDispositionHeaderValue(IsShownInline(name) ? "inline" : "attachment");
        disposition.SetHttpFileName(Path.GetFileName(name));
        response.Headers.ContentDisposition = disposition.ToString();
        return TypedResults.Stream(file.Content, ArtifactFiles.TypeOf(name), lastModified: file.ModifiedAt, enableRangeProcessing: true);
    }

    private static bool IsShownInline(string name) =>
        Path.GetExtension(name).ToLowerInvariant() is ".png" or ".jpg" or ".jpeg" or ".gif" or ".webp" or ".mp4" or ".webm" or ".txt" or ".log" or ".json" or ".jsonl";
}
