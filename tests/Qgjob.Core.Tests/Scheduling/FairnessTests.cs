using CsCheck;
using Qgjob.Core.Devices;
using Qgjob.Core.Scheduling;
using Qgjob.Core.Storage;

namespace Qgjob.Core.Tests.Scheduling;

/// <summary>Orgs share device seconds by weight, in the long run exactly, at any moment within the lag.</summary>
public sealed class FairnessTests
{
    [Fact]
    public Task Orgs_that_always_have_work_use_devices_by_their_weights() =>
        Gen.Select(Gen.Int[1, 8].Array[2, 4], Gen.Int[2, 5], Gen.Int[1, 6], Gen.Int[0, 1_000_000]).SampleAsync(async (weights, devices, versions, seed) =>
        {
            var random = new Random(seed);
            await using var lab = new VirtualLab(VirtualLab.Phones(devices)) { InstallSeconds = _ => 40 };
            await lab.OpenAsync([.. weights.Select((w, i) => new SetOrg("default", $"o{i}", w / 4.0, null, null))]);
            lab.Submit(Enumerable.Range(0, weights.Length).SelectMany(org => Enumerable.Range(0, 20 * 3600 * devices / 110).Select(_ =>
                new Work(0, $"o{org}", $"v{random.Next(versions)}", random.Next(20, 200)))));
            // From one moment to the next the difference never leaves the lag plus one claim.
            var furthest = (Fairness.LagSecondsPerDevice * devices) + ((200 + 40) / (weights.Min() / 4.0));
            for (var hour = 0.0; hour < 20; hour += 0.25)
            {
                await lab.RunAsync(hour * 3600);
                var used = weights.Select((_, i) => lab.View.OrgOf($"o{i}").VirtualTime).ToList();
                Assert.True(used.Max() - used.Min() <= furthest + (hour == 0 ? 1e9 : 0), $"second {lab.Now}: {string.Join(", ", used)}, at most {furthest} apart");
                if (weights.Select((_, i) => lab.View.OrgOf($"o{i}")).Any(o => o.Queued < 50)) break;
            }
            var seconds = weights.Select((w, i) => lab.View.OrgOf($"o{i}").VirtualTime * w).ToList();
            for (var i = 0; i < weights.Length; i++)
                Assert.InRange(seconds[i] / seconds.Sum(), ShareOf(weights, i) - (furthest * weights.Max() / seconds.Sum()), ShareOf(weights, i) + (furthest * weights.Max() / seconds.Sum()));
        }, iter: 8);

    [Fact]
    public async Task Who_comes_back_has_no_claim_to_what_others_used_meanwhile()
    {
        await using var lab = new VirtualLab(VirtualLab.Phones(4));
        await lab.OpenAsync();
        lab.Submit(Enumerable.Range(0, 2000).Select(i => new Work(0, "stays", $"v{i % 4}")));
        lab.Submit([new Work(0, "leaves", "v0"), .. Enumerable.Range(0, 2000).Select(i => new Work(10_000, "leaves", $"v{i % 4}"))]);
        await lab.RunAsync(10_000);
        var before = UsedBy("stays");
        await lab.RunAsync(13_600);
        // Half of four devices' hour, but for the lag, what runs and the claims of the moment.
        Assert.InRange(UsedBy("stays") - before, 7200 - (Fairness.LagSecondsPerDevice * 4), 7200 + (Fairness.LagSecondsPerDevice * 4) + (4 * 80));

        double UsedBy(string org) => lab.View.OrgOf(org).VirtualTime;
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task A_small_org_beside_a_flooding_one_waits_for_the_lag_and_one_test(int devices)
    {
        var mayServe = new Dictionary<string, double>();
        VirtualLab? playing = null;
        await using var lab = playing = new VirtualLab(VirtualLab.Phones(devices)) { InstallSeconds = _ => 60, Refreshed = NoteWhoIsBehind };
        await lab.OpenAsync();
        lab.Submit(Enumerable.Range(0, 400 * devices).Select(i => new Work(0, "flood", $"v{i % 3}", 30 + (i % 170))));
        lab.Submit(Enumerable.Range(1, 20).Select(i => new Work(i * 1700, "small", $"s{i}", 50)));
        await lab.RunAsync();
        Assert.True(lab.Jobs.Where(j => j.Work.Org == "flood").Max(j => j.End) > 21 * 1700);
        foreach (var job in lab.Jobs.Where(j => j.Work.Org == "small"))
        {
            var waited = job.Start!.Value - job.Work.At;
            Assert.InRange(waited, 0, Fairness.LagSecondsPerDevice + (2 * (200 + 60)));
            // Far enough behind, it need not wait for more than courtesy and the end of a test.
            var since = Math.Max(mayServe.GetValueOrDefault(job.Id, job.Start.Value), job.Work.At + Fairness.Courtesy.TotalSeconds);
            Assert.True(job.Start <= since + 200 + 60, $"{job.Work} may be served since {since}, started {job.Start}");
        }

        void NoteWhoIsBehind()
        {
            var behind = playing!.View.OrgOf("flood").VirtualTime - playing.View.OrgOf("small").VirtualTime;
            if (behind <= Fairness.LagSecondsPerDevice * devices) return;
            foreach (var job in playing.Jobs.Where(j => j.Work.Org == "small" && j.Start is null)) mayServe.TryAdd(job.Id, playing.Now);
        }
    }

    [Fact]
    public async Task An_org_never_has_more_devices_than_its_limit_and_others_use_the_rest()
    {
        VirtualLab? playing = null;
        var most = 0;
        await using var lab = playing = new VirtualLab(VirtualLab.Phones(5))
        {
            Refreshed = () => most = Math.Max(most, playing!.View.Devices.Count((Device d) => d.Lease?.OrgId == "limited")),
        };
        await lab.OpenAsync(new SetOrg("default", "limited", 8, 2, null));
        lab.Submit(Enumerable.Range(0, 200).SelectMany(i => (Work[])[new Work(0, "limited", "v", 50 + (i % 7)), new Work(0, "free", "v", 50 + (i % 7))]));
        await lab.RunAsync();
        Assert.Equal(2, most);
        Assert.InRange(lab.Jobs.Where(j => j.Work.Org == "free").Max(j => j.End!.Value), 0, (200 / 3 * 60) + 300);
    }

    private static double ShareOf(int[] weights, int org) => weights[org] / (double)weights.Sum();
}
