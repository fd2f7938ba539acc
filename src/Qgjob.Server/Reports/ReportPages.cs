using System.IO.Compression;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Qgjob.Client.Wire;
using Qgjob.Server.Artifacts;
using Qgjob.Server.Auth;
using Qgjob.Server.Http;

namespace Qgjob.Server.Reports;

/// <summary>
/// HTML reports for people. They are pages with scripts, and what is in them comes from tests: in a browser they are a site
/// of their own without a name, which can neither call the API nor read any other page.
/// </summary>
internal static class ReportPages
{
    private const string Policy =
        "sandbox allow-scripts allow-popups allow-modals allow-downloads; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
        + "img-src 'self' data: blob:; media-src 'self' data: blob:; font-src data:; connect-src 'none'; form-action 'none'; base-uri 'none'";

    public static void MapReportPages(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/runs/{run_id}/report", StateAsync).Permit(Role.Viewer, OrgFrom.Run).WithTags("Runs").ProducesProblem(400).ProducesProblem(404).ProducesProblem(409).ProducesProblem(410)
            .WithSummary("Where the run's HTML report stands; has it made. With wait (seconds, at most 60) as soon as it is made, or as it is then");
        routes.MapGet("/runs/{run_id}/report.html", OpenAsync).Permit(Role.Viewer, OrgFrom.Run).WithTags("Runs").ProducesProblem(404).ProducesProblem(409).ProducesProblem(410).ProducesProblem(503)
            .Produces(302).WithSummary("The run's HTML report, for browsers: leads to its first page, having it made before");
        routes.MapGet("/runs/{run_id}/report.zip", ZipAsync).Permit(Role.Viewer, OrgFrom.Run).WithTags("Runs").ProducesProblem(404).ProducesProblem(409).ProducesProblem(410)
            .Produces<Stream>(200, "application/zip").WithSummary("The files of the run's HTML report, once it is made");
        routes.MapGet("/runs/{run_id}/report/{**file}", FileAsync).Permit(Role.Viewer, OrgFrom.Run).WithTags("Runs").ProducesProblem(404).ProducesProblem(410)
            .Produces<Stream>(200, "text/html").WithSummary("A file of the run's HTML report");
    }

    private static async Task<Ok<ReportState>> StateAsync(
        [FromRoute(Name = "run_id")] string runId, [FromQuery(Name = "wait")] string? wait,
        HtmlReports reports, IHostApplicationLifetime life, CancellationToken aborted)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(aborted, life.ApplicationStopping);
        return TypedResults.Ok(await reports.AskAsync(runId, TimeSpan.FromSeconds(Check.Number("wait", wait, 0, 60) ?? 0), stop.Token));
    }

    private static async Task<RedirectHttpResult> OpenAsync(
        [FromRoute(Name = "run_id")] string runId, [FromQuery(Name = "wait")] string? wait,
        HttpResponse response, HtmlReports reports, IHostApplicationLifetime life, CancellationToken aborted)
    {
        const int Usual = 30;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(aborted, life.ApplicationStopping);
        var state = await reports.AskAsync(runId, TimeSpan.FromSeconds(Check.Number("wait", wait, 0, 60) ?? Usual), stop.Token);
        if (state.State == "made") return TypedResults.Redirect($"/api/v1/runs/{Uri.EscapeDataString(runId)}/report/index.html");
        if (state.State != "failed") response.Headers.RetryAfter = "5";
        throw new RefusedException(503, state.State == "failed" ? "No report" : "Not made yet", state.Reason!);
    }

    private static async Task<FileStreamHttpResult> ZipAsync(
        [FromRoute(Name = "run_id")] string runId, HtmlReports reports, CancellationToken cancel) =>
        TypedResults.Stream(await OpenMadeAsync(runId, reports, cancel), "application/zip", $"{runId}.zip", enableRangeProcessing: true);

    private static async Task<FileStreamHttpResult> FileAsync(
        [FromRoute(Name = "run_id")] string runId, string? file, HttpResponse response, HtmlReports reports, CancellationToken cancel)
    {
        if (string.IsNullOrEmpty(file)) file = "index.html";
        var stream = await OpenMadeAsync(runId, reports, cancel);
        var zip = new ZipArchive(stream, ZipArchiveMode.Read);
        response.RegisterForDispose(zip);
        var entry = zip.GetEntry(file) ?? throw RefusedException.NotFound($"file in the HTML report of {runId}", file);
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.ContentSecurityPolicy = Policy;
        response.Headers["Referrer-Policy"] = "no-referrer";
        response.Headers["X-Robots-Tag"] = "noindex";
        return TypedResults.Stream(entry.Open(), ArtifactFiles.TypeOf(file));
    }

    private static async Task<Stream> OpenMadeAsync(string runId, HtmlReports reports, CancellationToken cancel) =>
        await reports.OpenAsync(runId, cancel)
        ?? throw RefusedException.Conflict($"The HTML report of {runId} is not made yet; GET /api/v1/runs/{runId}/report has it made and says where it stands.");
}
