using CsCheck;
using Qgjob.Core.Devices;
using Qgjob.Core.Groups;
using Qgjob.Core.Jobs;
using Qgjob.Core.Runs;
using Qgjob.Core.Scheduling;
using Qgjob.Core.Storage;
using Qgjob.Core.Storage.Memory;

namespace Qgjob.Core.Tests.Scheduling;

public sealed class ForecastTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task One_device_one_group()
    {
        await using var lab = await Lab.OpenAsync(devices: 1);
        await lab.SubmitAsync([new(0, 0), new(0, 0), new(0, 0)]);
        var forecast = lab.Forecast();
        var group = lab.OnlyGroup;
        Assert.Equal([0, 50, 80], Enumerable.Range(0, 3).Select(i => lab.SecondsOf(forecast.OfJob(group, i)!.Value.Start)));
        Assert.Equal([50, 80, 85], [lab.SecondsOf(forecast.OfJob(group, 0)!.Value.End), lab.SecondsOf(forecast.OfJob(group, 1)!.Value.End), lab.SecondsOf(forecast.OfJob(group, 2, 5)!.Value.End)]);
        Assert.Equal((0, 110), (lab.SecondsOf(forecast.OfGroup(group)!.Value.Start), lab.SecondsOf(forecast.OfGroup(group)!.Value.End)));
        Assert.False(forecast.OfJob(group, 2)!.Value.IsRough);
        Assert.False(forecast.Covers(group, 3));
        Assert.Null(forecast.OfJob(group, 3));
        Assert.Null(forecast.OfGroup("g-none"));
    }

    [Fact]
    public async Task A_job_that_no_device_will_take_has_no_start()
    {
        await using var lab = await Lab.OpenAsync(devices: 1);
        await lab.SubmitAsync([new(0, 0, Target.Emulator)]);
        Assert.True(lab.Forecast().Covers(lab.OnlyGroup, 0));
        Assert.Null(lab.Forecast().OfJob(lab.OnlyGroup, 0));
        Assert.Null(lab.Forecast().OfGroup(lab.OnlyGroup));
    }

    [Fact]
    public async Task A_paused_lab_starts_nothing_even_when_its_device_is_done()
    {
        await using var lab = await Lab.OpenAsync(devices: 1);
        await lab.SubmitAsync([new(0, 0), new(0, 0)]);
        await lab.DispatchAsync();
        Assert.Equal(50, lab.SecondsOf(lab.Forecast().OfJob(lab.OnlyGroup, 0)!.Value.Start));
        await lab.PauseAsync("d0");
        Assert.Null(lab.Forecast().OfJob(lab.OnlyGroup, 0));
    }

    [Fact]
    public async Task Beyond_its_limits_it_is_rough_and_says_so()
    {
        await using var lab = await Lab.OpenAsync(devices: 2);
        await lab.SubmitAsync(Enumerable.Range(0, 200).Select(_ => new Wish(0, 0)));
        var whole = lab.Forecast();
        var part = lab.Forecast(new ForecastLimits(Claims: 20));
        Assert.Equal(whole.OfJob(lab.OnlyGroup, 19), part.OfJob(lab.OnlyGroup, 19));
        foreach (var i in new[] { 20, 100, 199 })
        {
            Assert.True(part.OfJob(lab.OnlyGroup, i)!.Value.IsRough);
            Assert.Equal(lab.SecondsOf(whole.OfJob(lab.OnlyGroup, i)!.Value.Start), lab.SecondsOf(part.OfJob(lab.OnlyGroup, i)!.Value.Start), 60.0);
        }
        Assert.True(part.OfGroup(lab.OnlyGroup)!.Value.IsRough);
        Assert.False(whole.OfGroup(lab.OnlyGroup)!.Value.IsRough);
        await lab.SubmitAsync([new(1, 0, Target.Emulator)]);
        Assert.Null(lab.Forecast(new ForecastLimits(Claims: 20)).OfGroup(lab.GroupIds.Except([lab.OnlyGroup]).Single()));
    }

    [Fact]
    public async Task Looks_at_devices_that_idle_beside_the_work_are_counted_and_the_rest_goes_on_as_slowly()
    {
        await using var lab = await Lab.OpenAsync(devices: 50);
        // One unit: 49 devices idle at every start.
        await lab.SubmitAsync(Enumerable.Range(0, 200).Select(_ => new Wish(0, 0, Resource: "seat")));
        var whole = lab.Forecast();
        var part = lab.Forecast(new ForecastLimits(Looks: 2_000));
        Assert.False(whole.OfJob(lab.OnlyGroup, 199)!.Value.IsRough);
        Assert.Equal(whole.OfJob(lab.OnlyGroup, 10), part.OfJob(lab.OnlyGroup, 10));
        Assert.True(part.OfJob(lab.OnlyGroup, 199)!.Value.IsRough);
        Assert.Equal(lab.SecondsOf(whole.OfJob(lab.OnlyGroup, 199)!.Value.Start), lab.SecondsOf(part.OfJob(lab.OnlyGroup, 199)!.Value.Start), 60.0);
    }

    [Fact]
    public Task When_things_take_what_they_are_estimated_to_the_rule_does_what_was_foreseen() =>
        Gen.Select(Gen.Int[0, 5], Gen.Int[0, 2], Gen.Int[0, 5]).Array[1, 40]
            .Select(Gen.Int[1, 5], Gen.Int[0, 12], Gen.Int[0, 3], (jobs, devices, ends, limit) => (jobs, devices, ends, limit))
            .SampleAsync(async sample =>
            {
                await using var lab = await Lab.OpenAsync(sample.devices, maxDevicesOfFirst: sample.limit == 0 ? null : sample.limit);
                // One kind of device and priority for each app version: then its jobs are alike, as the counters have it.
                await lab.SubmitAsync(sample.jobs.Select(j => new Wish(j.Item1, j.Item2, (Target)(j.Item1 % 2 == 0 ? (int)Target.Any : (int)Target.Device), j.Item1 == 3 ? "seat" : null)));
                await lab.DispatchAsync();
                for (var i = 0; i < sample.ends && await lab.StepAsync(); i++) { }
                var forecast = lab.Forecast();
                var queued = lab.Queued;
                lab.Forget();
                while (await lab.StepAsync()) { }
                foreach (var (group, count) in queued)
                    Assert.Equal(
                        lab.Starts.Where(s => s.GroupId == group).Select(s => s.Second),
                        Enumerable.Range(0, count).Select(i => lab.SecondsOf(forecast.OfJob(group, i)!.Value.Start)));
            }, iter: 200, threads: 1);

    private sealed record Wish(int Version, int Org, Target Target = Target.Any, string? Resource = null);

    /// <summary>Store, view and rule on virtual time. A job takes 30 s and more by its app version, an install 20 s and more.</summary>
    private sealed class Lab : IAsyncDisposable
    {
        private static readonly DateTimeOffset Epoch = new(2026, 1, 5, 9, 0, 0, TimeSpan.Zero);
        private readonly MemoryStore store = new();
        private readonly PoolView view = new();
        private readonly PriorityQueue<(LeaseRef Lease, int Version), (DateTimeOffset At, string Device)> busy = new();
        private readonly List<(string GroupId, double Second)> starts = [];
        private DateTimeOffset now = Epoch;
        private int ids;

        public string OnlyGroup { get; private set; } = "";
        public IEnumerable<string> GroupIds => view.Groups.Select(g => g.Id);
        public IReadOnlyList<(string GroupId, double Second)> Starts => starts;
        public List<(string Group, int Count)> Queued => [.. view.Groups.Where(g => g.Queued > 0).Select(g => (g.Id, g.Queued))];

        public static async Task<Lab> OpenAsync(int devices, int? maxDevicesOfFirst = null)
        {
            var lab = new Lab();
            var offers = Enumerable.Range(0, devices).Select(i => new DeviceOffer($"d{i}", Target.Device, Platform.Android, "13", "Pixel", [], []));
            await lab.CommitAsync([new Register("a1", "b1", "host", "0", "default", [.. offers], Epoch)]);
            await lab.CommitAsync([new SetResource("org0", "seat", ["1"]), new SetResource("org1", "seat", ["1", "2"]), new SetResource("org2", "seat", ["1"])]);
            if (maxDevicesOfFirst is { } most) await lab.CommitAsync([new SetOrg("default", "org0", 2, most, null)]);
            return lab;
        }

        public double SecondsOf(DateTimeOffset at) => (at - Epoch).TotalSeconds;

        public Forecast Forecast(ForecastLimits? limits = null) => Core.Scheduling.Forecast.Of(view.Snapshot(), now, limits);

        public void Forget() => starts.Clear();

        public async Task SubmitAsync(IEnumerable<Wish> wishes)
        {
            foreach (var ofOrg in wishes.GroupBy(w => w.Org))
            {
                foreach (var version in ofOrg.Select(w => w.Version).Distinct())
                {
                    await CommitAsync([new SetEstimate(Estimates.InstallKey($"org{ofOrg.Key}", "com.example"), InstallSeconds(version))]);
                    await CommitAsync([new PutBuild($"org{ofOrg.Key}", $"v{version}", new Build(Platform.Android, "com.example", Sha(version), 1, "app.apk", "1", Epoch), now)]);
                }
                var jobs = ofOrg.Select(w => new NewJob($"j{++ids:d4}", new JobSpec
                {
                    OrgId = $"org{w.Org}",
                    AppVersionId = $"v{w.Version}",
                    TestPath = "a.spec.ts",
                    Target = w.Target,
                    Priority = w.Version == 5 ? 1 : 0,
                    Resources = w.Resource is null ? [] : [w.Resource],
                }, RunSeconds(w.Version))).ToList();
                await CommitAsync([new Enqueue(new Run { Id = $"r{++ids}", OrgId = $"org{ofOrg.Key}", CreatedAt = now, Total = jobs.Count }, jobs, now)]);
            }
            await RefreshAsync();
            OnlyGroup = OnlyGroup.Length > 0 ? OnlyGroup : view.Groups.First().Id;
        }

        public async Task PauseAsync(string device)
        {
            await CommitAsync([new OrderDevice(device, FleetOrder.Pause, null, now)]);
            await RefreshAsync();
        }

        /// <summary>The next moment at which something ends, and what is claimed then; false when nothing runs.</summary>
        public async Task<bool> StepAsync()
        {
            if (!busy.TryPeek(out _, out var first)) return false;
            now = first.At;
            while (busy.TryPeek(out var one, out var at) && at.At == now)
            {
                busy.Dequeue();
                var end = new AttemptEnd(AttemptOutcome.Passed, null, RunSeconds(one.Version), []);
                Assert.IsType<FinishAnswer.Accepted>((await CommitAsync([new Finish(one.Lease, $"f{++ids}", end, now)]))[0]);
            }
            await DispatchAsync();
            return true;
        }

        /// <summary>As a dispatcher does: a batch with a claim for every device that is free, until none claims.</summary>
        public async Task DispatchAsync()
        {
            await RefreshAsync();
            var claims = new List<(Claim Claim, Decision.Claim Decision)>();
            foreach (var device in view.Devices.OrderBy(d => d.Id, StringComparer.Ordinal).ToList())
            {
                if (Dispatch.Decide(view, device, now) is not Decision.Claim decision) continue;
                claims.Add((view.ClaimFor(device, decision, $"c{++ids}", TimeSpan.FromDays(1), now), decision));
                view.Assume(device.Id, decision.GroupId);
            }
            if (claims.Count == 0) return;
            var answers = await CommitAsync([.. claims.Select(c => c.Claim)]);
            for (var i = 0; i < claims.Count; i++)
                await StartAsync(Assert.IsType<ClaimAnswer.Claimed>(answers[i]), claims[i].Decision);
            await DispatchAsync();
        }

        public ValueTask DisposeAsync() => store.DisposeAsync();

        private async Task StartAsync(ClaimAnswer.Claimed claimed, Decision.Claim decision)
        {
            starts.Add((decision.GroupId, SecondsOf(now)));
            var version = int.Parse(claimed.Spec.AppVersionId.AsSpan(1), System.Globalization.CultureInfo.InvariantCulture);
            var lease = new LeaseRef(claimed.Device.Id, claimed.Device.Lease!.Token);
            if (decision.NeedsInstall)
            {
                var build = new ResidentBuild("com.example", Sha(version), claimed.Spec.OrgId, claimed.Spec.AppVersionId);
                await CommitAsync([new Progress(lease, now, Installed: build, InstallSeconds: InstallSeconds(version))]);
            }
            busy.Enqueue((lease, version), (now.AddSeconds(RunSeconds(version) + (decision.NeedsInstall ? InstallSeconds(version) : 0)), lease.DeviceId));
        }

        private static double RunSeconds(int version) => 30 + (version * 7);

        private static double InstallSeconds(int version) => 20 + (version * 3);

        private static string Sha(int version) => $"sha{version}";

        private async Task RefreshAsync() => view.Apply(await store.ReadPoolAsync("default", view.Revision, Cancel));

        private async Task<IReadOnlyList<object>> CommitAsync(IReadOnlyList<StoreCommand> batch) => await store.CommitAsync(batch, Cancel);
    }
}
