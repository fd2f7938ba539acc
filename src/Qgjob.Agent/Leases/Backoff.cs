using Qgjob.Client.Http;

namespace Qgjob.Agent.Leases;

/// <summary>Waits between tries: twice as long each time up to a limit, each spread at random so that agents do not march in step.</summary>
internal sealed class Backoff(TimeProvider time, Random random)
{
    public static readonly TimeSpan First = TimeSpan.FromMilliseconds(200);
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);
    /// <summary>After a refused token: only people can mend that.</summary>
    public static readonly TimeSpan ForToken = TimeSpan.FromSeconds(30);
    private int failures;

    public void Reset() => failures = 0;

    /// <summary>The next wait: between half and all of 0.2 s, 0.4 s, … 5 s.</summary>
    public TimeSpan Next()
    {
        var full = Math.Min(Longest.TotalSeconds, First.TotalSeconds * Math.Pow(2, Math.Min(failures, 20)));
        failures++;
        lock (random) return TimeSpan.FromSeconds(full * (0.5 + random.NextDouble() / 2));
    }

    /// <summary>The next wait, by what went wrong.</summary>
    public TimeSpan Next(Exception cause) => cause is ApiException { IsUnauthorized: true } ? ForToken : Next();

    public Task WaitAsync(CancellationToken cancel) => Task.Delay(Next(), time, cancel);

    public Task WaitAsync(Exception cause, CancellationToken cancel) => Task.Delay(Next(cause), time, cancel);
}
