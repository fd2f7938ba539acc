using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Qgjob.Client.Wire;
using Qgjob.Server.Blobs;
using Qgjob.Server.Hosting;
using Qgjob.Server.Http;

namespace Qgjob.Server.Reports;

/// <summary>What agents call about the reports that they make.</summary>
internal static class ReportProtocol
{
    private const int MaxReason = 4000;

    public static void MapReportProtocol(this IEndpointRouteBuilder routes)
    {
        var reports = routes.MapGroup("/agent/v1/reports").WithTags("Agent protocol");
        reports.MapPut("/{task_id}", PutAsync).WithSummary("Delivers a run's HTML report, zipped")
            .Accepts<Stream>("application/octet-stream", "*/*").ProducesProblem(400).ProducesProblem(409).ProducesProblem(413);
        reports.MapPost("/{task_id}/alive", AliveAsync).WithSummary("Says that a report is still being made").ProducesProblem(409);
        reports.MapPost("/{task_id}/failed", FailedAsync).WithSummary("Says that a report could not be made").Accepts<ReportFailed>("application/json").ProducesProblem(400).ProducesProblem(409);
    }

    private static async Task<NoContent> PutAsync(
        [FromRoute(Name = "task_id")] string taskId, HttpRequest request, HtmlReports reports, Uploads uploads, ServerSettings settings, CancellationToken cancel)
    {
        await reports.TakeAsync(taskId, () => uploads.ReceiveAsync(request, settings.MaxArtifactBytes, "max-artifact", cancel), cancel);
        return TypedResults.NoContent();
    }

    private static async Task<NoContent> AliveAsync([FromRoute(Name = "task_id")] string taskId, ReportTasks tasks, CancellationToken cancel)
    {
        await tasks.AliveAsync(taskId, cancel);
        return TypedResults.NoContent();
    }

    private static async Task<NoContent> FailedAsync([FromRoute(Name = "task_id")] string taskId, HttpRequest request, ReportTasks tasks, CancellationToken cancel)
    {
        var body = await JsonBody.ReadAsync(request, WireOptions.Lenient.ReportFailed, JsonBody.LargeLimit, cancel);
        var reason = body.Reason ?? "no reason was given";
        await tasks.FailedAsync(taskId, reason.Length > MaxReason ? reason[..MaxReason] + "…" : reason, cancel);
        return TypedResults.NoContent();
    }
}
