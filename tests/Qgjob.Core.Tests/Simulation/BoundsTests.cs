using System.Diagnostics;
using Qgjob.Core.Jobs;
using Qgjob.Core.Simulation;

namespace Qgjob.Core.Tests.Simulation;

public sealed class BoundsTests
{
    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 0)]
    [InlineData(2, 300)]
    [InlineData(3, 2000)]
    public void No_schedule_of_a_small_case_beats_the_bound(int seed, int lastRelease)
    {
        var random = new Random(seed);
        var ratios = new List<double>();
        for (var round = 0; round < 120; round++)
        {
            var jobs = Enumerable.Range(0, random.Next(1, 6))
                .Select(_ => Job(random.Next(lastRelease + 1), $"v{random.Next(3)}", random.Next(0, 301), random.Next(1, 121)))
                .ToList();
            var devices = random.Next(1, 4);
            var optimum = Optimum.Of(jobs, devices);
            var bound = Bounds.Makespan(jobs, devices);
            Assert.True(bound <= optimum.Makespan + 1e-6, $"seed {seed}, round {round}: bound {bound}, optimum {optimum.Makespan}");
            Assert.True(Bounds.InstallFloor(jobs, optimum.Makespan) <= optimum.Installs, $"seed {seed}, round {round}: {optimum}");
            ratios.Add(optimum.Makespan / bound);
        }
        // A bound of zero would never be violated either.
        Assert.InRange(ratios.Average(), 1, 1.12);
    }

    [Fact]
    public void One_job_takes_its_installation_and_itself() =>
        Assert.Equal(100 + 30 + 60, Bounds.Makespan([Job(100, "v", 60, 30)], 5), 6);

    [Fact]
    public void One_device_installs_each_version_once() =>
        Assert.Equal(2 * 50 + 3 * 20 + 10 + 40, Bounds.Makespan([Job(0, "a", 50, 10), Job(0, "b", 20, 40), Job(0, "a", 50, 10), .. Twice(Job(0, "b", 20, 40))], 1), 6);

    [Fact]
    public void Jobs_that_do_not_fit_on_one_device_two_at_a_time_need_one_each()
    {
        // Three devices and 30 + 100 each: less time would put two of 100 s on one device, and 2 * 100 + 30 is more than 130.
        Assert.Equal(130, Bounds.Makespan([.. Enumerable.Repeat(Job(0, "v", 100, 30), 3)], 3), 6);
        Assert.Equal(230, Bounds.Makespan([.. Enumerable.Repeat(Job(0, "v", 100, 30), 4)], 2), 6);
    }

    [Fact]
    public void A_late_burst_counts_from_its_release() =>
        Assert.Equal(1000 + 20 + 3 * 50, Bounds.Makespan([Job(0, "a", 10, 20), .. Enumerable.Repeat(Job(1000, "b", 50, 20), 3)], 1), 6);

    [Fact]
    public void A_device_may_still_have_the_app_of_earlier_jobs() =>
        Assert.Equal(1000 + 50, Bounds.Makespan([Job(0, "a", 10, 20), Job(1000, "a", 50, 20)], 1), 6);

    [Fact]
    public void The_smallest_install_time_of_a_group_counts() =>
        Assert.Equal(10 + 200, Bounds.Makespan([Job(0, "a", 100, 60), Job(0, "a", 100, 10)], 1), 6);

    [Fact]
    public void Groups_of_different_orgs_share_nothing() =>
        Assert.Equal(2 * 60, Bounds.Makespan([Job(0, "a", 50, 10), Job(0, "a", 50, 10) with { OrgId = "other" }], 1), 6);

    [Fact]
    public void Nothing_takes_no_time()
    {
        Assert.Equal(0, Bounds.Makespan([], 3));
        Assert.Equal(0, Bounds.InstallFloor([], 100));
        Assert.Throws<ArgumentOutOfRangeException>(() => Bounds.Makespan([], 0));
        Assert.Equal(20, Bounds.Makespan([Job(0, "a", 0, 20), Job(0, "a", 0, 20)], 2), 6);
    }

    [Fact]
    public void The_install_floor_counts_the_devices_that_a_group_needs_in_its_time()
    {
        IReadOnlyList<TraceJob> jobs = [.. Enumerable.Repeat(Job(0, "a", 100, 50), 10), Job(500, "b", 30, 20), Job(700, "b", 30, 20)];
        Assert.Equal(1 + 1, Bounds.InstallFloor(jobs, 1050));
        Assert.Equal(2 + 1, Bounds.InstallFloor(jobs, 1049));
        Assert.Equal(2 + 1, Bounds.InstallFloor(jobs, 800));
    }

    [Fact]
    public void More_devices_never_raise_the_bound_and_more_jobs_never_lower_it()
    {
        var random = new Random(5);
        for (var round = 0; round < 50; round++)
        {
            var jobs = Enumerable.Range(0, 60).Select(_ => Job(random.Next(500), $"v{random.Next(6)}", random.Next(20, 300), random.Next(20, 120))).ToList();
            var bounds = Enumerable.Range(1, 12).Select(devices => Bounds.Makespan(jobs, devices)).ToList();
            Assert.Equal(bounds.OrderDescending(), bounds);
            Assert.True(Bounds.Makespan(jobs[..40], 4) <= bounds[3] + 1e-6);
        }
    }

    [Fact]
    public void The_search_over_releases_finds_what_trying_them_all_finds()
    {
        var random = new Random(9);
        for (var round = 0; round < 40; round++)
        {
            var jobs = Enumerable.Range(0, 80).Select(_ => Job(random.Next(4000), $"v{random.Next(12)}", random.Next(20, 300), random.Next(20, 120))).ToList();
            var seen = jobs.GroupBy(j => j.AppVersionId).ToDictionary(g => g.Key, g => g.Min(j => j.ReleaseSeconds));
            // From r on, with the installations of groups that began earlier left out: what the search says of a single r.
            var all = jobs.Select(j => j.ReleaseSeconds).Distinct().Max(r => r + Bounds.Makespan(
                [.. jobs.Where(j => j.ReleaseSeconds >= r).Select(j => j with { ReleaseSeconds = 0, InstallSeconds = seen[j.AppVersionId] < r ? 0 : Smallest(jobs, j) })], 3));
            Assert.Equal(all, Bounds.Makespan(jobs, 3), 4);
        }
    }

    [Fact]
    public void Two_hundred_thousand_different_releases_take_seconds()
    {
        var random = new Random(1);
        // As much work as the devices can do, evenly: no release is clearly the tightest.
        var jobs = Enumerable.Range(0, 200_000).Select(i => Job(i * 0.5, $"v{random.Next(3000)}", 95 + random.Next(10), 60)).ToList();
        var watch = Stopwatch.StartNew();
        var bound = Bounds.Makespan(jobs, 200);
        Assert.InRange(bound, 100_000, 101_000);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(20), $"{watch.Elapsed}");
    }

    private static double Smallest(List<TraceJob> jobs, TraceJob job) => jobs.Where(j => j.AppVersionId == job.AppVersionId).Min(j => j.InstallSeconds);

    private static TraceJob[] Twice(TraceJob job) => [job, job];

    private static TraceJob Job(double release, string version, double duration, double install) =>
        new(release, "acme", version, Target.Any, "a.spec.ts", 0, duration, duration, install);
}
