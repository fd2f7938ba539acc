using Microsoft.Extensions.Time.Testing;
using Qgjob.Agent.AppWright;
using Qgjob.Core.Jobs;

namespace Qgjob.Agent.Tests.AppWright;

public sealed class LimitWatchTests
{
    private static readonly AttemptLimits Limits = new(TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(30), TimeSpan.FromMinutes(5));

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Silence_ends_it()
    {
        var time = new FakeTimeProvider();
        var last = time.GetTimestamp();
        var watch = LimitWatch.WaitAsync(Limits, () => time.GetElapsedTime(last), time, Cancel);
        time.Advance(TimeSpan.FromMinutes(4));
        last = time.GetTimestamp(); // A line came.
        time.Advance(TimeSpan.FromMinutes(1));
        time.Advance(TimeSpan.FromMinutes(3));
        Assert.False(watch.IsCompleted);
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal((AttemptOutcome.SilenceLimit, "There was no output for 5 min."), await watch);
    }

    [Fact]
    public async Task The_run_limit_ends_even_the_talkative()
    {
        var time = new FakeTimeProvider();
        var watch = LimitWatch.WaitAsync(Limits, () => TimeSpan.Zero, time, Cancel);
        for (var minute = 0; minute < 29; minute++) time.Advance(TimeSpan.FromMinutes(1));
        Assert.False(watch.IsCompleted);
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal((AttemptOutcome.RunLimit, "The tests ran for more than 30 min."), await watch);
    }
}
