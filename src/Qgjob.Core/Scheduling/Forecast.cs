namespace Qgjob.Core.Scheduling;

/// <summary>When something is expected.</summary>
/// <param name="Start">When the job's device is expected to begin with it.</param>
/// <param name="End">When it is expected to be done.</param>
/// <param name="IsRough">Reckoned from the work before it, not by playing the rule.</param>
public readonly record struct Expected(DateTimeOffset Start, DateTimeOffset End, bool IsRough);

/// <summary>How far a forecast looks. In steps, not time: the same pool gives the same forecast on every machine.</summary>
/// <param name="Claims">Starts of jobs.</param>
/// <param name="Decisions">Decisions, most of which are claims unless many devices idle.</param>
/// <param name="Looks">Looks at idle devices: for one that is like another no decision is made, but thousands of them at every start add up.</param>
public sealed record ForecastLimits(int Claims = 20_000, int Decisions = 60_000, int Looks = 2_000_000);

/// <summary>
/// When jobs are expected to start and end: the dispatch rule itself, played forward on virtual time over a copy of the
/// pool's counters, as if everything took what it is estimated to take.
/// </summary>
/// <remarks>
/// Counters know a group's work and its first job only, so each of its jobs takes their mean, and they keep the first
/// one's tier. Jobs that are yet to come, failures, and devices that come or go are not foreseen.
/// </remarks>
public sealed class Forecast
{
    private readonly IReadOnlyDictionary<string, GroupForecast> groups;

    private Forecast(IReadOnlyDictionary<string, GroupForecast> groups) => this.groups = groups;

    /// <summary>Plays the rule forward. Pure.</summary>
    /// <param name="pool">The pool's counters; see <see cref="PoolView.Snapshot"/>.</param>
    /// <param name="now">UTC, from the caller.</param>
    /// <param name="limits">How far to look.</param>
    public static Forecast Of(PoolDelta pool, DateTimeOffset now, ForecastLimits? limits = null) =>
        new(new ForecastPlay(pool, now, limits ?? new ForecastLimits()).Run());

    /// <summary>True when the forecast was made with that job in mind: an answer of null then means that no device will take it.</summary>
    /// <param name="groupId">The job's group.</param>
    /// <param name="ahead">Jobs of the group that go first.</param>
    public bool Covers(string groupId, int ahead) => groups.TryGetValue(groupId, out var group) && ahead < group.Queued;

    /// <summary>When a job is expected to run; null when, as things are, never.</summary>
    /// <param name="groupId">Its group.</param>
    /// <param name="ahead">Jobs of the group that go first.</param>
    /// <param name="estimateSeconds">What it is expected to take; null: what the group's jobs take on average.</param>
    public Expected? OfJob(string groupId, int ahead, double? estimateSeconds = null) =>
        Covers(groupId, ahead) ? groups[groupId].OfJob(ahead, estimateSeconds) : null;

    /// <summary>From the start of the group's first waiting job to the end of the last one; null when, as things are, that never comes.</summary>
    public Expected? OfGroup(string groupId) => groups.TryGetValue(groupId, out var group) ? group.Whole() : null;
}

/// <summary>What was played of one group, and what was left when the play was broken off.</summary>
internal sealed class GroupForecast(int queued, double meanSeconds)
{
    private readonly List<(DateTimeOffset Start, double InstallSeconds)> starts = [];
    private (DateTimeOffset From, double Seconds)? rest;

    public int Queued => queued;

    public void Start(DateTimeOffset at, double installSeconds) => starts.Add((at, installSeconds));

    /// <summary>The play was broken off: what is left is spread over the time that all the work left takes.</summary>
    public void SpreadRest(DateTimeOffset from, double seconds) => rest = (from, seconds);

    public Expected? OfJob(int ahead, double? estimateSeconds)
    {
        var seconds = estimateSeconds ?? meanSeconds;
        if (ahead < starts.Count)
        {
            var (start, install) = starts[ahead];
            return new Expected(start, start.AddSeconds(install + seconds), IsRough: false);
        }
        if (rest is not var (from, total)) return null;
        var begin = from.AddSeconds(total * (ahead - starts.Count) / (queued - starts.Count));
        return new Expected(begin, begin.AddSeconds(seconds), IsRough: true);
    }

    public Expected? Whole()
    {
        if (OfJob(0, null) is not { } first || OfJob(queued - 1, null) is not { } last) return null;
        var end = last.End;
        foreach (var (start, install) in starts)
            if (start.AddSeconds(install + meanSeconds) is var other && other > end) end = other;
        return new Expected(first.Start, end, last.IsRough);
    }
}
