namespace Qgjob.Core.Simulation;

/// <summary>
/// Finds the largest r + T(r), T(r) being the least time for the jobs released at r or later. There may be a hundred
/// thousand different r. T never grows with r, so r2 + T(r1) is an upper bound for all r from r1 to r2, and asking
/// whether T(r1) stays below what is needed to beat the best so far takes one pass over the groups.
/// </summary>
internal sealed class ReleaseSearch
{
    // Where very many releases are nearly equally tight, a ten-thousandth is not worth minutes. What is found is a bound all the same.
    private const int ManyReleases = 2000;
    private const double Tolerance = 1e-4;
    private const int Bisections = 60;

    private readonly GroupedTrace trace;
    private readonly int devices;
    private readonly double[] releases;
    private readonly double goal;
    private double best;

    public ReleaseSearch(GroupedTrace trace, int devices)
    {
        this.trace = trace;
        this.devices = devices;
        var sorted = (double[])trace.Releases.Clone();
        Array.Sort(sorted);
        var distinct = 0;
        for (var i = 0; i < sorted.Length; i++)
            if (i == 0 || sorted[i] != sorted[i - 1]) sorted[distinct++] = sorted[i];
        releases = sorted[..distinct];
        goal = 1 + (distinct > ManyReleases ? Tolerance : 0);
    }

    public double Largest()
    {
        Improve(0);
        Improve(releases.Length - 1);
        // A good start makes the search short.
        for (var sample = 1; sample < 32; sample++) Improve((int)((long)releases.Length * sample / 32));
        Search(0, releases.Length - 1);
        return best;
    }

    private void Search(int first, int last)
    {
        if (Fits(releases[first], best * goal - releases[last])) return;
        if (first == last)
        {
            Improve(first);
            return;
        }
        var middle = first + (last - first) / 2;
        Improve(middle);
        Search(first, middle);
        Search(middle + 1, last);
    }

    /// <summary>Raises the best bound to r + T(r) when that is higher.</summary>
    private void Improve(int index)
    {
        var release = releases[index];
        var low = best - release;
        if (low > 0 && Fits(release, low)) return;
        low = Math.Max(0, low);
        var high = Math.Max(1, low);
        while (!Fits(release, high)) (low, high) = (high, 2 * high);
        for (var step = 0; step < Bisections && high - low > 1e-12 * high; step++)
        {
            var middle = (low + high) / 2;
            if (Fits(release, middle)) high = middle;
            else low = middle;
        }
        best = Math.Max(best, release + low);
    }

    /// <summary>The jobs released at this second or later might be done within the time.</summary>
    private bool Fits(double release, double time)
    {
        var room = devices * time;
        for (var g = 0; g < trace.Groups; g++)
        {
            var start = trace.Starts[g];
            var end = trace.Starts[g + 1];
            var first = FirstFrom(release, start, end);
            if (first == end) continue;
            // Earlier jobs of the group may have left the app on any device.
            var install = first == start ? trace.Installs[g] : 0;
            var each = time - install;
            if (each < trace.LongestFrom[first]) return false;
            room -= trace.SecondsFrom[first];
            if (install > 0)
                room -= install * Math.Max(Bounds.DevicesFor(trace.SecondsFrom[first], each, end - first), LongerThan(each / 2, first, end));
            if (room < 0) return false;
        }
        return true;
    }

    private int LongerThan(double seconds, int first, int end)
    {
        if (trace.LongestFrom[first] <= seconds) return 0;
        var count = 0;
        for (var i = first; i < end; i++)
            if (trace.Durations[i] > seconds) count++;
        return count;
    }

    private int FirstFrom(double release, int start, int end)
    {
        while (start < end)
        {
            var middle = start + (end - start) / 2;
            if (trace.Releases[middle] < release) start = middle + 1;
            else end = middle;
        }
        return start;
    }
}
