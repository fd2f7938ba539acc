namespace Qgjob.Agent.Tests.Leases;

/// <summary>
/// Tests whose clock is moved by themselves. They run one at a time and beside nothing else: time may move only when
/// the thread pool has nothing to do, and another test's work cannot be told from their own.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class VirtualTime
{
    public const string Name = "virtual time";

    // A step every so often at least: virtual time stays within a few times of real time then, far below its limits.
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Learning = TimeSpan.FromSeconds(1);

    // The runner may hold threads of the pool all the time. How many shows before any time moves, when all that a test has
    // started comes to rest: a thread that works and is taken for the runner's would be overrun by the clock.
    private static readonly Lazy<Task> s_learned = new(LearnAsync);
    private static int s_leastBusy = int.MaxValue;

    /// <summary>
    /// Waits until no thread of the pool works (on a busy machine one may be in the middle of something, such as a write
    /// to the disk, for longer than all virtual limits together) or until something holds.
    /// </summary>
    /// <returns>Whether it holds.</returns>
    public static async Task<bool> SettleAsync(Func<bool> holds)
    {
        await s_learned.Value;
        var start = TimeProvider.System.GetTimestamp();
        for (var quiet = 0; quiet < 3;)
        {
            if (holds()) return true;
            // By way of the pool's queue, so that what waits there goes first.
            await Task.Yield();
            quiet = IsQuiet() || TimeProvider.System.GetElapsedTime(start) > Patience ? quiet + 1 : 0;
            Thread.Yield();
        }

        return holds();
    }

    private static async Task LearnAsync()
    {
        for (var start = TimeProvider.System.GetTimestamp(); TimeProvider.System.GetElapsedTime(start) < Learning;)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System);
            // Seen from where the tests look, who may hold a thread themselves.
            await Task.Yield();
            IsQuiet();
        }
    }

    private static bool IsQuiet()
    {
        ThreadPool.GetMaxThreads(out var most, out _);
        ThreadPool.GetAvailableThreads(out var idle, out _);
        s_leastBusy = Math.Min(s_leastBusy, most - idle);
        return most - idle <= s_leastBusy && ThreadPool.PendingWorkItemCount == 0;
    }
}
