using System.IO.Pipelines;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using Qgjob.Client;
using Qgjob.Client.Http;

namespace Qgjob.Agent.Tests.Http;

/// <summary>Streams from servers that hang, and from ones that have nothing to say.</summary>
public sealed class LiveStreamTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly Uri First = new("http://a.test/");
    private static readonly Uri Second = new("http://b.test/");
    private readonly FakeTimeProvider time = new();
    private readonly Pipe answer = new();
    private readonly Servers servers;
    private readonly Transport transport;

    public LiveStreamTests()
    {
        servers = new Servers(answer);
        transport = new Transport([First, Second], null, time, servers);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => transport.Dispose();

    [Fact]
    public async Task An_event_stream_that_falls_silent_is_given_up_and_the_next_server_asked()
    {
        var next = NextEventAsync();
        await SayAsync(": still here\n\n");
        time.Advance(TimeSpan.FromSeconds(44));
        Assert.False(next.IsCompleted);
        Assert.Equal(First, transport.Server);
        await FallSilentAsync(next);
        await Assert.ThrowsAsync<IOException>(() => next);
        Assert.Equal(Second, transport.Server);
    }

    [Fact]
    public async Task A_log_may_be_silent_so_its_server_is_not_left_for_that()
    {
        using var response = await new QgjobClient(transport).OpenLogAsync("j-1", 1, follow: true, 0, Cancel);
        var log = await response.Content.ReadAsStreamAsync(Cancel);
        var buffer = new byte[10];
        for (var part = 0; part < 5; part++)
        {
            var read = log.ReadAsync(buffer, Cancel).AsTask();
            time.Advance(TimeSpan.FromSeconds(40));
            await SayAsync("x\n");
            Assert.Equal(2, await read.WaitAsync(Patience, Cancel));
        }
        var last = log.ReadAsync(buffer, Cancel).AsTask();
        await FallSilentAsync(last);
        await Assert.ThrowsAsync<IOException>(() => last);
        Assert.Equal(First, transport.Server);
    }

    [Fact]
    public async Task A_server_that_takes_the_call_and_never_answers_is_left_for_the_next_one()
    {
        servers.Hung = "a.test";
        var opening = new QgjobClient(transport).OpenLogAsync("j-1", 1, follow: true, 0, Cancel);
        time.Advance(QgjobClient.LongestSilence / 2);
        using var response = await opening.WaitAsync(Patience, Cancel);
        Assert.Equal(Second, transport.Server);
    }

    [Fact]
    public async Task Nothing_but_servers_that_hang_is_said_in_the_end()
    {
        servers.Hung = ".test";
        var opening = new QgjobClient(transport).OpenLogAsync("j-1", 1, follow: true, 0, Cancel);
        for (var seconds = 0; seconds < 60 && !opening.IsCompleted; seconds++) time.Advance(TimeSpan.FromSeconds(1));
        await Assert.ThrowsAsync<ServerUnreachableException>(() => opening.WaitAsync(Patience, Cancel));
    }

    private async Task<bool> NextEventAsync()
    {
        var events = new QgjobClient(transport).FollowRunAsync("r-1", 0, Cancel).GetAsyncEnumerator(Cancel);
        await using (events) return await events.MoveNextAsync();
    }

    private async Task SayAsync(string text) => await answer.Writer.WriteAsync(Encoding.UTF8.GetBytes(text), Cancel);

    /// <summary>Until the reader gives up: when exactly it began its last read, only it knows.</summary>
    private async Task FallSilentAsync(Task read)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (!read.IsCompleted && TimeProvider.System.GetElapsedTime(start) < Patience)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }
        Assert.True(read.IsCompleted);
    }

    private sealed class Servers(Pipe answer) : HttpMessageHandler
    {
        public string? Hung { get; set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (Hung is not null && request.RequestUri!.Host.EndsWith(Hung, StringComparison.Ordinal))
                await new TaskCompletionSource().Task.WaitAsync(cancellationToken);
            return new HttpResponseMessage { Content = new StreamContent(answer.Reader.AsStream()) };
        }
    }
}
