namespace Qgjob.Core.Simulation;

/// <summary>What no schedule can beat, however clever: the measure that a schedule is judged by.</summary>
/// <remarks>
/// A group is an org with an app version; its jobs share installations. s is its smallest install time and P the sum
/// of its durations. Within a makespan of T one device has at most T − s seconds left for a group's tests after the
/// installation, so the group needs n = ⌈P/(T − s)⌉ devices, and one device each for the jobs longer than (T − s)/2.
/// All P + n·s must fit into T seconds of every device.
/// </remarks>
public static class Bounds
{
    /// <summary>
    /// A lower bound of the second at which the last job ends: the largest r + T over all r, T being the least time that the jobs
    /// released at r or later take. A group that has earlier jobs, too, counts without installations from r on: a
    /// device may have its app already.
    /// </summary>
    /// <param name="jobs">The trace, in any order.</param>
    /// <param name="devices">Devices that all jobs may use.</param>
    public static double Makespan(IReadOnlyList<TraceJob> jobs, int devices)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(devices, 1);
        return jobs.Count == 0 ? 0 : new ReleaseSearch(new GroupedTrace(jobs), devices).Largest();
    }

    /// <summary>The fewest installations that end by the makespan: Σ max(1, ⌈P/(makespan − first release − s)⌉) over the groups.</summary>
    /// <param name="jobs">The trace, in any order.</param>
    /// <param name="makespan">The second at which the last job ended.</param>
    public static int InstallFloor(IReadOnlyList<TraceJob> jobs, double makespan)
    {
        var trace = new GroupedTrace(jobs);
        var floor = 0;
        for (var g = 0; g < trace.Groups; g++)
        {
            var first = trace.Starts[g];
            floor += DevicesFor(trace.SecondsFrom[first], makespan - trace.Releases[first] - trace.Installs[g], trace.Starts[g + 1] - first);
        }
        return floor;
    }

    /// <summary>Devices that a group needs at least when each has so many seconds for its tests.</summary>
    internal static int DevicesFor(double seconds, double each, int jobs)
    {
        if (seconds <= 0) return 1;
        // A hair less than the quotient: rounding must not turn an exact fit into one device more.
        var needed = Math.Ceiling(seconds / each * (1 - 1e-12) - 1e-9);
        return each <= 0 || needed > jobs ? jobs : Math.Max(1, (int)needed);
    }
}
