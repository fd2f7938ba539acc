using CsCheck;
using Qgjob.Core.Notifications;

namespace Qgjob.Core.Tests.Notifications;

public sealed class FailureWatchTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 5, 9, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Runs_that_end_in_the_order_of_their_submission_tell_every_change_and_nothing_else() =>
        Gen.Bool.Array[0, 40].Sample(failures =>
        {
            var told = Play([.. failures.Select((failed, i) => (Run: i, failed))]).Told;
            var changes = failures.Select((failed, i) => (failed, before: i > 0 && failures[i - 1]))
                .Where(c => c.failed != c.before).Select(c => c.failed ? TestNews.FirstFailure : TestNews.Recovered);
            Assert.Equal(changes, told);
        });

    /// <summary>Whatever ends when: failures and recoveries alternate, and what is known at the end is never older than the latest failure.</summary>
    [Fact]
    public void Runs_that_overtake_one_another_never_tell_twice_of_the_same() =>
        Gen.Select(Gen.Bool.Array[1, 30], Gen.Int[0, int.MaxValue]).Sample((failures, seed) =>
        {
            var order = failures.Select((failed, i) => (Run: i, failed)).ToArray();
            new Random(seed).Shuffle(order);
            var (told, known) = Play(order);
            Assert.Equal(told.Select((_, i) => i % 2 == 0 ? TestNews.FirstFailure : TestNews.Recovered), told);
            Assert.Equal(told.Count % 2 == 1, known is not null);
            if (known is not null) Assert.True(string.CompareOrdinal(known.LastRun, known.SinceRun) >= 0);
            // A pass of an earlier run recovers nothing.
            var lastFailure = -1;
            var failing = false;
            foreach (var (run, failed) in order)
            {
                if (failed) (failing, lastFailure) = (true, failing ? Math.Max(lastFailure, run) : run);
                else if (run > lastFailure) failing = false;
            }
            Assert.Equal(failing, known is not null);
        });

    private static (List<TestNews> Told, FailingTest? Known) Play(IReadOnlyList<(int Run, bool Failed)> ends)
    {
        FailingTest? known = null;
        var told = new List<TestNews>();
        foreach (var (run, failed) in ends)
        {
            var id = $"r-{run:d4}";
            var news = FailureWatch.Judge(known, failed, id);
            if (news is TestNews.FirstFailure)
                known = new FailingTest { OrgId = "o", TestId = "t", Platform = "", Line = "main", TestPath = "a", SinceRun = id, LastRun = id, Since = Start, LastAt = Start };
            else if (news is TestNews.StillFails) known = FailureWatch.Again(known!, id, Start.AddHours(1));
            else if (news is TestNews.Recovered) known = null;
            if (news is TestNews.FirstFailure or TestNews.Recovered) told.Add(news);
        }
        return (told, known);
    }

    [Fact]
    public void Pauses_grow_and_end_and_a_receiver_may_ask_for_longer_ones()
    {
        var pauses = Enumerable.Range(1, 10).Select(tries => DeliveryBackoff.After(tries)?.TotalSeconds);
        Assert.Equal([5, 30, 120, 600, 3600, 14400, null, null, null, null], pauses);
        Assert.Equal(7, DeliveryBackoff.MostTries);
        Assert.Equal(TimeSpan.FromSeconds(90), DeliveryBackoff.After(1, TimeSpan.FromSeconds(90)));
        Assert.Equal(TimeSpan.FromSeconds(120), DeliveryBackoff.After(3, TimeSpan.FromSeconds(1)));
        Assert.Equal(TimeSpan.FromHours(1), DeliveryBackoff.After(1, TimeSpan.FromDays(30)));
        Assert.Equal(TimeSpan.FromSeconds(5), DeliveryBackoff.After(1, TimeSpan.FromSeconds(-3)));
        Assert.Null(DeliveryBackoff.After(7, TimeSpan.FromSeconds(1)));
    }
}
