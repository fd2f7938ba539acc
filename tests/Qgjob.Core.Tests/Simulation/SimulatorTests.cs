using CsCheck;
using Qgjob.Core.Jobs;
using Qgjob.Core.Simulation;

namespace Qgjob.Core.Tests.Simulation;

public sealed class SimulatorTests
{
    private static readonly PolicyKind[] Policies = [PolicyKind.Qgjob, PolicyKind.Fifo, PolicyKind.Sticky];

    [Theory]
    [InlineData(PolicyKind.Qgjob, 220, 2)]
    [InlineData(PolicyKind.Fifo, 240, 4)]
    [InlineData(PolicyKind.Sticky, 220, 2)]
    public async Task One_device_installs_as_its_policy_says(PolicyKind policy, double makespan, int installs)
    {
        var result = await RunAsync([Job("a"), Job("b"), Job("a"), Job("b")], 1, policy);
        Assert.Equal((makespan, installs, 220, 2), (result.MakespanSeconds, result.Installs, Math.Round(result.MakespanBoundSeconds, 6), result.InstallFloor));
    }

    [Fact]
    public async Task Two_devices_take_a_version_each()
    {
        var result = await RunAsync([.. Enumerable.Repeat(Job("a", 100, 20), 3), .. Enumerable.Repeat(Job("b", 100, 20), 3)], 2);
        Assert.Equal((320, 2), (result.MakespanSeconds, result.Installs));
        Assert.Equal(Enumerable.Range(1, 3).Average(i => 20 + (100.0 * i)), result.MeanTurnaroundSeconds, 6);
        Assert.Equal(320, result.P95TurnaroundSeconds);
        var org = Assert.Single(result.Orgs);
        Assert.Equal(("acme", 220.0), (org.OrgId, org.MaxWaitSeconds));
    }

    [Fact]
    public async Task A_second_device_helps_where_it_is_worth_its_install()
    {
        var large = await RunAsync([.. Enumerable.Repeat(Job("a", 100, 20), 4)], 2);
        Assert.Equal((220, 2), (large.MakespanSeconds, large.Installs));
        var small = await RunAsync([.. Enumerable.Repeat(Job("a", 30, 60), 2)], 2);
        Assert.Equal((120, 1), (small.MakespanSeconds, small.Installs));
    }

    [Fact]
    public async Task A_device_keeps_its_app_between_releases_that_are_apart()
    {
        var result = await RunAsync([Job("a"), Job("a") with { ReleaseSeconds = 100 }, Job("b") with { ReleaseSeconds = 1000 }], 1);
        Assert.Equal((1060, 2), (result.MakespanSeconds, result.Installs));
        Assert.Equal((60.0 + 50 + 60) / 3, result.MeanTurnaroundSeconds, 6);
        Assert.Equal(0, result.Orgs[0].MaxWaitSeconds);
    }

    [Fact]
    public async Task A_more_urgent_job_that_comes_later_goes_first()
    {
        var result = await RunAsync(
            [Job("a"), Job("a"), Job("b") with { ReleaseSeconds = 10, Priority = 1, OrgId = "acme" }], 1);
        // a, b, a: the urgent one costs two installs.
        Assert.Equal((60 + 60 + 60, 3), (result.MakespanSeconds, result.Installs));
    }

    [Fact]
    public async Task Nothing_and_one_job()
    {
        var nothing = await RunAsync([], 3);
        Assert.Equal((0, 0.0, 0.0, 0, 0, 0.0), (nothing.Jobs, nothing.MakespanSeconds, nothing.MakespanBoundSeconds, nothing.Installs, nothing.InstallFloor, nothing.P95TurnaroundSeconds));
        Assert.Empty(nothing.Orgs);
        var one = await RunAsync([Job("a") with { ReleaseSeconds = 7 }], 3);
        Assert.Equal((1, 67.0, 67.0, 1, 1), (one.Jobs, one.MakespanSeconds, Math.Round(one.MakespanBoundSeconds, 6), one.Installs, one.InstallFloor));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => RunAsync([], 0));
    }

    [Fact]
    public async Task Unknown_estimates_and_no_time_at_all_are_no_trouble()
    {
        var result = await RunAsync([.. Enumerable.Range(0, 40).Select(i => Job($"v{i % 3}", i, i % 2) with { EstimateSeconds = double.NaN })], 2);
        Assert.Equal(40, result.Jobs);
        Assert.Equal(0, (await RunAsync([.. Enumerable.Repeat(Job("a", 0, 0), 5)], 2)).MakespanSeconds);
    }

    [Fact]
    public Task Every_policy_ends_every_job_and_none_beats_the_bounds() =>
        Gen.Select(GenJobs, Gen.Int[1, 6]).SampleAsync(async (jobs, devices) =>
        {
            foreach (var policy in Policies)
            {
                var result = await RunAsync(jobs, devices, policy);
                Assert.Equal(jobs.Length, result.Jobs);
                Assert.True(result.MakespanSeconds >= result.MakespanBoundSeconds - 1e-6, $"{result}");
                Assert.True(result.Installs >= result.InstallFloor, $"{result}");
                Assert.InRange(result.Installs, jobs.DistinctBy(j => (j.OrgId, j.AppVersionId)).Count(), jobs.Length);
                Assert.InRange(result.P95TurnaroundSeconds, jobs.Min(j => j.DurationSeconds), result.MakespanSeconds);
            }
        }, iter: 60);

    [Fact]
    public Task The_same_trace_gives_the_same_result_again() =>
        Gen.Select(GenJobs, Gen.Int[1, 6]).SampleAsync(async (jobs, devices) =>
        {
            foreach (var policy in Policies) AssertSame(await RunAsync(jobs, devices, policy), await RunAsync(jobs, devices, policy));
        }, iter: 20);

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Rows_need_not_be_sorted(int devices)
    {
        // Nothing is equal to anything else, so that no tie is broken by the order of rows.
        TraceJob[] jobs = [.. Enumerable.Range(0, 60).Select(i => Job($"v{i % 4}", 40 + Math.Sqrt(i), 30) with { ReleaseSeconds = (i * 20) + Math.Sqrt(i) })];
        var sorted = await RunAsync(jobs, devices);
        AssertSame(sorted, await RunAsync([.. jobs.Reverse()], devices));
        AssertSame(sorted, await RunAsync([.. jobs.OrderBy(j => j.DurationSeconds % 1)], devices));
    }

    private static void AssertSame(SimulationResult a, SimulationResult b)
    {
        Assert.Equal(a.Orgs.Select(Rounded), b.Orgs.Select(Rounded));
        Assert.Equal(a.MeanTurnaroundSeconds, b.MeanTurnaroundSeconds, 6);
        Assert.Equal(Plain(a), Plain(b));

        // Sums in another order differ in the last digits.
        static OrgResult Rounded(OrgResult org) => org with { MeanTurnaroundSeconds = Math.Round(org.MeanTurnaroundSeconds, 6) };
        static SimulationResult Plain(SimulationResult result) => result with
        {
            DecisionMicrosecondsMean = 0,
            MeanTurnaroundSeconds = 0,
            MakespanBoundSeconds = Math.Round(result.MakespanBoundSeconds, 6),
            Orgs = [],
        };
    }

    private static readonly Gen<TraceJob[]> GenJobs = Gen.Select(
        Gen.Int[0, 3000], Gen.Int[0, 2], Gen.Int[0, 4], Gen.Int[-1, 2], Gen.Int[1, 300], Gen.Int[0, 400],
        (release, org, version, priority, duration, estimate) => new TraceJob(
            release, $"o{org}", $"v{version}", Target.Any, "a.spec.ts", priority, duration, estimate > 300 ? double.NaN : estimate, 30 * version))
        .Array[1, 60];

    private static Task<SimulationResult> RunAsync(IReadOnlyList<TraceJob> jobs, int devices, PolicyKind policy = PolicyKind.Qgjob) =>
        Simulator.RunAsync(jobs, new SimulationOptions { Devices = devices, Policy = policy }, TestContext.Current.CancellationToken);

    private static TraceJob Job(string version, double duration = 50, double install = 10) =>
        new(0, "acme", version, Target.Any, "a.spec.ts", 0, duration, duration, install);
}
