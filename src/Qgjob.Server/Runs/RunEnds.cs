using Qgjob.Core.Runs;
using Qgjob.Core.Storage;
using Qgjob.Server.Events;

namespace Qgjob.Server.Runs;

/// <summary>Waits for runs to end, so that nobody need ask again and again.</summary>
internal sealed class RunEnds(RunReader runs, IJobStore store, Pulses pulses, TimeProvider time)
{
    // Pulses are hints: another replica's may come late or not at all.
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    /// <summary>The run once it is over; null when the wait was over first, or when its view says more than that it has ended.</summary>
    /// <exception cref="Http.RefusedException">There is no such run.</exception>
    public async Task<Run?> WaitAsync(string runId, TimeSpan longest, CancellationToken stop)
    {
        var began = time.GetTimestamp();
        using var happens = pulses.Listen(runId);
        var look = false;
        while (true)
        {
            // Rung at every change of the run: what is known here is enough then, and every second it is read as it is.
            var run = (look ? null : await store.LastKnownRunAsync(runId, stop)) ?? await runs.FindAsync(runId, stop);
            if (run.IsFinished) return run.FailFast ? null : run;
            var left = longest - time.GetElapsedTime(began);
            if (left <= TimeSpan.Zero) return null;
            look = !await happens.WaitAsync(left < Look ? left : Look, stop);
        }
    }
}
