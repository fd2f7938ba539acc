using Qgjob.Client.Wire;
using Qgjob.Core.Devices;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;
using Qgjob.Core.Runs;
using Qgjob.Core.Storage;
using Qgjob.Server.Http;

namespace Qgjob.Server.Agents;

/// <summary>Checks agents' requests and turns them into commands. What is left out in JSON arrives here as null, whatever the types say.</summary>
internal static class AgentRequests
{
    private const int MaxItems = 10_000;
    private const int MaxText = 64 * 1024;
    private const int MaxModels = 2000;

    public static Register Command(RegisterRequest request, DateTimeOffset now)
    {
        var devices = All("devices", request.Devices);
        for (var i = 0; i < devices.Count; i++)
            if (devices.Take(i).Any(d => d.Id == devices[i].Id)) throw RefusedException.Invalid($"devices[{i}].id", $"'{devices[i].Id}' is listed twice");
        var name = Check.OptionalText("name", request.Name, 255) ?? request.AgentId;
        return new Register(
            AgentId("agent_id", request.AgentId),
            AgentId("boot_id", request.BootId),
            name,
            Check.OptionalText("version", request.Version, 64) ?? "",
            Check.OptionalId("pool", request.Pool) ?? Run.DefaultPool,
            [.. devices.Select((d, i) => Offer($"devices[{i}]", d) with { Agent = name })],
            now);
    }

    public static (string AgentId, string BootId, IReadOnlyList<string> Free, IReadOnlyList<LeaseRef> Leases, TimeSpan Wait) Read(WorkRequest request) => (
        AgentId("agent_id", request.AgentId),
        AgentId("boot_id", request.BootId),
        [.. All("free_devices", request.FreeDevices).Distinct()],
        Leases("leases", request.Leases),
        request.WaitSeconds is >= 0 and <= 60 ? TimeSpan.FromSeconds(request.WaitSeconds) : throw RefusedException.Invalid("wait_seconds", "must be from 0 to 60"));

    public static Renew Command(RenewRequest request, TimeSpan ttl, DateTimeOffset now) =>
        new(AgentId("agent_id", request.AgentId), Leases("leases", request.Leases), ttl, now);

    public static IReadOnlyList<Progress> Commands(ProgressRequest request, DateTimeOffset now) =>
        [.. All("items", request.Items).Select((item, i) => new Progress(
            Lease($"items[{i}].lease", item.Lease), now,
            item.Status is null or JobStatus.Installing or JobStatus.Running ? item.Status : throw RefusedException.Invalid($"items[{i}].status", "must be installing or running"),
            Cut(item.Message),
            item.Installed is null ? null : Resident($"items[{i}].installed", item.Installed),
            item.InstallSeconds is null ? null : Seconds($"items[{i}].install_seconds", item.InstallSeconds.Value),
            item.TestsTotal is null ? null : Check.Range($"items[{i}].tests_total", item.TestsTotal, 0, 1_000_000, 0),
            Cut(item.TestStarted),
            item.Test is null ? null : ResultBounds.Apply(Test($"items[{i}].test", item.Test)),
            item.Sequence is null or > 0 ? item.Sequence : throw RefusedException.Invalid($"items[{i}].sequence", "must be 1 or more")))];

    public static IReadOnlyList<Finish> Commands(FinishRequest request, DateTimeOffset now) =>
        [.. All("items", request.Items).Select((item, i) => new Finish(
            Lease($"items[{i}].lease", item.Lease), AgentId($"items[{i}].finish_id", item.FinishId), End($"items[{i}].end", item.End), now))];

    private static AttemptEnd End(string field, AttemptEnd? end)
    {
        if (end is null) throw RefusedException.Invalid(field, "is missing");
        if (end.Outcome is AttemptOutcome.None) throw RefusedException.Invalid($"{field}.outcome", "must say how the attempt ended");
        return new AttemptEnd(end.Outcome, Cut(end.Reason), Seconds($"{field}.run_seconds", end.RunSeconds),
            ResultBounds.Apply([.. (end.Tests ?? []).Select((t, i) => Test($"{field}.tests[{i}]", t))]),
            end.DownloadSeconds is { } download ? Seconds($"{field}.download_seconds", download) : null,
            end.SessionSeconds is { } session ? Seconds($"{field}.session_seconds", session) : null,
            end.ErrorOutside,
            end.CloudSeconds is { } cloud ? Seconds($"{field}.cloud_seconds", cloud) : null);
    }

    private static TestResult Test(string field, TestResult? test)
    {
        if (test is not { TitlePath.Count: > 0, File: not null }) throw RefusedException.Invalid(field, "must have title_path and file");
        if (HasGap(test.Tags) || HasGap(test.Annotations) || HasGap(test.Tries) || (test.Tries ?? []).Any(t => HasGap(t.Attachments) || HasGap(t.Steps)))
            throw RefusedException.Invalid(field, "has null in a list");
        // What only the server says.
        return test with { Quarantine = null, Attempt = null, JobId = null };
    }

    private static bool HasGap<T>(IReadOnlyList<T>? list) where T : class => list?.Any(i => i is null) is true;

    private static bool HasGap(IReadOnlyList<TestStep>? steps) => steps?.Any(s => s is null || HasGap(s.Steps)) is true;

    private static DeviceOffer Offer(string field, DeviceOffer offer) => offer with
    {
        Id = DeviceId($"{field}.id", offer.Id),
        Target = offer.Target is Target.Any ? throw RefusedException.Invalid($"{field}.target", "must be device, emulator or browserstack") : offer.Target,
        OsVersion = Check.OptionalText($"{field}.os_version", offer.OsVersion, 64) ?? "",
        Model = Check.OptionalText($"{field}.model", offer.Model, 128) ?? "",
        Tags = [.. (offer.Tags ?? []).Select((t, i) => Check.OptionalText($"{field}.tags[{i}]", t, 128) ?? throw RefusedException.Invalid($"{field}.tags[{i}]", "is missing"))],
        Manufacturer = Check.OptionalText($"{field}.manufacturer", offer.Manufacturer, 128),
        ApiLevel = offer.ApiLevel is null or (> 0 and < 100_000) ? offer.ApiLevel : throw RefusedException.Invalid($"{field}.api_level", "must be above 0"),
        StartSeconds = offer.StartSeconds is { } start ? Seconds($"{field}.start_seconds", start) : null,
        Models = offer.Models is null ? null : [.. offer.Models.Take(MaxModels).Select((m, i) => Model($"{field}.models[{i}]", m))],
        Residents = [.. (offer.Residents ?? []).Select((r, i) => Resident($"{field}.residents[{i}]", r))],
    };

    private static DeviceModel Model(string field, DeviceModel? model) =>
        model is { Model.Length: > 0 and <= 128, OsVersion.Length: <= 64 } ? model : throw RefusedException.Invalid(field, "must have model, os_version and platform");

    private static ResidentBuild Resident(string field, ResidentBuild? build) =>
        build is { PackageId.Length: > 0 and <= 255, Sha256.Length: <= 64, OrgId.Length: <= Check.MaxIdLength, AppVersionId.Length: <= Check.MaxIdLength }
            ? build
            : throw RefusedException.Invalid(field, "must have package_id, sha256, org_id and app_version_id");

    private static IReadOnlyList<LeaseRef> Leases(string field, IReadOnlyList<LeaseRef>? leases) =>
        [.. All(field, leases).Select((l, i) => Lease($"{field}[{i}]", l))];

    private static LeaseRef Lease(string field, LeaseRef? lease) =>
        lease is { DeviceId.Length: > 0 and <= Check.MaxIdLength } ? lease : throw RefusedException.Invalid(field, "must have device_id and token");

    /// <summary>Device ids are serial numbers, or <c>agent/name</c>: any printable text.</summary>
    private static string DeviceId(string field, string? id) =>
        id is { Length: > 0 and <= Check.MaxIdLength } && id.All(c => c is > ' ' and <= '~')
            ? id
            : throw RefusedException.Invalid(field, $"must have 1 to {Check.MaxIdLength} printable characters without spaces");

    private static string AgentId(string field, string? id) => DeviceId(field, id);

    private static double Seconds(string field, double seconds) =>
        seconds is >= 0 and < 1e8 ? seconds : throw RefusedException.Invalid(field, "must be a number of seconds, 0 or more");

    /// <summary>Messages come from devices and tests: too much of one is cut, not refused, and NUL, which databases do not keep, goes.</summary>
    private static string? Cut(string? text) =>
        (text?.Length > MaxText ? text[..MaxText] + "…" : text)?.Replace("\0", "", StringComparison.Ordinal);

    private static IReadOnlyList<T> All<T>(string field, IReadOnlyList<T>? items) where T : class => items switch
    {
        null => throw RefusedException.Invalid(field, "is missing"),
        { Count: > MaxItems } => throw RefusedException.Invalid(field, $"has more than {MaxItems} entries"),
        _ when items.Any(i => i is null) => throw RefusedException.Invalid(field, "may not contain null"),
        _ => items,
    };
}
