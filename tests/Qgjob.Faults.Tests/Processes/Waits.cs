using System.Diagnostics;

namespace Qgjob.Faults.Tests.Processes;

/// <summary>Waits of real time: what happens to real processes has no other clock.</summary>
internal static class Waits
{
    private static readonly TimeProvider Time = TimeProvider.System;

    public static Task For(TimeSpan time, CancellationToken cancel) => Task.Delay(time, Time, cancel);

    /// <exception cref="TimeoutException">It did not become true within the limit; the message says what was waited for.</exception>
    public static async Task UntilAsync(string what, Func<Task<bool>> isTrue, TimeSpan limit, CancellationToken cancel, TimeSpan? step = null)
    {
        var start = Stopwatch.GetTimestamp();
        while (!await isTrue())
        {
            if (Stopwatch.GetElapsedTime(start) > limit) throw new TimeoutException($"Not within {limit.TotalSeconds:0.#} s: {what}.");
            await For(step ?? TimeSpan.FromMilliseconds(20), cancel);
        }
    }

    public static Task UntilAsync(string what, Func<bool> isTrue, TimeSpan limit, CancellationToken cancel) =>
        UntilAsync(what, () => Task.FromResult(isTrue()), limit, cancel);
}
