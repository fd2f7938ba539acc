namespace Qgjob.Core.Simulation;

/// <summary>Notes when jobs start and end, and sums up.</summary>
internal sealed class Outcomes(IReadOnlyList<TraceJob> jobs)
{
    private readonly double[] starts = new double[jobs.Count];
    private readonly double[] ends = new double[jobs.Count];
    private int installs;

    public int Done { get; private set; }

    public void Start(int job, double now, bool install)
    {
        starts[job] = now;
        if (install) installs++;
    }

    public void End(int job, double now)
    {
        ends[job] = now;
        Done++;
    }

    public SimulationResult Result(SimulationOptions options, long decisions, double decisionMicroseconds)
    {
        var makespan = ends.DefaultIfEmpty(0).Max();
        var turnarounds = new double[jobs.Count];
        for (var i = 0; i < turnarounds.Length; i++) turnarounds[i] = ends[i] - jobs[i].ReleaseSeconds;
        var orgs = Enumerable.Range(0, jobs.Count).GroupBy(i => jobs[i].OrgId)
            .Select(o => new OrgResult(o.Key, o.Average(i => turnarounds[i]), o.Max(i => starts[i] - jobs[i].ReleaseSeconds)))
            .OrderBy(o => o.OrgId, StringComparer.Ordinal)
            .ToList();
        var mean = turnarounds.DefaultIfEmpty(0).Average();
        Array.Sort(turnarounds);
        var p95 = turnarounds.Length == 0 ? 0 : turnarounds[(int)Math.Ceiling(0.95 * turnarounds.Length) - 1];
        return new SimulationResult(
            options.Policy, options.Devices, jobs.Count, makespan, Bounds.Makespan(jobs, options.Devices), installs,
            Bounds.InstallFloor(jobs, makespan), mean, p95, decisions, decisionMicroseconds, orgs);
    }
}
