using System.Globalization;
using System.Runtime.InteropServices;
using Qgjob.Core.Jobs;

namespace Qgjob.Core.Simulation;

/// <summary>Fills a trace with groups. Times are rounded, so that no machine's last digit makes a difference.</summary>
internal sealed class LoadBuilder(Draws draws, double noise)
{
    // A script that submits a suite file by file needs about this long.
    private const double SubmissionSeconds = 120;
    private const string FirstOrg = "acme";

    private readonly List<TraceJob> jobs = [];
    private readonly Dictionary<(string Org, int Number), string> testPaths = [];
    private int groups;

    /// <summary>In the order of submission; people who submit in the same moment get in between each other.</summary>
    public IReadOnlyList<TraceJob> Build()
    {
        draws.Shuffle(CollectionsMarshal.AsSpan(jobs));
        var order = new int[jobs.Count];
        for (var i = 0; i < order.Length; i++) order[i] = i;
        // By the index, too: Array.Sort alone does not keep the order of equals.
        Array.Sort(order, (a, b) => jobs[a].ReleaseSeconds.CompareTo(jobs[b].ReleaseSeconds) is not 0 and var difference ? difference : a.CompareTo(b));
        return Array.ConvertAll(order, i => jobs[i]);
    }

    /// <summary>Groups at second 0 whose sizes are in the drawn proportions and add up to the number of jobs.</summary>
    public void AllAtOnce(int number, int total, Func<Draws, double> proportion)
    {
        jobs.EnsureCapacity(total);
        var shares = new double[number];
        for (var g = 0; g < number; g++) shares[g] = proportion(draws);
        var sum = shares.Sum();
        // Rounding what has been given out so far makes the total exact; each group has one job beforehand.
        var spread = Math.Max(0, total - number);
        var upTo = 0.0;
        var given = 0;
        foreach (var share in shares)
        {
            upTo += share;
            var until = (int)Math.Round(spread * upTo / sum);
            Add(FirstOrg, 0, 0, 1 + until - given);
            given = until;
        }
    }

    /// <summary>Groups of 5 to 200 jobs that come at random until so much work is there, one installation each included.</summary>
    public void Arriving(double duration, double work)
    {
        while (work > 0) work -= Add(FirstOrg, draws.Between(0, duration), SubmissionSeconds, (int)Math.Clamp(5 * draws.Pareto(0.9), 5, 200));
    }

    /// <summary>
    /// The first org submits half of what the devices can do at once and 0.7 of it over time, in groups of 20 to 150
    /// jobs; each small one a group of 10 to 40 jobs every half hour.
    /// </summary>
    public void Flooding(double duration, double capacity, int smallOrgs)
    {
        var atOnce = capacity / 2;
        while (atOnce > 0) atOnce -= Add(FirstOrg, 0, 0, (int)draws.Between(20, 151));
        var later = capacity * 0.7;
        while (later > 0) later -= Add(FirstOrg, draws.Between(0, duration), SubmissionSeconds, (int)draws.Between(20, 151));
        var scale = Math.Sqrt(capacity / (200 * duration));
        for (var org = 1; org <= smallOrgs; org++)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"small-{org:00}");
            for (var at = draws.Between(0, 1800 / scale); at < duration; at += draws.Between(1260, 2340) / scale)
                Add(name, at, SubmissionSeconds / 10, Math.Max(1, (int)(scale * draws.Between(10, 41))));
        }
    }

    /// <summary>A group's jobs; returns their seconds with one installation.</summary>
    private double Add(string org, double release, double within, int count)
    {
        var version = string.Create(CultureInfo.InvariantCulture, $"{org}-{1 + groups++}");
        var install = Math.Round(draws.Between(20, 120), 1);
        var work = install;
        for (var i = 0; i < count; i++)
        {
            var duration = Math.Round(Math.Clamp(90 * draws.LogNormal(0.6), 20, 300), 1);
            var estimate = Math.Max(1, Math.Round(duration * draws.LogNormal(noise), 1));
            work += duration;
            jobs.Add(new TraceJob(
                Math.Round(release + within * draws.Unit(), 1), org, version, Target.Any, TestPath(org, i), 0, duration, estimate, install));
        }
        return work;
    }

    private string TestPath(string org, int number)
    {
        if (testPaths.TryGetValue((org, number), out var path)) return path;
        path = string.Create(CultureInfo.InvariantCulture, $"tests/{org}/{number + 1:000}.spec.ts");
        testPaths.Add((org, number), path);
        return path;
    }
}
