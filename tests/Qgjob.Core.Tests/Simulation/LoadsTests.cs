using System.Security.Cryptography;
using System.Text;
using Qgjob.Core.Simulation;

namespace Qgjob.Core.Tests.Simulation;

public sealed class LoadsTests
{
    public static TheoryData<string> Names => [.. Loads.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_load_is_within_its_limits_and_sorted(string name)
    {
        var jobs = Loads.Make(name, 1);
        Assert.DoesNotContain(jobs, j => j is not { DurationSeconds: >= 20 and <= 300, InstallSeconds: >= 20 and <= 120, EstimateSeconds: >= 1 and <= 3000 });
        Assert.DoesNotContain(jobs.Zip(jobs.Skip(1)), pair => pair.First.ReleaseSeconds > pair.Second.ReleaseSeconds);
        // One install time for each app version.
        Assert.Equal(Groups(jobs), jobs.Select(j => (j.OrgId, j.AppVersionId, j.InstallSeconds)).Distinct().Count());
        Assert.InRange(jobs.Average(j => j.DurationSeconds), 100, 112);
    }

    [Theory]
    [InlineData("at-once", 12_000, 12_000, 300, 300)]
    [InlineData("large", 7_000, 7_000, 40, 40)]
    [InlineData("small", 22_000, 22_000, 3000, 3000)]
    [InlineData("arriving", 25_000, 32_000, 500, 2500)]
    [InlineData("flood", 15_000, 20_000, 200, 400)]
    [InlineData("million", 1_000_000, 1_000_000, 5000, 5000)]
    public void Every_load_is_as_large_as_its_name_says(string name, int leastJobs, int mostJobs, int leastGroups, int mostGroups)
    {
        var jobs = Loads.Make(name, 2);
        Assert.InRange(jobs.Count, leastJobs, mostJobs);
        Assert.InRange(Groups(jobs), leastGroups, mostGroups);
    }

    [Fact]
    public void Groups_at_once_have_very_different_sizes()
    {
        var sizes = Loads.Make("at-once", 1).GroupBy(j => j.AppVersionId).Select(g => g.Count()).Order().ToList();
        Assert.True(sizes[150] < 30, $"{sizes[150]}");
        Assert.True(sizes[^1] > 300, $"{sizes[^1]}");
    }

    [Fact]
    public void Arriving_jobs_are_a_seventh_more_than_the_devices_can_do()
    {
        var jobs = Loads.Make("arriving", 1);
        var work = jobs.Sum(j => j.DurationSeconds) + jobs.GroupBy(j => j.AppVersionId).Sum(g => g.First().InstallSeconds);
        Assert.InRange(work / (200 * 4 * 3600), 1.14, 1.15);
        Assert.InRange(jobs[^1].ReleaseSeconds, 14_000, 14_520);
    }

    [Fact]
    public void One_org_floods_nineteen_small_ones()
    {
        var byOrg = Loads.Make("flood", 1).GroupBy(j => j.OrgId).OrderByDescending(g => g.Count()).ToList();
        Assert.Equal(20, byOrg.Count);
        Assert.True(byOrg[0].Count() > 5 * byOrg.Skip(1).Sum(g => g.Count()));
        Assert.All(byOrg, org => Assert.True(org.Last().ReleaseSeconds > 5000));
    }

    [Fact]
    public void Rows_of_different_groups_stand_between_each_other()
    {
        var jobs = Loads.Make("at-once", 1);
        var changes = jobs.Zip(jobs.Skip(1)).Count(pair => pair.First.AppVersionId != pair.Second.AppVersionId);
        Assert.True(changes > 0.9 * jobs.Count, $"{changes}");
    }

    [Fact]
    public void A_load_grows_with_the_devices()
    {
        Assert.Equal(24_000, Loads.Make("at-once", 1, devices: 400).Count);
        Assert.Equal(4, Groups(Loads.Make("large", 1, devices: 20)));
        Assert.Equal(600, Loads.Make("at-once", 1, devices: 10).Count);
        Assert.All(Loads.Names.Where(n => n != "million"), name => Assert.NotEmpty(Loads.Make(name, 1, devices: 1)));
    }

    [Fact]
    public void The_noise_is_that_of_the_estimates()
    {
        var exact = Loads.Make("at-once", 1, noise: 0);
        Assert.All(exact, j => Assert.Equal(j.DurationSeconds, j.EstimateSeconds));
        var noisy = Loads.Make("at-once", 1).Select(j => Math.Log(j.EstimateSeconds / j.DurationSeconds)).ToList();
        Assert.InRange(noisy.Average(), -0.02, 0.02);
        Assert.InRange(Math.Sqrt(noisy.Average(x => x * x)), 0.28, 0.32);
    }

    [Fact]
    public void Another_seed_is_another_trace_and_the_same_seed_the_same()
    {
        Assert.Equal(Loads.Make("flood", 4), Loads.Make("flood", 4));
        Assert.NotEqual(Loads.Make("flood", 4), Loads.Make("flood", 5));
        Assert.NotEqual(Loads.Make("flood", 0), Loads.Make("flood", -1));
    }

    /// <summary>Published figures were measured on these very bytes. A change of the generator changes the figures.</summary>
    [Theory]
    [InlineData("at-once", "ae617c09a996f5be")]
    [InlineData("large", "21428a48057694e2")]
    [InlineData("small", "269d3477cae456e8")]
    [InlineData("arriving", "4423a2b8c2910574")]
    [InlineData("flood", "febf160cd0fd6067")]
    public void A_load_never_changes(string name, string sha256)
    {
        var text = new StringWriter();
        TraceCsv.Write(text, Loads.Make(name, 1, devices: 20));
        Assert.Equal(sha256, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())))[..16]);
    }

    [Fact]
    public void An_unknown_load_names_the_known_ones() =>
        Assert.Contains("at-once, large, small, arriving, flood, million", Assert.Throws<ArgumentException>(() => Loads.Make("huge", 1)).Message, StringComparison.Ordinal);

    private static int Groups(IReadOnlyList<TraceJob> jobs) => jobs.Select(j => (j.OrgId, j.AppVersionId)).Distinct().Count();
}
