using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Qgjob.Client.Wire;
using Qgjob.Core;
using Qgjob.Core.Devices;
using Qgjob.Core.Jobs;
using Qgjob.Core.Runs;
using Qgjob.Core.Scheduling;
using Qgjob.Core.Storage;
using Qgjob.Server.Auth;
using Qgjob.Server.Blobs;
using Qgjob.Server.Dispatch;
using Qgjob.Server.Http;
using Qgjob.Server.Notifications;
using Qgjob.Server.Orgs;
using Qgjob.Server.Resources;

namespace Qgjob.Server.Runs;

/// <summary>Checks submissions and hands them to the store.</summary>
internal sealed class Submissions(
    Dispatcher dispatcher, IJobStore store, IBlobs blobs, ResourceNeeds needs, PriorityCaps caps, DeviceFit fit, Splits splits, HookChecks hooks, IIdSource ids, TimeProvider time)
{
    private const int MaxTests = 10_000;
    private const int MostNamed = 5;
    private const int DefaultOverflowSeconds = 300;
    private const int LongestLimit = 7 * 24 * 3600;

    public Task<RunAccepted> SubmitAsync(SubmitJob job, Caller caller, string? idempotencyKey, CancellationToken cancel) =>
        SubmitAsync(job, [Check.RelativePath("test_path", job.TestPath)], [job.Platform],
            null, "job\n" + JsonSerializer.Serialize(Sorted(job), WireJson.Default.SubmitJob), caller, idempotencyKey, cancel);

    public Task<RunAccepted> SubmitAsync(SubmitRun run, Caller caller, string? idempotencyKey, CancellationToken cancel)
    {
        var (tests, platforms) = FilesOf(run);
        return SubmitAsync(run, tests, platforms, SplitOrder.Of(run), "run\n" + JsonSerializer.Serialize(Sorted(run), WireJson.Default.SubmitRun), caller, idempotencyKey, cancel);
    }

    /// <summary>What a submission would become.</summary>
    public async Task<RunPlan> PlanAsync(SubmitRun run, Caller caller, CancellationToken cancel)
    {
        var (tests, platforms) = FilesOf(run);
        var plan = await CheckAsync(run, tests, platforms, SplitOrder.Of(run), caller, cancel);
        return new RunPlan([.. plan.Jobs.Select(j => j.View())], plan.Notes);
    }

    private static (IReadOnlyList<string> Tests, IReadOnlyList<Platform?> Platforms) FilesOf(SubmitRun run)
    {
        if (run.Tests is not { Count: > 0 and <= MaxTests } tests)
            throw RefusedException.Invalid("tests", $"must list 1 to {MaxTests} test files");
        var seen = new HashSet<string>();
        for (var i = 0; i < tests.Count; i++)
            if (!seen.Add(Check.RelativePath($"tests[{i}]", tests[i]))) throw RefusedException.Invalid($"tests[{i}]", $"'{tests[i]}' is listed twice");
        if (run is { Platforms: not null, Platform: not null }) throw RefusedException.Invalid("platforms", "cannot be given together with platform");
        if (run.Platforms is { } platforms && (platforms.Count is 0 or > 2 || platforms.Distinct().Count() < platforms.Count))
            throw RefusedException.Invalid("platforms", "must list each platform once, and at least one");
        return (tests, run.Platforms is { } several ? [.. several.Select(p => (Platform?)p)] : [run.Platform]);
    }

    private async Task<RunAccepted> SubmitAsync(
        SubmissionOptions options, IReadOnlyList<string> tests, IReadOnlyList<Platform?> platforms, SplitOrder? split, string body, Caller caller, string? idempotencyKey,
        CancellationToken cancel)
    {
        if (idempotencyKey is not null && idempotencyKey.Length is 0 or > 255)
            throw RefusedException.Invalid("Idempotency-Key", "must have 1 to 255 characters");
        Check.OptionalText("Idempotency-Key", idempotencyKey, 255);
        if (options.Supersede is { } supersede && string.IsNullOrWhiteSpace(supersede)) throw RefusedException.Invalid("supersede", "is empty");
        var meta = MetaOf(options.Meta);
        var (spec, planned, matrix, unmatched, notes) = await CheckAsync(options, tests, platforms, split, caller, cancel);
        var now = time.GetUtcNow();
        var run = new Run
        {
            Id = ids.NewId("r"),
            OrgId = spec.OrgId,
            CreatedAt = now,
            Meta = meta,
            IdempotencyKey = idempotencyKey,
            BodyHash = idempotencyKey is null ? null : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(body))),
            SupersedeKey = Check.OptionalText("supersede", options.Supersede, 255),
            FailFast = options.FailFast is true,
            MaxCloudMinutes = options.MaxCloudMinutes is null ? null : Check.Range("max_cloud_minutes", options.MaxCloudMinutes, 1, 1_000_000, 1),
            Total = planned.Count,
        };
        var owners = TestOwners.Check(options.Owners, tests);
        var notify = options.Notify is null ? null : hooks.OfRun(options.Notify, run);
        var jobs = planned.Select(j => new NewJob(ids.NewId("j"), owners is null ? j.Spec : j.Spec with { Owners = owners.GetValueOrDefault(j.Spec.TestPath) }, j.EstimateSeconds)).ToList();
        return await dispatcher.SendAsync(new Enqueue(run, jobs, now) { Notify = notify }, cancel) switch
        {
            EnqueueAnswer.Accepted => new RunAccepted(
                run.Id, [.. jobs.Select(j => j.Id)], Notes: notes, Unmatched: unmatched, Devices: matrix is null ? null : [.. matrix.Devices.Select(d => d.Name)],
                Parts: split is null ? null : [.. planned.Select(j => j.View())]),
            EnqueueAnswer.Repeated(var earlier) => new RunAccepted(earlier.Id, await JobIdsAsync(earlier, cancel), Repeated: true, notes),
            EnqueueAnswer.KeyTaken(var earlier) => throw RefusedException.Conflict(
                $"This Idempotency-Key was used for another submission, run {earlier}. Use a new key for a new submission."),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
    }

    /// <summary>What no device seen so far could run; null: there is none such.</summary>
    private async Task<IReadOnlyList<UnmatchedWish>?> UnmatchedAsync(IReadOnlyList<JobSpec> variants, bool strict, CancellationToken cancel)
    {
        var unmatched = new List<UnmatchedWish>();
        try
        {
            foreach (var variant in variants)
                if (await fit.MissAsync(variant, cancel) is { } miss) unmatched.Add(miss);
        }
        catch (StoreUnavailableException) when (!strict)
        {
            // Only a warning is lost.
        }
        if (strict && unmatched.Count > 0) throw RefusedException.NoDevice($"Nothing was submitted: {string.Join(" · ", unmatched.Select(DeviceFit.Text))}.");
        return unmatched.Count > 0 ? unmatched : null;
    }

    /// <summary>What the submission is made of, whether it is accepted or only planned.</summary>
    private async Task<Checked> CheckAsync(
        SubmissionOptions options, IReadOnlyList<string> tests, IReadOnlyList<Platform?> platforms, SplitOrder? split, Caller caller, CancellationToken cancel)
    {
        var spec = SpecOf(options, tests[0]);
        caller.RequireOrg(spec.OrgId);
        if (spec.BundleSha256 is { } bundle && !await blobs.UseAsync(BlobKeys.Bundle(spec.OrgId, bundle), time.GetUtcNow(), cancel))
            throw RefusedException.Invalid("bundle_sha256", $"the server has no test bundle {bundle} of {spec.OrgId}; upload it first");
        spec = spec with { Resources = await needs.CheckAsync(spec.OrgId, options.Needs, spec.Env, cancel) };
        (spec, var note) = await caps.ApplyAsync(spec, cancel);
        IReadOnlyList<JobSpec> variants = [.. platforms.Select(p => spec with { Platform = p })];
        IReadOnlyList<UnmatchedWish>? unmatched = null;
        DeviceMatrix? matrix = null;
        if (options is SubmitRun { EachDevice: true }) (variants, matrix) = await fit.BindAsync(variants, cancel);
        else unmatched = await UnmatchedAsync(variants, options.Strict is true, cancel);
        if (tests.Count * variants.Count > MaxTests) throw RefusedException.Invalid("tests", $"on each of {variants.Count} devices would be more than {MaxTests} jobs");
        var notes = NotesOf(note, unmatched, matrix, spec.Limits);
        var files = new List<JobSpec>(tests.Count * variants.Count);
        foreach (var test in tests)
            foreach (var variant in variants)
                files.Add(variant with { TestPath = test });
        IReadOnlyList<SplitJob> jobs;
        if (split is null) jobs = [.. files.Select(f => new SplitJob(f, null, null))];
        else
        {
            (jobs, var told) = await splits.PlanAsync(split, files, cancel);
            notes.AddRange(told);
            if (jobs.Count > MaxTests) throw RefusedException.Invalid("split", $"would make more than {MaxTests} jobs");
        }
        return new Checked(spec, jobs, matrix, unmatched, notes.Count == 0 ? null : notes);
    }

    private sealed record Checked(JobSpec Spec, IReadOnlyList<SplitJob> Jobs, DeviceMatrix? Matrix, IReadOnlyList<UnmatchedWish>? Unmatched, IReadOnlyList<string>? Notes);

    private static List<string> NotesOf(string? note, IReadOnlyList<UnmatchedWish>? unmatched, DeviceMatrix? matrix, Limits limits)
    {
        List<string> notes = note is null ? [] : [note];
        foreach (var wish in unmatched ?? [])
            notes.Add(string.Create(CultureInfo.InvariantCulture,
                $"Warning: {DeviceFit.Text(wish)}. The jobs wait for one, at most {limits.QueueSeconds / 60.0:0.#} min; --strict refuses them."));
        if (matrix is { LeftOut: { Count: > 0 } absent })
            notes.Add($"Left out, since they take no work now: {string.Join(", ", absent.Take(MostNamed))}{(absent.Count > MostNamed ? $" and {absent.Count - MostNamed} more" : "")}.");
        return notes;
    }

    private async Task<IReadOnlyList<string>> JobIdsAsync(Run run, CancellationToken cancel) =>
        [.. (await store.ListJobsAsync(new JobFilter(RunId: run.Id), new PageRequest(run.Total), cancel)).Items.Select(j => j.Job.Id)];

    private static JobSpec SpecOf(SubmissionOptions o, string test) => new()
    {
        OrgId = Check.Id("org_id", o.OrgId),
        AppVersionId = Check.Id("app_version_id", o.AppVersionId),
        TestPath = test,
        Target = o.Target ?? Target.Any,
        Overflow = OverflowOf(o),
        OverflowAfterSeconds = o.Overflow is null
            ? o.OverflowAfterSeconds is null ? null : throw RefusedException.Invalid("overflow_after_seconds", "goes with overflow")
            : Check.Range("overflow_after_seconds", o.OverflowAfterSeconds, 0, LongestLimit, DefaultOverflowSeconds),
        Platform = o.Platform,
        Device = DeviceOf(o.Device),
        Priority = Check.Range("priority", o.Priority, -10, 10, 0),
        Limits = new Limits(
            Check.Range("queue_timeout_seconds", o.QueueTimeoutSeconds, 1, LongestLimit, Limits.Default.QueueSeconds),
            Check.Range("install_timeout_seconds", o.InstallTimeoutSeconds, 1, LongestLimit, Limits.Default.InstallSeconds),
            Check.Range("timeout_seconds", o.TimeoutSeconds, 1, LongestLimit, Limits.Default.RunSeconds),
            Check.Range("silence_timeout_seconds", o.SilenceTimeoutSeconds, 1, LongestLimit, Limits.Default.SilenceSeconds)),
        MaxAttempts = Check.Range("max_attempts", o.MaxAttempts, 1, 10, 1),
        InfraAttempts = Check.Range("infra_attempts", o.InfraAttempts, 1, 10, 3),
        Reset = o.Reset ?? ResetMode.Clear,
        Env = EnvOf(o.Env),
        Grep = Check.OptionalText("grep", o.Grep, 1024),
        AwProject = Check.OptionalText("aw_project", o.AwProject, 128),
        Config = o.Config is null ? null : Check.RelativePath("config", o.Config),
        FailOnFlaky = o.FailOnFlaky is true ? true : null,
        FailOnSkipped = o.FailOnSkipped is true ? true : null,
        TestRetries = o.TestRetries is null ? null : Check.Range("test_retries", o.TestRetries, 0, 10, 0),
        BundleSha256 = o.BundleSha256 is null ? null : Check.Sha256("bundle_sha256", o.BundleSha256),
    };

    private static Target? OverflowOf(SubmissionOptions o) => o.Overflow switch
    {
        null => null,
        Target.Any => throw RefusedException.Invalid("overflow", "must be device, emulator or browserstack"),
        _ when o.Target is not (null or Target.Any) => throw RefusedException.Invalid("overflow", $"goes with target any, not {Words.Of(o.Target.Value)}"),
        _ when o is SubmitRun { EachDevice: true } => throw RefusedException.Invalid("overflow", "cannot be given together with each_device"),
        var target => target,
    };

    private static string? DeviceOf(string? device)
    {
        if (string.IsNullOrWhiteSpace(device)) return null;
        Check.OptionalText("device", device, 512);
        return DeviceSelector.TryParse(device, out var selector, out var error) ? selector.ToString() : throw RefusedException.Invalid("device", error!.ToString());
    }

    private static SortedDictionary<string, string> EnvOf(Dictionary<string, string>? env)
    {
        if (env is { Count: > 100 }) throw RefusedException.Invalid("env", "may have at most 100 entries");
        foreach (var (name, value) in env ?? [])
        {
            if (name.Length is 0 or > 128 || char.IsAsciiDigit(name[0]) || !name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_'))
                throw RefusedException.Invalid("env", "names consist of at most 128 letters, digits and underscores and do not start with a digit");
            if (value is null) throw RefusedException.Invalid($"env.{name}", "must be a text");
            if (value.Length > 8192) throw RefusedException.Invalid($"env.{name}", "is longer than 8192 characters");
            Check.RefuseControls($"env.{name}", value, allowLines: true);
        }
        return new SortedDictionary<string, string>(env ?? [], StringComparer.Ordinal);
    }

    private static SortedDictionary<string, string> MetaOf(Dictionary<string, string>? meta)
    {
        if (meta is { Count: > 50 }) throw RefusedException.Invalid("meta", "may have at most 50 entries");
        foreach (var (name, value) in meta ?? [])
        {
            if (string.IsNullOrWhiteSpace(name)) throw RefusedException.Invalid("meta", "names may not be empty");
            Check.OptionalText("meta", name, 64);
            if (value is null) throw RefusedException.Invalid($"meta.{name}", "must be a text");
            if (value.Length > 1024) throw RefusedException.Invalid($"meta.{name}", "is longer than 1024 characters");
            Check.RefuseControls($"meta.{name}", value, allowLines: true);
        }
        return new SortedDictionary<string, string>(meta ?? [], StringComparer.Ordinal);
    }

    /// <summary>The same submission with its maps in one fixed order, so that equal ones hash alike.</summary>
    private static T Sorted<T>(T options) where T : SubmissionOptions => options with
    {
        Env = options.Env is null ? null : InOrder(options.Env),
        Meta = options.Meta is null ? null : InOrder(options.Meta),
        Owners = options.Owners is null ? null : InOrder(options.Owners),
    } as T ?? throw new System.Diagnostics.UnreachableException();

    private static Dictionary<string, T> InOrder<T>(Dictionary<string, T> map) =>
        map.OrderBy(p => p.Key, StringComparer.Ordinal).ToDictionary(p => p.Key, p => p.Value);
}
