using Qgjob.Client.Wire;
using Qgjob.Core;
using Qgjob.Core.Scheduling;

namespace Qgjob.Server.Jobs;

/// <summary>What the API says of work that waits, from what the rule knows.</summary>
internal static class Waiting
{
    public static WaitingView? View(WaitReason? reason) => reason is null ? null : new WaitingView(Words.Of(reason.Kind), reason.Text);

    /// <summary>
    /// The forecast's word; where it was made before the job came, a rough reckoning. Null when no device will take the job as things are.
    /// </summary>
    /// <param name="forecast">The pool's forecast, if there is one.</param>
    /// <param name="rough">What <see cref="RoughReckoning"/> said of it.</param>
    /// <param name="groupId">The job's group.</param>
    /// <param name="ahead">Jobs of the group that go first.</param>
    /// <param name="estimateSeconds">What the job is expected to take.</param>
    /// <param name="now">UTC.</param>
    public static Expected? Of(Forecast? forecast, Expected? rough, string groupId, int ahead, double estimateSeconds, DateTimeOffset now)
    {
        if (forecast?.Covers(groupId, ahead) is not true) return rough is { } r ? r with { End = r.Start.AddSeconds(estimateSeconds) } : null;
        if (forecast.OfJob(groupId, ahead, estimateSeconds) is not { } expected) return null;
        // The forecast is a moment old.
        var late = now - expected.Start;
        return late <= TimeSpan.Zero ? expected : expected with { Start = now, End = expected.End + late };
    }
}
