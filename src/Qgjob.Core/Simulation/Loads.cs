namespace Qgjob.Core.Simulation;

/// <summary>
/// Made-up traces with names, for tests, benchmarks and the documentation. Tests take 20 to 300 s (105 s on average),
/// installations 20 to 120 s, the same for all jobs of an app version; estimates are off by the noise.
/// </summary>
public static class Loads
{
    private const double FourHours = 4 * 3600;
    private const double TwoHours = 2 * 3600;

    private static readonly Dictionary<string, Action<LoadBuilder, double>> ByName = new(StringComparer.Ordinal)
    {
        // 300 groups of very different sizes, 40 jobs on average.
        ["at-once"] = (load, scale) => load.AllAtOnce(Many(300, scale), 40 * Many(300, scale), HeavyTail),
        // 40 groups of 100 to 250 jobs.
        ["large"] = (load, scale) => load.AllAtOnce(Many(40, scale), 175 * Many(40, scale), d => d.Between(2, 5)),
        // 3,000 groups of 1 to 14 jobs.
        ["small"] = (load, scale) => load.AllAtOnce(Many(3000, scale), 22 * Many(3000, scale) / 3, d => d.Unit()),
        ["arriving"] = (load, scale) => load.Arriving(FourHours, 1.14 * 200 * scale * FourHours),
        ["flood"] = (load, scale) => load.Flooding(TwoHours, 200 * scale * TwoHours, smallOrgs: 19),
        // For benchmarks: as large as it is on any number of devices.
        ["million"] = (load, _) => load.AllAtOnce(5000, 1_000_000, HeavyTail),
    };

    /// <summary>
    /// <c>at-once</c>: 300 groups of very different sizes, all there at once. <c>large</c>: 40 large groups at once.
    /// <c>small</c>: 3,000 small groups at once. <c>arriving</c>: groups that arrive over four hours, 1.14 times as much
    /// as the devices can do in that time. <c>flood</c>: one org submits more than the devices can do for two hours,
    /// and 19 others now and then a small group. <c>million</c>: 1,000,000 jobs in 5,000 groups at once.
    /// </summary>
    public static IReadOnlyList<string> Names { get; } = [.. ByName.Keys];

    /// <summary>Makes a trace, sorted by release. The same arguments give the same trace on every machine.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="seed">Another seed, another trace of the same kind.</param>
    /// <param name="devices">The number of devices that the trace is to keep busy; groups and jobs grow with it, except those of <c>million</c>.</param>
    /// <param name="noise">How far estimates are off: the standard deviation of their logarithm, 0.3 for 30 %.</param>
    /// <exception cref="ArgumentException">There is no such load.</exception>
    public static IReadOnlyList<TraceJob> Make(string name, int seed, int devices = 200, double noise = 0.3)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(devices, 1);
        if (!ByName.TryGetValue(name, out var fill)) throw new ArgumentException($"'{name}' is not a load; choose from {string.Join(", ", Names)}.", nameof(name));
        var load = new LoadBuilder(new Draws(((ulong)(uint)seed << 32) + Mark(name)), noise);
        fill(load, devices / 200.0);
        return load.Build();
    }

    private static int Many(int groups, double scale) => Math.Max(1, (int)Math.Round(groups * scale));

    /// <summary>Up to 60 times the smallest; without an end to it, one group would sometimes be half the load.</summary>
    private static double HeavyTail(Draws draws) => Math.Min(60, draws.Pareto(1.3));

    /// <summary>Loads with one seed differ in more than their sizes.</summary>
    private static uint Mark(string name) => name.Aggregate(0u, (mark, c) => unchecked(mark * 31 + c));
}
