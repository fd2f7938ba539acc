using System.Net;
using Microsoft.Extensions.Time.Testing;
using Qgjob.Client.Http;
using Qgjob.Client.Wire;

namespace Qgjob.Agent.Tests.Http;

public sealed class TransportTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly FakeTimeProvider time = new();
    private readonly Answering server = new();
    private readonly Transport transport;

    public TransportTests() => transport = new Transport(new Uri("http://server.test"), null, time, server);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => transport.Dispose();

    [Fact]
    public async Task A_call_without_answer_ends_by_the_given_clock()
    {
        server.Answer = async cancel =>
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, time, cancel);
            return new HttpResponseMessage();
        };
        var call = transport.GetAsync("/readyz", WireJson.Default.Health, Cancel);
        time.Advance(TimeSpan.FromSeconds(29));
        Assert.False(call.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(1));
        var e = await Assert.ThrowsAsync<ServerUnreachableException>(() => call.WaitAsync(Patience, Cancel));
        Assert.IsType<TimeoutException>(e.InnerException);
    }

    [Fact]
    public async Task An_answer_that_stops_in_the_middle_counts_as_none()
    {
        var body = new Stalled();
        server.Answer = _ => Task.FromResult(new HttpResponseMessage { Content = new StreamContent(body) });
        var call = transport.GetAsync("/readyz", WireJson.Default.Health, Cancel);
        await body.Asked.Task.WaitAsync(Patience, Cancel);
        time.Advance(TimeSpan.FromSeconds(30));
        await Assert.ThrowsAsync<ServerUnreachableException>(() => call.WaitAsync(Patience, Cancel));
    }

    [Fact]
    public async Task Whoever_cancels_gets_a_cancellation_and_no_tale_of_a_slow_server()
    {
        using var end = new CancellationTokenSource();
        var body = new Stalled();
        server.Answer = _ => Task.FromResult(new HttpResponseMessage { Content = new StreamContent(body) });
        var call = transport.GetAsync("/readyz", WireJson.Default.Health, end.Token);
        await body.Asked.Task.WaitAsync(Patience, Cancel);
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call.WaitAsync(Patience, Cancel));
    }

    [Theory]
    [InlineData(HttpStatusCode.BadRequest, true)]
    [InlineData(HttpStatusCode.Conflict, true)]
    [InlineData(HttpStatusCode.RequestEntityTooLarge, true)]
    [InlineData(HttpStatusCode.Unauthorized, false)]
    [InlineData(HttpStatusCode.Forbidden, false)]
    [InlineData(HttpStatusCode.RequestTimeout, false)]
    [InlineData(HttpStatusCode.TooManyRequests, false)]
    [InlineData(HttpStatusCode.ServiceUnavailable, false)]
    public void Only_a_fault_of_the_request_itself_is_final(HttpStatusCode status, bool final) =>
        Assert.Equal(final, new ApiException(status, new Problem("x", (int)status, null)).IsFinal);

    private sealed class Answering : HttpMessageHandler
    {
        public Func<CancellationToken, Task<HttpResponseMessage>> Answer { get; set; } = _ => Task.FromResult(new HttpResponseMessage());

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => Answer(cancellationToken);
    }

    /// <summary>A body that never comes.</summary>
    private sealed class Stalled : MemoryStream
    {
        public TaskCompletionSource Asked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Asked.TrySetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
            return 0;
        }
    }
}
