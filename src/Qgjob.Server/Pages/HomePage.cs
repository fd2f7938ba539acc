using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;
using Qgjob.Core;
using Qgjob.Core.Storage;
using Qgjob.Server.Devices;
using Qgjob.Server.Dispatch;
using Qgjob.Server.Groups;
using Qgjob.Server.Hosting;
using Qgjob.Server.Runs;

namespace Qgjob.Server.Pages;

/// <summary>A plain page: devices, queue and the latest runs, as they are now.</summary>
internal static class HomePage
{
    private const string Style =
        "body{font:15px/1.5 system-ui,sans-serif;margin:2rem;color:#222}table{border-collapse:collapse;margin:0 0 2rem}"
        + "th,td{text-align:left;padding:.2rem 1rem .2rem 0;border-bottom:1px solid #ddd}th{font-weight:600}h2{margin:0 0 .5rem;font-size:1.1rem}";

    public static void MapHomePage(this IEndpointRouteBuilder routes) => routes.MapGet("/", ShowAsync).ExcludeFromDescription();

    private static async Task<ContentHttpResult> ShowAsync(HttpResponse response, Dispatcher dispatcher, IJobStore store, CancellationToken cancel)
    {
        var (devices, groups) = await dispatcher.LookAsync(pools => (
            pools.All.SelectMany(p => p.Devices.Where(d => pools.FindDevice(d.Id)?.Pool == p).Select(d => DeviceEndpoints.View(p, d))).OrderBy(d => d.DeviceId, StringComparer.Ordinal).ToList(),
            pools.Groups.Select(g => GroupEndpoints.View(g.Pool, g.Group)).OrderBy(g => g.AppVersionId, StringComparer.Ordinal).ToList()), cancel);
        var runs = (await store.ListRunsAsync(null, new PageRequest(20), cancel)).Items.Select(RunReader.View).ToList();
        response.Headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'";
        var page = new StringBuilder("<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"5\"><title>qgjob</title>")
            .Append("<style>").Append(Style).Append("</style><h1>qgjob ").Append(Text(ServerHost.Version)).Append("</h1><p><a href=\"/scalar\">API</a></p>");
        Table(page, $"Devices ({devices.Count})", ["Device", "Model", "State", "Job", "Installed", "Installs"], devices.Select(d => new[]
        {
            d.DeviceId, $"{d.Model} ({Words.Of(d.Platform)} {d.OsVersion})", d.State, d.JobId ?? "", string.Join(", ", d.Residents.Select(r => r.AppVersionId)), $"{d.Installs}",
        }));
        Table(page, $"Groups ({groups.Count})", ["App version", "Target", "Waiting", "On devices", "Why it waits"], groups.Select(g => new[]
        {
            $"{g.OrgId}/{g.AppVersionId}", $"{Words.Of(g.Target)} {g.Needs}", $"{g.Queued}", $"{g.Active}", g.WaitReason ?? "",
        }));
        Table(page, "Latest runs", ["Run", "Org", "Status", "Jobs", "Tests passed", "Tests failed", "Installs"], runs.Select(r => new[]
        {
            r.RunId, r.OrgId, r.Status, $"{r.Jobs.Total}", $"{r.Tests.Passed}", $"{r.Tests.Failed}", $"{r.Installs}",
        }));
        return TypedResults.Content(page.ToString(), "text/html", Encoding.UTF8);
    }

    private static void Table(StringBuilder page, string title, string[] columns, IEnumerable<string[]> rows)
    {
        page.Append("<h2>").Append(Text(title)).Append("</h2><table><tr>");
        foreach (var column in columns) page.Append("<th>").Append(Text(column));
        foreach (var row in rows)
        {
            page.Append("<tr>");
            foreach (var cell in row) page.Append("<td>").Append(Text(cell));
        }
        page.Append("</table>");
    }

    private static string Text(string text) => WebUtility.HtmlEncode(text);
}
