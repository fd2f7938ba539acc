using System.Text.Json;
using Qgjob.Client.Wire;
using Qgjob.Core;
using Qgjob.Core.Notifications;
using Qgjob.Server.Hosting;
using Qgjob.Server.Http;
using Qgjob.Server.Runs;

namespace Qgjob.Server.Notifications;

/// <summary>Writes what hooks are told.</summary>
internal sealed class HookMessages(ServerSettings settings, IIdSource ids, TimeProvider time)
{
    private const int MostTests = 20;
    private const int LongestError = 500;

    public Delivery Of(Hook hook, string happened, JudgedRun judged, IReadOnlyList<JudgedTest> tests) => Write(hook, happened, judged.Run.Id, new HookData
    {
        OrgId = hook.OrgId,
        Hook = hook.Name,
        Run = RunReader.View(judged.Run),
        RunUrl = settings.PublicUrl is { } address ? $"{address}/api/v1/runs/{Uri.EscapeDataString(judged.Run.Id)}/report.html" : null,
        AppVersionIds = judged.AppVersions,
        Tests = [.. tests.Take(MostTests).Select(View)],
        TestsLeftOut = tests.Count > MostTests ? tests.Count - MostTests : null,
    });

    public Delivery Ping(Hook hook) => Write(hook, HookEvents.Ping, null, new HookData { OrgId = hook.OrgId, Hook = hook.Name });

    private Delivery Write(Hook hook, string happened, string? runId, HookData data)
    {
        var now = time.GetUtcNow();
        var told = new HookEvent(happened, now, data);
        return new Delivery
        {
            Id = ids.NewId("d"),
            OrgId = hook.OrgId,
            Hook = hook.Name,
            Event = happened,
            RunId = runId,
            Body = hook.Format is HookFormat.Slack ? SlackMessage.Of(told) : JsonSerializer.Serialize(told, WireOptions.Readable.HookEvent),
            CreatedAt = now,
            NextAt = now,
        };
    }

    private static HookTest View(JudgedTest test) => new()
    {
        TestId = test.Key.Id,
        File = test.Key.File,
        Line = test.Result.Line,
        Title = test.Key.Title,
        Project = test.Key.Project,
        Platform = test.Platform.Length == 0 ? null : test.Platform,
        JobId = test.JobId,
        Owners = test.Owners,
        Error = test.Failed ? Cut(test.Result.Error) : null,
        FailedSince = test.Known?.Since,
        FailedSinceRun = test.Known?.SinceRun,
    };

    private static string? Cut(string? error) => error?.Length > LongestError ? error[..(char.IsHighSurrogate(error[LongestError - 1]) ? LongestError - 1 : LongestError)] + "…" : error;
}
