using CsCheck;

namespace Qgjob.Core.Tests.Scheduling;

/// <summary>How long a job can wait at most, and that only older or more urgent work makes it wait.</summary>
/// <remarks>
/// One org, m equal devices, no failures. Job j of app version g is released at r and has tier t. p and s are what
/// tests and installs take, L the longest of each together.
/// <para>
/// F: jobs of tier ≤ t + patience that are not over at r or come later; there are no others from a moment on. While j
/// waits, the first window begins at t or before, and so does every window up to that with g: whatever a free device
/// takes there is of F. So all devices work on F, save for what they had at r (L each), unless one passes g over:
/// it takes something behind g, or idles. Then g is served by k ≥ 1 devices and W/k ≤ 2s, W its waiting seconds.
/// </para>
/// <para>
/// (a) Those who serve g go on with it. After the first pass, the k devices are at j within L + W/k ≤ L + 2s,
/// plus what comes into g later and goes before j, until second e. So j waits T(F)/m + 2L + 2s + (e − r) at most.
/// (b) Or count: while a device does other work, another serves g, which takes O, the seconds of the jobs of g that go
/// before j with an install each, and what it did at r. So j waits T(F)/m + O + 2L at most.
/// </para>
/// <para>
/// One who serves g leaves it only for work that goes before g. Devices that passed g over meanwhile may be L away:
/// each of these D departures costs another L in (b), and the whole 2L + 2s again in (a). D is at most the number
/// of jobs that go before those of g, and of those of g that go before j: somebody took one of them in between.
/// </para>
/// </remarks>
public sealed class AgingTests
{
    private const int Patience = 6;
    private const double TierSeconds = 600;
    private const double Overload = 1.3;
    private const double Hours10 = 36_000;

    [Fact]
    public Task No_job_waits_longer_than_its_bound() =>
        Gen.Select(Gen.Int[1, 4], Gen.Double[0, 0.8], Gen.Double[0, 0.4], Gen.Int[1, 60], Gen.Int[0, 1_000_000]).SampleAsync(
            async (devices, endless, urgent, groups, seed) => await CheckAsync(Streams(devices, endless, urgent, groups, seed), devices, seed),
            iter: 10);

    [Fact]
    public async Task A_group_that_never_runs_dry_gives_way_to_one_job_of_another() => await CheckAsync(
        [.. Every(60 / Overload / 2, Hours10, at => new Work(at, "acme", "endless")), new Work(3600, "acme", "other")], 2, 0);

    [Fact]
    public async Task A_stream_of_urgent_work_gives_way_to_one_job_of_low_priority() => await CheckAsync(
        [.. Every(60 / Overload / 2, Hours10, at => new Work(at, "acme", "urgent", Priority: 2)), new Work(3600, "acme", "other", Priority: -1)], 2, 0);

    private static async Task CheckAsync(List<Work> work, int devices, int seed)
    {
        await using var lab = new VirtualLab(VirtualLab.Phones(devices)) { InstallSeconds = v => InstallSeconds(v, seed) };
        await lab.OpenAsync();
        lab.Submit(work);
        await lab.RunAsync();
        Assert.All(lab.Jobs, j => Assert.NotNull(j.End));
        var longest = lab.Jobs.Max(j => j.Work.Seconds) + lab.Jobs.Max(j => InstallSeconds(j.Work.Version, seed));
        var tightest = 0.0;
        foreach (var job in lab.Jobs)
        {
            var waited = job.Start!.Value - job.Work.At;
            var bound = Bound(job, lab.Jobs, devices, longest, seed);
            tightest = Math.Max(tightest, waited / bound);
            Assert.True(waited <= bound, $"{job.Work} waited {waited} s, its bound is {bound} s; {devices} devices, seed {seed}");
        }
        TestContext.Current.TestOutputHelper?.WriteLine($"{work.Count} jobs, {devices} devices: longest wait {lab.Jobs.Max(j => j.Start - j.Work.At):0} s, at most {tightest:0.00} of the bound");
    }

    private static double Bound(Played job, IReadOnlyCollection<Played> all, int devices, double longest, int seed)
    {
        var tier = Tier(job.Work);
        var others = all.Where(o => o != job && o.End > job.Work.At && Tier(o.Work) <= tier + Patience).ToList();
        var own = others.Where(o => o.Work.Version == job.Work.Version && Tier(o.Work) <= tier).ToList();
        var lowest = own.Select(o => o.Work.Priority).Append(job.Work.Priority).Min();
        var above = others.Count(o => o.Work.Version != job.Work.Version && Tier(o.Work) < tier
            && (o.Work.Priority > lowest || Tier(o.Work) < tier - Patience));
        var departures = Math.Min(above, own.Count);
        var later = own.Select(o => o.Work.At).Append(job.Work.At).Max() - job.Work.At;
        var byWorth = ((1 + departures) * ((2 * longest) + (2 * InstallSeconds(job.Work.Version, seed)))) + later;
        var byCount = own.Sum(Seconds) + ((2 + departures) * longest);
        return (others.Sum(Seconds) / devices) + Math.Min(byWorth, byCount);

        double Seconds(Played o) => o.Work.Seconds + InstallSeconds(o.Work.Version, seed);
    }

    // The lab's clock starts at a full ten minutes, so tiers can be counted from there.
    private static long Tier(Work work) => (long)(work.At / TierSeconds) - work.Priority;

    private static double InstallSeconds(string version, int seed) => 20 + (new Random(seed + version.Sum(c => c * 31)).NextDouble() * 100);

    /// <summary>Ten hours of more than the devices can do: one endless group, urgent work, and the rest in many groups.</summary>
    private static List<Work> Streams(int devices, double endless, double urgent, int groups, int seed)
    {
        var random = new Random(seed);
        var work = new List<Work>();
        for (var at = 0.0; at < Hours10;)
        {
            var seconds = Math.Round(20 + (280 * Math.Pow(random.NextDouble(), 2)));
            var kind = random.NextDouble();
            work.Add(kind < endless ? new Work(at, "acme", "endless", seconds)
                : kind < endless + urgent ? new Work(at, "acme", $"u{random.Next(5)}", seconds, Priority: 2)
                : new Work(at, "acme", $"v{random.Next(groups)}", seconds, random.Next(-1, 2)));
            at += -Math.Log(1 - random.NextDouble()) * 113 / devices / Overload;
        }
        return work;
    }

    private static IEnumerable<Work> Every(double seconds, double until, Func<double, Work> make)
    {
        for (var at = 0.0; at < until; at += seconds) yield return make(at);
    }
}
