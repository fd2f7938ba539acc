using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Qgjob.Client.Wire;
using Qgjob.Server.Auth;

namespace Qgjob.Server.Runs;

/// <summary>A run's results in forms that other tools read.</summary>
internal static class ReportEndpoints
{
    public static void MapReports(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/runs/{run_id}/report.json", JsonAsync).Permit(Role.Viewer, OrgFrom.Run).WithTags("Runs").WithSummary("The run's results as JSON").ProducesProblem(404);
        routes.MapGet("/runs/{run_id}/report.junit.xml", JUnitAsync).Permit(Role.Viewer, OrgFrom.Run).WithTags("Runs").WithSummary("The run's results as JUnit XML")
            .Produces<string>(200, "application/xml").ProducesProblem(404);
    }

    private static async Task<Ok<RunResults>> JsonAsync([FromRoute(Name = "run_id")] string runId, RunReader runs, CancellationToken cancel) =>
        TypedResults.Ok(await runs.ResultsAsync(runId, cancel));

    private static async Task<ContentHttpResult> JUnitAsync([FromRoute(Name = "run_id")] string runId, RunReader runs, CancellationToken cancel) =>
        TypedResults.Content(JUnitReport.Write(await runs.ResultsAsync(runId, cancel)), "application/xml", Encoding.UTF8);
}
