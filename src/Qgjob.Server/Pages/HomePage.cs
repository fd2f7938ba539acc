using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;
using Qgjob.Client.Wire;
using Qgjob.Core;
using Qgjob.Core.Storage;
using Qgjob.Server.Devices;
using Qgjob.Server.Dispatch;
using Qgjob.Server.Groups;
using Qgjob.Server.Hosting;
using Qgjob.Server.Jobs;
using Qgjob.Server.Runs;

namespace Qgjob.Server.Pages;

/// <summary>A plain page: the latest runs, devices and queue, as they are now. It needs no script, and no other site.</summary>
internal static class HomePage
{
    private const int Runs = 20;

    public static void MapHomePage(this IEndpointRouteBuilder routes) => routes.MapGet("/", ShowAsync).ExcludeFromDescription();

    private static async Task<ContentHttpResult> ShowAsync(HttpResponse response, Dispatcher dispatcher, Forecasts forecasts, IJobStore store, TimeProvider time, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        var devices = await dispatcher.LookAsync(
            pools => pools.All.SelectMany(p => p.Devices.Where(d => pools.FindDevice(d.Id)?.Pool == p).Select(d => DeviceEndpoints.View(p, d, now))).OrderBy(d => d.DeviceId, StringComparer.Ordinal).ToList(), cancel);
        var groups = (await GroupEndpoints.ViewsAsync(dispatcher, forecasts, now, cancel)).OrderBy(g => g.AppVersionId, StringComparer.Ordinal).ToList();
        var runs = (await store.ListRunsAsync(null, new PageRequest(Runs), cancel)).Items.Select(RunReader.View).ToList();
        response.Headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'";
        var page = new PageText($"qgjob {ServerHost.Version}");
        Show(page, runs, now);
        Show(page, devices);
        Show(page, groups);
        return TypedResults.Content(page.ToString(), "text/html", Encoding.UTF8);
    }

    private static void Show(PageText page, List<RunView> runs, DateTimeOffset now) => page.Table(
        "Latest runs", "There is no run yet: 'qgjob submit' makes one.",
        ["Run", "Org", "Branch", "Status", "#Jobs", "#Passed", "#Failed", "#Installs", "Created (UTC)", "#Duration"],
        runs.Select(r => new Cell[]
        {
            new(r.RunId, Link: $"/api/v1/runs/{Uri.EscapeDataString(r.RunId)}"),
            new(r.OrgId),
            new(r.Meta.GetValueOrDefault("branch") ?? ""),
            new(r.Status, Class: "state " + r.Status),
            Number(r.Jobs.Total, of: r.Jobs.Total - r.Jobs.Queued - r.Jobs.Active),
            Number(r.Tests.Passed),
            new($"{r.Tests.Failed}", Class: r.Tests.Failed > 0 ? "number bad" : "number"),
            Number(r.Installs),
            new(r.CreatedAt.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture), Class: "time"),
            new(Length((r.FinishedAt ?? now) - r.CreatedAt), Class: "number"),
        }));

    private static void Show(PageText page, List<DeviceView> devices) => page.Table(
        $"Devices ({devices.Count})", "There is no device yet: 'qgjob agent' offers those of its machine.",
        ["Device", "Model", "State", "Job", "Installed", "#Installs"],
        devices.Select(d => new Cell[]
        {
            new(d.DeviceId),
            new($"{d.Model} ({Words.Of(d.Platform)} {d.OsVersion}{(d.Virtual ? ", virtual" : "")})"),
            new(d.Note is null ? d.State : $"{d.State}: {d.Note}", Class: "state " + d.State),
            new(d.JobId ?? "", Link: d.JobId is null ? null : $"/api/v1/jobs/{Uri.EscapeDataString(d.JobId)}"),
            new(string.Join(", ", d.Residents.Select(r => r.AppVersionId))),
            Number(d.Installs),
        }));

    private static void Show(PageText page, List<GroupView> groups) => page.Table(
        $"Queue ({groups.Sum(g => g.Queued)})", "No job waits.",
        ["App version", "Wants", "#Waiting", "#On devices", "Why it waits"],
        groups.Select(g => new Cell[]
        {
            new($"{g.OrgId}/{g.AppVersionId}"), new($"{Words.Of(g.Target)} {g.Needs}".TrimEnd()), Number(g.Queued), Number(g.Active), new(g.WaitReason ?? ""),
        }));

    private static Cell Number(int number, int? of = null) => new(of is { } done ? $"{done} of {number}" : $"{number}", Class: "number");

    private static string Length(TimeSpan time) => time switch
    {
        { TotalSeconds: < 59.5 } => string.Create(CultureInfo.InvariantCulture, $"{Math.Max(0, time.TotalSeconds):0} s"),
        { TotalHours: < 1 } => $"{time.Minutes} min {time.Seconds:00} s",
        _ => $"{(int)time.TotalHours} h {time.Minutes:00} min",
    };
}
