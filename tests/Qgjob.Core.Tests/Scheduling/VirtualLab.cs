using System.Globalization;
using Qgjob.Core.Devices;
using Qgjob.Core.Groups;
using Qgjob.Core.Jobs;
using Qgjob.Core.Runs;
using Qgjob.Core.Scheduling;
using Qgjob.Core.Storage;
using Qgjob.Core.Storage.Memory;

namespace Qgjob.Core.Tests.Scheduling;

/// <summary>A job that somebody will submit.</summary>
internal sealed record Work(
    double At, string Org, string Version, double Seconds = 60, int Priority = 0, string? Needs = null, Target Target = Target.Any, string? Resource = null);

/// <summary>A submitted job, and when it was first on a device and left it for good, in seconds.</summary>
internal sealed class Played(string id, string runId, Work work)
{
    public string Id { get; } = id;
    public string RunId { get; } = runId;
    public Work Work { get; } = work;
    public double? Start { get; set; }
    public double? End { get; set; }
    public bool Canceled { get; set; }
}

/// <summary>Devices in virtual time, served as the server's dispatcher does: store, view and rule together.</summary>
internal sealed class VirtualLab(IReadOnlyList<DeviceOffer> offers, int agents = 1) : IAsyncDisposable
{
    /// <summary>Long enough that no attempt needs a renewal.</summary>
    public static readonly TimeSpan Ttl = TimeSpan.FromHours(1);
    private static readonly DateTimeOffset Epoch = new(2026, 1, 5, 9, 0, 0, TimeSpan.Zero);
    private readonly MemoryStore store = new();
    private readonly PriorityQueue<Func<Task>, (double At, int Order)> agenda = new();
    private readonly Dictionary<string, int> boots = [];
    private readonly Dictionary<string, Played> jobs = [];
    private int ids;

    public PoolView View { get; } = new();
    public double Now { get; private set; }
    public DateTimeOffset Clock => Epoch.AddSeconds(Now);
    public int Installs { get; private set; }
    public IReadOnlyCollection<Played> Jobs => jobs.Values;

    /// <summary>Seconds that installing a version takes.</summary>
    public Func<string, double> InstallSeconds { get; init; } = _ => 20;
    /// <summary>How an attempt on a device ends.</summary>
    public Func<Played, string, AttemptOutcome> Outcome { get; init; } = (_, _) => AttemptOutcome.Passed;
    /// <summary>Sees every decision with the view that it was made from.</summary>
    public Action<Device, Decision>? Decided { get; init; }
    /// <summary>Sees what the store says, at every moment before decisions.</summary>
    public Action? Refreshed { get; init; }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static DeviceOffer Phone(int number, params string[] tags) =>
        new(string.Create(CultureInfo.InvariantCulture, $"d{number}"), Target.Device, Platform.Android, "13", "Pixel", tags, []);

    public static IReadOnlyList<DeviceOffer> Phones(int count) => [.. Enumerable.Range(0, count).Select(i => Phone(i))];

    /// <summary>Does something at a second, or as soon as time has moved past it.</summary>
    public void At(double second, Func<Task> action) => agenda.Enqueue(action, (second, ++ids));

    public async Task OpenAsync(params StoreCommand[] also)
    {
        for (var i = 0; i < agents; i++) await StartAgentAsync(i);
        await CommitAsync(also);
    }

    /// <summary>The agent's process starts (anew).</summary>
    public Task StartAgentAsync(int agent)
    {
        var id = $"a{agent}";
        boots[id] = ++ids;
        return CommitAsync(new Register(id, $"b{ids}", id, "0", Run.DefaultPool, [.. offers.Where((_, i) => i % agents == agent).Select(AsKnown)], Clock));
    }

    /// <summary>The agent vanishes with all that it does; the others go on renewing.</summary>
    public void LoseAgent(int agent)
    {
        boots[$"a{agent}"] = ++ids;
        At(Now + Ttl.TotalSeconds + 1, async () =>
        {
            await RefreshAsync();
            foreach (var of in View.Devices.GroupBy(d => d.AgentId).Where(of => of.Key != $"a{agent}"))
                await CommitAsync(new Renew(of.Key, [.. of.Where(d => d.Lease is not null).Select(LeaseOf)], Ttl, Clock));
            await CommitAsync(new ExpireLeases(1000, Clock, Clock));
        });
    }

    /// <summary>The clock goes forward at once: everything that was due comes late.</summary>
    public void Jump(double seconds) => Now += seconds;

    public void Submit(IEnumerable<Work> work)
    {
        foreach (var together in work.GroupBy(w => (w.At, w.Org))) At(together.Key.At, () => EnqueueAsync(together.Key.Org, [.. together]));
    }

    public async Task CancelAsync(Played job)
    {
        await CommitAsync(new Cancel(job.RunId, job.Id, "changed my mind", Clock));
        job.Canceled = true;
        await RefreshAsync();
        // Its agent hears of it and lets go.
        if (View.Devices.FirstOrDefault(d => d.Lease?.JobId == job.Id) is { } device)
        {
            var boot = boots[device.AgentId];
            At(Now + 5, () => FinishAsync(job, LeaseOf(device), device.AgentId, boot, AttemptOutcome.Canceled, 0));
        }
    }

    /// <summary>Goes on until nothing is due any more, or until a second.</summary>
    public async Task RunAsync(double until = double.PositiveInfinity)
    {
        while (true)
        {
            await DispatchAsync();
            // A millisecond later, or rounding might wake it a tick too early, again and again.
            var next = View.Devices.Where(d => d.IsCooling(Clock)).Select(d => (d.Health.CoolingUntil!.Value - Epoch).TotalSeconds + 0.001)
                .Append(agenda.TryPeek(out _, out var due) ? due.At : double.PositiveInfinity).Min();
            if (next > until || double.IsPositiveInfinity(next)) return;
            Now = Math.Max(Now, next);
            while (agenda.TryPeek(out var action, out var first) && first.At <= Now)
            {
                agenda.Dequeue();
                await action();
            }
        }
    }

    public async Task CommitAsync(params StoreCommand[] commands)
    {
        if (commands.Length > 0) await store.CommitAsync(commands, Cancel);
    }

    public async Task<Job> FindAsync(Played job) => (await store.FindJobAsync(job.Id, Cancel))!.Job;

    public ValueTask DisposeAsync() => store.DisposeAsync();

    private static LeaseRef LeaseOf(Device device) => new(device.Id, device.Lease!.Token);

    private DeviceOffer AsKnown(DeviceOffer offer) => View.FindDevice(offer.Id)?.Offer ?? offer;

    private async Task EnqueueAsync(string org, IReadOnlyList<Work> work)
    {
        foreach (var version in work.Select(w => w.Version).Distinct())
            await CommitAsync(
                new SetEstimate(Estimates.InstallKey(org, version), InstallSeconds(version)),
                new PutBuild(org, version, new Build(Platform.Android, version, $"{org}/{version}", 1, "app.apk", "1", Clock), Clock));
        var run = new Run { Id = $"r{++ids}", OrgId = org, CreatedAt = Clock, Total = work.Count };
        var these = work.Select(w => new Played(string.Create(CultureInfo.InvariantCulture, $"j{++ids:d6}"), run.Id, w)).ToList();
        foreach (var job in these) jobs.Add(job.Id, job);
        await CommitAsync(new Enqueue(run, [.. these.Select(j => new NewJob(j.Id, SpecOf(j.Work), j.Work.Seconds))], Clock));
    }

    private static JobSpec SpecOf(Work work) => new()
    {
        OrgId = work.Org,
        AppVersionId = work.Version,
        TestPath = "a.spec.ts",
        Priority = work.Priority,
        Target = work.Target,
        Device = work.Needs,
        Resources = work.Resource is { } name ? [name] : [],
        MaxAttempts = 2,
    };

    private async Task RefreshAsync() => View.Apply(await store.ReadPoolAsync(Run.DefaultPool, View.Revision, Cancel));

    private async Task DispatchAsync()
    {
        await RefreshAsync();
        Refreshed?.Invoke();
        var claims = new List<Claim>();
        var installs = new List<bool>();
        foreach (var device in View.Devices.OrderBy(d => d.Id, StringComparer.Ordinal).ToList())
        {
            var decision = Dispatch.Decide(View, device, Clock);
            Decided?.Invoke(device, decision);
            if (decision is not Decision.Claim claim) continue;
            claims.Add(View.ClaimFor(device, claim, $"c{++ids}", Ttl, Clock));
            installs.Add(claim.NeedsInstall);
            View.Assume(device.Id, claim.GroupId);
        }
        if (claims.Count == 0) return;
        var answers = await store.CommitAsync(claims, Cancel);
        // One replica, one batch: the view reckons with its own claims, so that none of them conflicts.
        for (var i = 0; i < answers.Count; i++) await StartAsync(Assert.IsType<ClaimAnswer.Claimed>(answers[i]), installs[i]);
    }

    private async Task StartAsync(ClaimAnswer.Claimed claimed, bool install)
    {
        var job = jobs[claimed.Job.Id];
        Assert.False(job.Canceled, $"{job.Id} was canceled and got {claimed.Device.Id}");
        job.Start ??= Now;
        var (lease, agent) = (LeaseOf(claimed.Device), claimed.Device.AgentId);
        var seconds = install ? InstallSeconds(job.Work.Version) : 0;
        // All versions are builds of one app: a device holds one of them.
        if (install)
            await CommitAsync(new Progress(lease, Clock, Installed: new ResidentBuild("app", $"{job.Work.Org}/{job.Work.Version}", job.Work.Org, job.Work.Version), InstallSeconds: seconds));
        if (install) Installs++;
        var boot = boots[agent];
        At(Now + seconds + job.Work.Seconds, () => FinishAsync(job, lease, agent, boot, Outcome(job, lease.DeviceId), job.Work.Seconds));
    }

    private async Task FinishAsync(Played job, LeaseRef lease, string agent, int boot, AttemptOutcome outcome, double seconds)
    {
        if (boots[agent] != boot) return;
        var answer = (await store.CommitAsync([new Finish(lease, $"f{++ids}", new AttemptEnd(outcome, null, seconds, []), Clock)], Cancel))[0];
        if (answer is FinishAnswer.Accepted { Job.IsFinal: true }) job.End = Now;
    }
}
