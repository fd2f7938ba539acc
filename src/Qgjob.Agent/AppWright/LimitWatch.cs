using Qgjob.Core.Jobs;

namespace Qgjob.Agent.AppWright;

/// <summary>Waits until a process has run, or has been silent, for too long.</summary>
internal static class LimitWatch
{
    /// <param name="silence">Time since the last sign of life.</param>
    /// <returns>The limit that was hit, with a sentence about it.</returns>
    public static async Task<(AttemptOutcome Outcome, string Reason)> WaitAsync(
        AttemptLimits limits, Func<TimeSpan> silence, TimeProvider time, CancellationToken cancel)
    {
        var start = time.GetTimestamp();
        while (true)
        {
            var run = limits.Run - time.GetElapsedTime(start);
            var quiet = limits.Silence - silence();
            if (run <= TimeSpan.Zero) return (AttemptOutcome.RunLimit, $"The tests ran for more than {Text(limits.Run)}.");
            if (quiet <= TimeSpan.Zero) return (AttemptOutcome.SilenceLimit, $"There was no output for {Text(limits.Silence)}.");
            await Task.Delay(run < quiet ? run : quiet, time, cancel).ConfigureAwait(false);
        }
    }

    public static string Text(TimeSpan limit) =>
        limit.TotalSeconds < 120 ? $"{limit.TotalSeconds:0.#} s" : $"{limit.TotalMinutes:0.#} min";
}
