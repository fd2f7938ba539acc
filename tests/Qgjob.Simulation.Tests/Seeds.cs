using Qgjob.Simulation.Tests.World;

namespace Qgjob.Simulation.Tests;

/// <summary>Runs seeds beside each other, each on one thread from its beginning to its end.</summary>
internal static class Seeds
{
    public static SeedResult Run(int seed, bool keepHistory) => OnThreads(1, _ => Simulation.Run(seed, keepHistory: keepHistory))[0];

    /// <summary>Results in the order of the seeds; without those that were not needed any more.</summary>
    public static IReadOnlyList<SeedResult> Run(int from, int count, Mutation mutation, bool stopAtFirst)
    {
        var next = -1;
        var found = false;
        var results = new SeedResult?[count];
        OnThreads(Math.Min(count, Environment.ProcessorCount), _ =>
        {
            while (Interlocked.Increment(ref next) is var at && at < count && !(stopAtFirst && Volatile.Read(ref found)))
            {
                results[at] = Simulation.Run(from + at, mutation);
                if (results[at]!.Violation is not null) Volatile.Write(ref found, true);
            }
            return true;
        });
        return [.. results.OfType<SeedResult>()];
    }

    private static T[] OnThreads<T>(int count, Func<int, T> work)
    {
        var results = new T[count];
        Exception? failed = null;
        var threads = Enumerable.Range(0, count).Select(i => new Thread(() =>
        {
            try
            {
                results[i] = work(i);
            }
            // On a thread of its own it would end the program, or keep it waiting.
            catch (Exception e)
            {
                failed = e;
            }
        }, 16 * 1024 * 1024)).ToList();
        threads.ForEach(t => t.Start());
        threads.ForEach(t => t.Join());
        return failed is null ? results : throw new InvalidOperationException("A seed could not be run.", failed);
    }
}
