using CsCheck;
using Qgjob.Core.Devices;
using Qgjob.Core.Jobs;
using Qgjob.Core.Runs;
using Qgjob.Core.Scheduling;
using Qgjob.Core.Storage;
using Qgjob.Core.Storage.Memory;

namespace Qgjob.Core.Tests.Scheduling;

/// <summary>The whole point of grouping, in virtual time: store, view and rule together.</summary>
public sealed class FewInstallsTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(2, 6)]
    [InlineData(7, 40)]
    public async Task One_device_installs_every_app_version_once_however_jobs_are_interleaved(int versions, int jobs)
    {
        await using var floor = new Floor(devices: 1);
        await floor.SubmitAsync(Enumerable.Range(0, jobs).Select(i => $"v{i % versions}"));
        await floor.RunToTheEndAsync();
        Assert.Equal((versions, jobs), (floor.Installs, floor.Done));
    }

    [Fact]
    public Task One_device_needs_no_more_installs_than_app_versions_for_any_queue() =>
        Gen.Int[0, 5].Array[1, 30].SampleAsync(async order =>
        {
            await using var floor = new Floor(devices: 1);
            await floor.SubmitAsync(order.Select(v => $"v{v}"));
            await floor.RunToTheEndAsync();
            Assert.Equal(order.Distinct().Count(), floor.Installs);
        }, iter: 30);

    [Fact]
    public Task Several_devices_finish_everything_and_none_reinstalls_what_it_has() =>
        Gen.Select(Gen.Int[0, 3].Array[1, 25], Gen.Int[2, 4]).SampleAsync(async (order, devices) =>
        {
            await using var floor = new Floor(devices);
            await floor.SubmitAsync(order.Select(v => $"v{v}"));
            await floor.RunToTheEndAsync();
            Assert.Equal(order.Length, floor.Done);
            Assert.InRange(floor.Installs, order.Distinct().Count(), order.Distinct().Count() * devices);
        }, iter: 30);

    /// <summary>Devices that work in virtual time: a job takes 30 s, an install 20 s.</summary>
    private sealed class Floor(int devices) : IAsyncDisposable
    {
        private static readonly TimeSpan Hour = TimeSpan.FromHours(1);
        private readonly MemoryStore store = new();
        private readonly PoolView view = new();
        private readonly PriorityQueue<LeaseRef, DateTimeOffset> busy = new();
        private DateTimeOffset now = new(2026, 1, 5, 9, 0, 0, TimeSpan.Zero);
        private int ids;

        public int Installs { get; private set; }
        public int Done { get; private set; }

        public async Task SubmitAsync(IEnumerable<string> versions)
        {
            var offers = Enumerable.Range(0, devices).Select(i => new DeviceOffer($"d{i}", Target.Device, Platform.Android, "13", "Pixel", [], []));
            var jobs = versions.Select(v => new NewJob($"j{++ids:d4}", new JobSpec { OrgId = "acme", AppVersionId = v, TestPath = "a.spec.ts" })).ToList();
            await store.CommitAsync(
                [
                    new Register("a1", "b1", "host", "0", "default", [.. offers], now),
                    new Enqueue(new Run { Id = "r1", OrgId = "acme", CreatedAt = now, Total = jobs.Count }, jobs, now),
                ],
                Cancel);
        }

        public async Task RunToTheEndAsync()
        {
            do
            {
                await DispatchAsync();
                if (!busy.TryDequeue(out var lease, out now)) break;
                var end = new AttemptEnd(AttemptOutcome.Passed, null, 30, []);
                Assert.IsType<FinishAnswer.Accepted>((await store.CommitAsync([new Finish(lease, $"f{++ids}", end, now)], Cancel))[0]);
                Done++;
            }
            while (true);
            Assert.Equal(JobVerdict.Passed, RunVerdict.Of((await store.FindRunAsync("r1", Cancel))!));
        }

        public ValueTask DisposeAsync() => store.DisposeAsync();

        /// <summary>As a dispatcher does: one batch with a claim for every device that is free.</summary>
        private async Task DispatchAsync()
        {
            view.Apply(await store.ReadPoolAsync("default", view.Revision, Cancel));
            var claims = new List<(Claim Claim, Decision.Claim Decision)>();
            foreach (var device in view.Devices.OrderBy(d => d.Id, StringComparer.Ordinal).ToList())
            {
                if (Dispatch.Decide(view, device, now) is not Decision.Claim decision) continue;
                var open = decision.NeedsInstall ? view.VersionOf(view.FindGroup(decision.GroupId)!)!.OpenVersion : (long?)null;
                claims.Add((new Claim(device.Id, device.Version, decision.GroupId, open, $"c{++ids}", Hour, now), decision));
                view.Assume(device.Id, decision.GroupId);
            }
            var answers = await store.CommitAsync([.. claims.Select(c => c.Claim)], Cancel);
            for (var i = 0; i < claims.Count; i++)
            {
                // One replica, one batch: the view reckons with its own claims, so that none of them conflicts.
                var claimed = Assert.IsType<ClaimAnswer.Claimed>(answers[i]);
                await StartAsync(claimed, claims[i].Decision.NeedsInstall);
            }
        }

        private async Task StartAsync(ClaimAnswer.Claimed claimed, bool install)
        {
            var lease = new LeaseRef(claimed.Device.Id, claimed.Device.Lease!.Token);
            if (install)
            {
                // All versions are builds of one app: a device holds one of them.
                var build = new ResidentBuild("com.example", claimed.Spec.AppVersionId, "acme", claimed.Spec.AppVersionId);
                await store.CommitAsync([new Progress(lease, now, Installed: build, InstallSeconds: 20)], Cancel);
                Installs++;
            }
            busy.Enqueue(lease, now.AddSeconds(install ? 50 : 30));
        }
    }
}
