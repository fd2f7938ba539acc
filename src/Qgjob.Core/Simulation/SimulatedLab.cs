using System.Diagnostics;
using System.Globalization;
using Qgjob.Core.Devices;
using Qgjob.Core.Groups;
using Qgjob.Core.Jobs;
using Qgjob.Core.Runs;
using Qgjob.Core.Scheduling;
using Qgjob.Core.Storage;
using Qgjob.Core.Storage.Memory;

namespace Qgjob.Core.Simulation;

/// <summary>Devices that need no time of ours: what a trace says a job takes passes at once.</summary>
internal sealed class SimulatedLab : IAsyncDisposable
{
    private const string AgentId = "a-simulated";
    /// <summary>A submission of more is split, as a client would.</summary>
    private const int JobsPerRun = 100_000;
    private static readonly DateTimeOffset Epoch = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan LeaseTtl = TimeSpan.FromDays(10_000);

    private readonly IReadOnlyList<TraceJob> jobs;
    private readonly SimulationOptions options;
    private readonly int[] byRelease;
    private readonly MemoryStore store = new(keepHistory: false);
    private readonly PoolView view = new();
    private readonly ISimulatedPolicy policy;
    private readonly PriorityQueue<Running, (double Ends, int Job)> running = new();
    private readonly List<string> idle = [];
    private readonly Dictionary<((string OrgId, string Id) Version, string TestPath, int Priority), JobSpec> specs = [];
    private readonly Outcomes outcomes;
    private int released;
    private int runs;
    private int claims;
    private long decisions;
    private long decisionTicks;
    private double now;

    public SimulatedLab(IReadOnlyList<TraceJob> jobs, SimulationOptions options)
    {
        (this.jobs, this.options) = (jobs, options);
        byRelease = [.. Enumerable.Range(0, jobs.Count).OrderBy(i => jobs[i].ReleaseSeconds)];
        policy = options.Policy switch
        {
            PolicyKind.Fifo => new FifoPolicy(),
            PolicyKind.Sticky => new StickyPolicy(),
            _ => new ProductionPolicy(),
        };
        outcomes = new Outcomes(jobs);
    }

    private sealed record Running(LeaseRef Lease, double RunSeconds);

    private DateTimeOffset Now => Epoch.AddSeconds(now);

    public async Task RunAsync(CancellationToken cancel)
    {
        await OfferDevicesAsync(cancel);
        await NameVersionsAsync(cancel);
        while (NextMoment() is { } next)
        {
            cancel.ThrowIfCancellationRequested();
            now = next;
            await CommitAsync([.. Ended(), .. Released()], cancel);
            await ServeIdleAsync(cancel);
        }
        if (outcomes.Done < jobs.Count)
            throw new InvalidOperationException($"{jobs.Count - outcomes.Done} jobs wait for ever although every device is free: the rule is wrong.");
    }

    public SimulationResult Result() => outcomes.Result(options, decisions, decisions == 0 ? 0 : Stopwatch.GetElapsedTime(0, decisionTicks).TotalMicroseconds / decisions);

    public ValueTask DisposeAsync() => store.DisposeAsync();

    private double? NextMoment()
    {
        double? release = released < byRelease.Length ? jobs[byRelease[released]].ReleaseSeconds : null;
        double? end = running.TryPeek(out _, out var first) ? first.Ends : null;
        return release is { } r && end is { } e ? Math.Min(r, e) : release ?? end;
    }

    private Task OfferDevicesAsync(CancellationToken cancel)
    {
        for (var i = 0; i < options.Devices; i++) idle.Add(string.Create(CultureInfo.InvariantCulture, $"d{i:d5}"));
        var offers = idle.Select(id => new DeviceOffer(id, Target.Device, Platform.Android, "14", "simulated", [], []));
        return CommitAsync([new Register(AgentId, "b", "simulated", "0", Run.DefaultPool, [.. offers], Epoch)], cancel);
    }

    /// <summary>Every app version is a build of its own, and what installing it takes is known from days before the trace.</summary>
    private async Task NameVersionsAsync(CancellationToken cancel)
    {
        foreach (var (key, install) in jobs.Select(j => (Key: VersionOf(j), j.InstallSeconds)).DistinctBy(v => v.Key))
        {
            var build = new Build(Platform.Android, key.ToString(), Sha256Of(key), 1, "app.apk", "1", Epoch);
            await CommitAsync(
                [new SetEstimate(Estimates.InstallKey(key.OrgId, build.PackageId), install), new PutBuild(key.OrgId, key.Id, build, Epoch)], cancel);
        }
        await RefreshAsync(cancel);
    }

    private (string OrgId, string Id) VersionOf(TraceJob job) =>
        options.Fairness ? (job.OrgId, job.AppVersionId) : ("everyone", $"{job.OrgId}/{job.AppVersionId}");

    private static string Sha256Of((string OrgId, string Id) version) => $"{version.OrgId}/{version.Id}";

    private List<StoreCommand> Ended()
    {
        var ended = new List<StoreCommand>();
        while (running.TryPeek(out var one, out var priority) && priority.Ends <= now)
        {
            running.Dequeue();
            outcomes.End(priority.Job, now);
            idle.Add(one.Lease.DeviceId);
            ended.Add(new Finish(one.Lease, one.Lease.DeviceId, new AttemptEnd(AttemptOutcome.Passed, null, one.RunSeconds, []), Now));
        }
        return ended;
    }

    private List<StoreCommand> Released()
    {
        var first = released;
        while (released < byRelease.Length && jobs[byRelease[released]].ReleaseSeconds <= now) released++;
        var runsNow = new List<StoreCommand>();
        foreach (var ofOrg in byRelease[first..released].GroupBy(i => VersionOf(jobs[i]).OrgId))
            foreach (var part in ofOrg.Chunk(JobsPerRun))
            {
                var run = new Run { Id = string.Create(CultureInfo.InvariantCulture, $"r{++runs}"), OrgId = ofOrg.Key, CreatedAt = Now, Total = part.Length };
                runsNow.Add(new Enqueue(run, [.. part.Select(i => NewJobOf(i))], Now));
            }
        return runsNow;
    }

    private static string IdOf(int job) => string.Create(CultureInfo.InvariantCulture, $"j{job:d8}");

    private NewJob NewJobOf(int index)
    {
        var job = jobs[index];
        var version = VersionOf(job);
        policy.Submitted(version);
        if (!policy.OrdersJobs) return new NewJob(IdOf(index), SpecOf(version, "", 0), EstimateSeconds: 0);
        // Only who knows nothing of a job asks what its test took before; all others are alike but for their estimate.
        return double.IsNaN(job.EstimateSeconds)
            ? new NewJob(IdOf(index), SpecOf(version, job.TestPath, job.Priority))
            : new NewJob(IdOf(index), SpecOf(version, "", job.Priority), job.EstimateSeconds);
    }

    /// <summary>One specification for all jobs that share it: a million of them take room.</summary>
    private JobSpec SpecOf((string OrgId, string Id) version, string testPath, int priority)
    {
        if (!specs.TryGetValue((version, testPath, priority), out var spec))
            specs[(version, testPath, priority)] = spec =
                new JobSpec { OrgId = version.OrgId, AppVersionId = version.Id, TestPath = testPath, Priority = priority };
        return spec;
    }

    /// <summary>As the server's dispatcher does: claims for all that are free in one batch, each reckoning with the ones before.</summary>
    private async Task ServeIdleAsync(CancellationToken cancel)
    {
        await RefreshAsync(cancel);
        var batch = new List<Claim>();
        var installs = new List<bool>();
        var nothingForStrangers = false;
        for (var i = idle.Count - 1; i >= 0; i--)
        {
            var device = view.FindDevice(idle[i])!;
            // All devices are alike but for what is installed: where one got nothing, no other will.
            if (nothingForStrangers && !policy.LooksAtResidents(view, device)) continue;
            if (Decide(device) is not Decision.Claim decision)
            {
                nothingForStrangers = true;
                continue;
            }
            batch.Add(view.ClaimFor(device, decision, string.Create(CultureInfo.InvariantCulture, $"c{++claims}"), LeaseTtl, Now));
            installs.Add(decision.NeedsInstall);
            view.Assume(device.Id, decision.GroupId);
            idle.RemoveAt(i);
        }
        if (batch.Count == 0) return;
        var answers = await store.CommitAsync(batch, cancel);
        await CommitAsync([.. answers.Select((answer, i) => Start((ClaimAnswer.Claimed)answer, installs[i])).OfType<StoreCommand>()], cancel);
    }

    private Decision Decide(Device device)
    {
        var before = Stopwatch.GetTimestamp();
        var decision = policy.Decide(view, device, Now);
        decisionTicks += Stopwatch.GetTimestamp() - before;
        decisions++;
        return decision;
    }

    private Progress? Start(ClaimAnswer.Claimed claimed, bool install)
    {
        var lease = new LeaseRef(claimed.Device.Id, claimed.Device.Lease!.Token);
        var index = int.Parse(claimed.Job.Id.AsSpan(1), CultureInfo.InvariantCulture);
        var job = jobs[index];
        var installSeconds = install ? job.InstallSeconds : 0;
        outcomes.Start(index, now, install);
        running.Enqueue(new Running(lease, job.DurationSeconds), (now + installSeconds + job.DurationSeconds, index));
        if (!install) return null;
        var version = VersionOf(job);
        // One app on each phone: the next install replaces it.
        return new Progress(lease, Now, Installed: new ResidentBuild("app", Sha256Of(version), version.OrgId, version.Id), InstallSeconds: installSeconds);
    }

    private async Task RefreshAsync(CancellationToken cancel) => view.Apply(await store.ReadPoolAsync(Run.DefaultPool, view.Revision, cancel));

    private async Task CommitAsync(IReadOnlyList<StoreCommand> batch, CancellationToken cancel)
    {
        if (batch.Count > 0) await store.CommitAsync(batch, cancel);
    }
}
