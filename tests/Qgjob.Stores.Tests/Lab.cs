using System.Globalization;
using Qgjob.Core.Devices;
using Qgjob.Core.Groups;
using Qgjob.Core.Jobs;
using Qgjob.Core.Orgs;
using Qgjob.Core.Results;
using Qgjob.Core.Runs;
using Qgjob.Core.Scheduling;
using Qgjob.Core.Storage;
using TestResult = Qgjob.Core.Results.TestResult;

namespace Qgjob.Stores.Tests;

/// <summary>A store with a clock and ids of its own, and short words for what tests do with it.</summary>
internal sealed class Lab(IJobStore store, CancellationToken cancel)
{
    public static readonly TimeSpan Ttl = TimeSpan.FromSeconds(60);
    private int ids;

    public IJobStore Store => store;
    public CancellationToken Cancel => cancel;
    public DateTimeOffset Now { get; set; } = new(2026, 1, 5, 9, 0, 0, TimeSpan.Zero);

    /// <summary>What the submitter believes its jobs take, from now on; null leaves it to history.</summary>
    public double? EstimateSeconds { get; set; }

    public string NewId(string prefix) => string.Create(CultureInfo.InvariantCulture, $"{prefix}-{++ids:d6}");

    public async Task<TAnswer> DoAsync<TAnswer>(StoreCommand<TAnswer> command)
        where TAnswer : class => (TAnswer)(await store.CommitAsync([command], cancel))[0];

    public static JobSpec Spec(string version = "v1", string test = "tests/a.spec.ts", string org = "acme") =>
        new() { OrgId = org, AppVersionId = version, TestPath = test };

    public Enqueue NewRun(IEnumerable<JobSpec> specs, string? key = null, string? body = null, string pool = Run.DefaultPool)
    {
        var jobs = specs.Select(s => new NewJob(NewId("j"), s, EstimateSeconds)).ToList();
        var run = new Run
        {
            Id = NewId("r"),
            OrgId = jobs.Count > 0 ? jobs[0].Spec.OrgId : "acme",
            Pool = pool,
            CreatedAt = Now,
            IdempotencyKey = key,
            BodyHash = body,
            Total = jobs.Count,
            Meta = new Dictionary<string, string> { ["branch"] = "main" },
        };
        return new Enqueue(run, jobs, Now);
    }

    /// <summary>Submits and gives the ids of the jobs, in order.</summary>
    public async Task<string[]> SubmitAsync(params JobSpec[] specs)
    {
        var command = NewRun(specs);
        Assert.IsType<EnqueueAnswer.Accepted>(await DoAsync(command));
        return [.. command.Jobs.Select(j => j.Id)];
    }

    /// <summary>Submits a run that is more than its jobs, and gives their ids.</summary>
    public async Task<string[]> SubmitAsync(Func<Run, Run> with, params JobSpec[] specs)
    {
        var command = NewRun(specs);
        Assert.IsType<EnqueueAnswer.Accepted>(await DoAsync(command with { Run = with(command.Run) }));
        return [.. command.Jobs.Select(j => j.Id)];
    }

    public static DeviceOffer Phone(string id, string model = "Pixel 7", string os = "13", Platform platform = Platform.Android) =>
        new(id, Target.Device, platform, os, model, ["lab1"], []);

    public Task<RegisterAnswer> RegisterAsync(string agent, string boot, params DeviceOffer[] devices) =>
        DoAsync(new Register(agent, boot, $"host of {agent}", "0.1.0", Run.DefaultPool, devices, Now));

    public async Task<PoolView> PoolAsync(string pool = Run.DefaultPool)
    {
        var view = new PoolView();
        view.Apply(await store.ReadPoolAsync(pool, 0, cancel));
        return view;
    }

    public async Task<Device> DeviceAsync(string id) => (await PoolAsync()).FindDevice(id)!;

    public async Task<Job> JobAsync(string id) => (await store.FindJobAsync(id, cancel))!.Job;

    public async Task<Run> RunOfAsync(string jobId) => (await store.FindRunAsync((await JobAsync(jobId)).RunId, cancel))!;

    public async Task<Group> GroupOfAsync(string jobId) => (await PoolAsync()).FindGroup((await JobAsync(jobId)).GroupId)!;

    public async Task<OrgShare> OrgAsync(string id = "acme", string pool = Run.DefaultPool) =>
        (await store.OrgsAsync(pool, cancel)).Single(o => o.OrgId == id);

    public async Task<Resource> ResourceAsync(string name, string org = "acme") =>
        (await store.ResourcesAsync(org, cancel)).Single(r => r.Name == name);

    /// <summary>Claims the first job of a job's group for a device, as a dispatcher with fresh news would.</summary>
    public async Task<ClaimAnswer> TryClaimAsync(string deviceId, string jobOfGroup, bool installs = false)
    {
        var device = await DeviceAsync(deviceId);
        var job = (await store.FindJobAsync(jobOfGroup, cancel))!;
        var version = await store.FindAppVersionAsync(job.Spec.OrgId, job.Spec.AppVersionId, cancel);
        return await DoAsync(new Claim(deviceId, device.Version, job.Job.GroupId, installs ? version!.OpenVersion : null, NewId("c"), Ttl, Now));
    }

    public async Task<LeaseRef> ClaimAsync(string deviceId, string jobOfGroup, bool installs = false)
    {
        var claimed = Assert.IsType<ClaimAnswer.Claimed>(await TryClaimAsync(deviceId, jobOfGroup, installs));
        return new LeaseRef(deviceId, claimed.Device.Lease!.Token);
    }

    public Task<FinishAnswer> TryFinishAsync(LeaseRef lease, AttemptOutcome outcome, string? finishId = null, params TestResult[] tests) =>
        DoAsync(new Finish(lease, finishId ?? NewId("f"), new AttemptEnd(outcome, $"ended {outcome}", 12.5, tests, DownloadSeconds: 3.5, SessionSeconds: 1.25), Now));

    public async Task<Job> FinishAsync(LeaseRef lease, AttemptOutcome outcome, params TestResult[] tests) =>
        Assert.IsType<FinishAnswer.Accepted>(await TryFinishAsync(lease, outcome, null, tests)).Job;

    public async Task<LeaseState> RenewAsync(string agent, LeaseRef lease) =>
        Assert.Single((await DoAsync(new Renew(agent, [lease], Ttl, Now))).States!);

    public Task<ExpireAnswer> ExpireLeasesAsync(int max = 100) =>
        DoAsync(new ExpireLeases(max, Now - TimeSpan.FromSeconds(90), Now));

    public static TestResult Test(string title, TestStatus status) => new(["a", title], "tests/a.spec.ts", 3, status, 1500);
}
