using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Mvc;
using Qgjob.Core.Simulation;
using Qgjob.Server.Http;

namespace Qgjob.Server.Trace;

/// <summary>The server's own past as a trace: what would more phones have bought?</summary>
internal static class TraceEndpoints
{
    private const int DefaultDays = 7;
    private const int MostDays = 3650;
    private const int RowsPerPart = 1000;

    public static void MapTrace(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/trace", WriteAsync).WithTags("Trace").WithSummary("Finished jobs that ran, as a trace (CSV) for 'qgjob simulate'")
            .Produces<string>(200, "text/csv").ProducesProblem(400);

    private static async Task WriteAsync(
        [FromQuery(Name = "days")] string? days, [FromQuery(Name = "org_id")] string? orgId, PastJobs past, HttpResponse response, CancellationToken cancel)
    {
        var jobs = await past.ReadAsync(
            (int)(Check.Number("days", days, 1, MostDays) ?? DefaultDays), Check.OptionalId("org_id", orgId), PastJobs.MostRows, cancel);
        response.ContentType = "text/csv; charset=utf-8";
        using var part = new StringWriter(CultureInfo.InvariantCulture);
        TraceCsv.Write(part, []);
        foreach (var rows in jobs.Chunk(RowsPerPart))
        {
            TraceCsv.WriteRows(part, rows);
            await response.WriteAsync(part.ToString(), Encoding.UTF8, cancel);
            part.GetStringBuilder().Clear();
        }
        await response.WriteAsync(part.ToString(), Encoding.UTF8, cancel);
    }
}
