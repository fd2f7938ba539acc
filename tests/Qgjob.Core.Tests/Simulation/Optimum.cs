using Qgjob.Core.Simulation;

namespace Qgjob.Core.Tests.Simulation;

/// <summary>The best schedule of a handful of jobs, found by trying all.</summary>
internal sealed record Optimum(double Makespan, int Installs)
{
    public static Optimum Of(IReadOnlyList<TraceJob> jobs, int devices) =>
        Best(jobs, new bool[jobs.Count], new double[devices], new string?[devices], 0, 0, new Optimum(double.MaxValue, 0));

    private static Optimum Best(IReadOnlyList<TraceJob> jobs, bool[] done, double[] free, string?[] resident, double end, int installs, Optimum best)
    {
        // Of equally short ones the one with the fewest installations.
        if (end > best.Makespan || (end == best.Makespan && installs >= best.Installs)) return best;
        if (Array.TrueForAll(done, d => d)) return new Optimum(end, installs);
        for (var j = 0; j < jobs.Count; j++)
        {
            if (done[j]) continue;
            done[j] = true;
            for (var d = 0; d < free.Length; d++)
            {
                var (freeBefore, residentBefore) = (free[d], resident[d]);
                var install = residentBefore != jobs[j].AppVersionId;
                free[d] = Math.Max(freeBefore, jobs[j].ReleaseSeconds) + (install ? jobs[j].InstallSeconds : 0) + jobs[j].DurationSeconds;
                resident[d] = jobs[j].AppVersionId;
                best = Best(jobs, done, free, resident, Math.Max(end, free[d]), installs + (install ? 1 : 0), best);
                (free[d], resident[d]) = (freeBefore, residentBefore);
                // Devices that nothing has run on are alike.
                if (residentBefore is null) break;
            }
            done[j] = false;
        }
        return best;
    }
}
