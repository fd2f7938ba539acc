using Microsoft.Extensions.Time.Testing;
using Qgjob.Agent.Leases;

namespace Qgjob.Agent.Tests.Leases;

public sealed class BackoffTests
{
    [Fact]
    public void Waits_double_up_to_five_seconds_with_a_spread_of_half()
    {
        var backoff = new Backoff(new FakeTimeProvider(), new Random(1));
        foreach (var full in (double[])[0.2, 0.4, 0.8, 1.6, 3.2, 5, 5, 5])
            Assert.InRange(backoff.Next().TotalSeconds, full / 2, full);
        backoff.Reset();
        Assert.InRange(backoff.Next().TotalSeconds, 0.1, 0.2);
    }

    [Fact]
    public async Task A_pulse_set_before_the_wait_ends_it_at_once()
    {
        var pulse = new Pulse(new FakeTimeProvider());
        pulse.Set();
        pulse.Set();
        Assert.True(await pulse.WaitAsync(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken));
        var second = pulse.WaitAsync(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);
        Assert.False(second.IsCompleted);
        pulse.Set();
        Assert.True(await second);
    }
}
