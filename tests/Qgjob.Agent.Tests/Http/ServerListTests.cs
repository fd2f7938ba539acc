using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using Microsoft.Extensions.Time.Testing;
using Qgjob.Client.Http;
using Qgjob.Client.Wire;

namespace Qgjob.Agent.Tests.Http;

public sealed class ServerListTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly FakeTimeProvider time = new();
    private readonly Cluster cluster = new();
    private readonly Transport transport;

    public ServerListTests() => transport = new Transport([new("http://a.test"), new("http://b.test"), new("http://c.test")], null, time, cluster);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => transport.Dispose();

    [Fact]
    public async Task The_next_server_is_asked_at_once_and_kept()
    {
        cluster.Answers["a.test"] = _ => throw Refused();
        Assert.Equal("b.test", (await HealthAsync()).Version);
        Assert.Equal("b.test", (await HealthAsync()).Version);
        Assert.Equal(["a.test", "b.test", "b.test"], cluster.Asked);
        Assert.Equal(new Uri("http://b.test"), transport.Server);
        // And back, when that one goes.
        cluster.Answers["b.test"] = _ => Task.FromResult(new HttpResponseMessage(HttpStatusCode.ServiceUnavailable));
        Assert.Equal("c.test", (await HealthAsync()).Version);
    }

    [Fact]
    public async Task A_server_that_only_hangs_leaves_time_to_ask_the_others()
    {
        cluster.Answers["a.test"] = async cancel =>
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, time, cancel);
            return new HttpResponseMessage();
        };
        var call = HealthAsync();
        time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal("b.test", (await call.WaitAsync(Patience, Cancel)).Version);
    }

    [Fact]
    public async Task A_call_that_may_not_be_repeated_goes_on_only_when_it_never_arrived()
    {
        cluster.Answers["a.test"] = _ => throw Refused();
        await PollAsync();
        Assert.Equal(["a.test", "b.test"], cluster.Asked);
        cluster.Answers["b.test"] = _ => throw new HttpRequestException(HttpRequestError.ResponseEnded);
        await Assert.ThrowsAsync<ServerUnreachableException>(PollAsync);
        Assert.Equal(3, cluster.Asked.Count);
        await PollAsync();
        Assert.Equal("c.test", cluster.Asked.Last());
    }

    [Fact]
    public async Task All_that_were_tried_are_named_when_none_answers()
    {
        foreach (var host in new[] { "a.test", "b.test", "c.test" }) cluster.Answers[host] = _ => throw Refused();
        var call = HealthAsync();
        while (!call.IsCompleted)
        {
            time.Advance(TimeSpan.FromMilliseconds(500));
            await Task.Yield();
        }
        var e = await Assert.ThrowsAsync<ServerUnreachableException>(() => call);
        Assert.Contains("any qgjob server at http://a.test/, http://b.test/, http://c.test/", e.Message, StringComparison.Ordinal);
        Assert.Equal(15, cluster.Asked.Count);
    }

    [Fact]
    public async Task When_all_are_busy_the_longest_wait_that_they_asked_for_is_kept()
    {
        var busy = true;
        foreach (var (host, seconds) in new[] { ("a.test", 1), ("b.test", 7), ("c.test", 2) })
            cluster.Answers[host] = _ =>
            {
                if (!busy) return Task.FromResult(Cluster.Health(host));
                var answer = new HttpResponseMessage(HttpStatusCode.ServiceUnavailable);
                answer.Headers.RetryAfter = new RetryConditionHeaderValue(TimeSpan.FromSeconds(seconds));
                return Task.FromResult(answer);
            };
        var call = HealthAsync();
        while (cluster.Asked.Count < 3) await Task.Yield();
        busy = false;
        time.Advance(TimeSpan.FromSeconds(6.9));
        Assert.Equal(3, cluster.Asked.Count);
        while (!call.IsCompleted)
        {
            time.Advance(TimeSpan.FromSeconds(0.1));
            await Task.Yield();
        }
        await call;
    }

    [Theory]
    [InlineData("http://a:1,http://b:2", 2)]
    [InlineData(" http://a:1 , http://a:1/ ", 1)]
    [InlineData("http://a:1,b", 0)]
    [InlineData(",", 0)]
    public void Addresses_are_joined_by_commas(string text, int count) => Assert.Equal(count, ServerList.TryParse(text)?.Count ?? 0);

    private async Task<Health> HealthAsync() => (await transport.GetAsync("/readyz", WireJson.Default.Health, Cancel))!;

    private Task<Health> PollAsync() => transport.PostAsync("/work", new DeviceOrder(), WireJson.Default.DeviceOrder, WireJson.Default.Health, Cancel);

    private static HttpRequestException Refused() => new(HttpRequestError.ConnectionError, "connection refused");

    /// <summary>Servers by host; one without an answer of its own is well and tells its name.</summary>
    private sealed class Cluster : HttpMessageHandler
    {
        public ConcurrentDictionary<string, Func<CancellationToken, Task<HttpResponseMessage>>> Answers { get; } = new();
        public ConcurrentQueue<string> Asked { get; } = [];

        public static HttpResponseMessage Health(string host) => new() { Content = new StringContent($$"""{"status":"ok","version":"{{host}}"}""") };

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var host = request.RequestUri!.Host;
            Asked.Enqueue(host);
            return Answers.TryGetValue(host, out var answer) ? answer(cancellationToken) : Task.FromResult(Health(host));
        }
    }
}
