using System.Runtime.InteropServices;

namespace Qgjob.Core.Simulation;

/// <summary>
/// A trace laid out for bounds: groups side by side, each sorted by release, with what is left of the group from
/// each job on. Flat arrays, because a million jobs must fit many times over.
/// </summary>
internal sealed class GroupedTrace
{
    public GroupedTrace(IReadOnlyList<TraceJob> jobs)
    {
        var groupOf = new int[jobs.Count];
        var sizes = new List<int>();
        var installs = new List<double>();
        var numbers = new Dictionary<(string Org, string AppVersion), int>();
        for (var i = 0; i < groupOf.Length; i++)
        {
            var job = jobs[i];
            ref var number = ref CollectionsMarshal.GetValueRefOrAddDefault(numbers, (job.OrgId, job.AppVersionId), out var known);
            if (!known)
            {
                number = sizes.Count;
                sizes.Add(0);
                installs.Add(job.InstallSeconds);
            }
            groupOf[i] = number;
            sizes[number]++;
            installs[number] = Math.Min(installs[number], job.InstallSeconds);
        }
        Installs = [.. installs];
        Starts = new int[sizes.Count + 1];
        for (var g = 0; g < sizes.Count; g++) Starts[g + 1] = Starts[g] + sizes[g];
        Releases = new double[groupOf.Length];
        Durations = new double[groupOf.Length];
        var next = Starts[..^1];
        for (var i = 0; i < groupOf.Length; i++)
        {
            var place = next[groupOf[i]]++;
            Releases[place] = jobs[i].ReleaseSeconds;
            Durations[place] = jobs[i].DurationSeconds;
        }
        SecondsFrom = new double[groupOf.Length];
        LongestFrom = new double[groupOf.Length];
        for (var g = 0; g < Groups; g++) LayOut(Starts[g], Starts[g + 1]);
    }

    public int Groups => Installs.Length;

    /// <summary>The smallest install time of each group: with any larger one the bounds would not be bounds.</summary>
    public double[] Installs { get; }

    /// <summary>Where each group begins in the arrays of jobs, and after the last one where it ends.</summary>
    public int[] Starts { get; }

    public double[] Releases { get; }

    public double[] Durations { get; }

    /// <summary>Durations of the job and of those of its group after it.</summary>
    public double[] SecondsFrom { get; }

    /// <summary>The longest of the job and those of its group after it.</summary>
    public double[] LongestFrom { get; }

    private void LayOut(int start, int end)
    {
        Array.Sort(Releases, Durations, start, end - start);
        var seconds = 0.0;
        var longest = 0.0;
        for (var i = end - 1; i >= start; i--)
        {
            SecondsFrom[i] = seconds += Durations[i];
            LongestFrom[i] = longest = Math.Max(longest, Durations[i]);
        }
    }
}
