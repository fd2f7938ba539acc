using System.Net.Sockets;
using System.Text;
using Qgjob.Agent.Gateway;

namespace Qgjob.Agent.Tests.Gateway;

public sealed class LoopbackHttpServerTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static LoopbackHttpServer Echo() => new((request, _) =>
        Task.FromResult(HttpReply.Json(200, $"{request.Method} {request.Path} {Encoding.UTF8.GetString(request.Body)}")));

    [Fact]
    public async Task Chunked_and_pipelined_requests_on_one_connection()
    {
        await using var server = Echo();
        using var client = new TcpClient("127.0.0.1", server.Port);
        var stream = client.GetStream();
        await stream.WriteAsync(
            "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\nGET /b HTTP/1.1\r\nConnection: close\r\n\r\n"u8.ToArray(), Cancel);
        using var reader = new StreamReader(stream);
        var all = await reader.ReadToEndAsync(Cancel);
        Assert.Contains("POST /a abcde", all, StringComparison.Ordinal);
        Assert.EndsWith("GET /b ", all, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Large_bodies_arrive_whole()
    {
        await using var server = new LoopbackHttpServer((request, _) => Task.FromResult(HttpReply.Json(200, $"{request.Body.Length}")));
        using var client = new HttpClient();
        using var content = new ByteArrayContent(new byte[3_000_000]);
        var response = await client.PostAsync(new Uri($"http://127.0.0.1:{server.Port}/"), content, Cancel);
        Assert.Equal("3000000", await response.Content.ReadAsStringAsync(Cancel));
    }

    [Fact]
    public async Task A_client_that_hangs_up_cancels_its_request()
    {
        var started = new TaskCompletionSource();
        var cancelled = new TaskCompletionSource();
        await using var server = new LoopbackHttpServer(async (_, gone) =>
        {
            await using var registration = gone.Register(() => cancelled.TrySetResult());
            started.SetResult();
            await cancelled.Task;
            throw new OperationCanceledException();
        });
        using (var client = new TcpClient("127.0.0.1", server.Port))
        {
            await client.GetStream().WriteAsync("GET / HTTP/1.1\r\n\r\n"u8.ToArray(), Cancel);
            await started.Task.WaitAsync(TimeSpan.FromSeconds(20), Cancel);
        }

        await cancelled.Task.WaitAsync(TimeSpan.FromSeconds(20), Cancel);
    }

    [Fact]
    public async Task Nonsense_closes_the_connection()
    {
        await using var server = Echo();
        using var client = new TcpClient("127.0.0.1", server.Port);
        await client.GetStream().WriteAsync("hello\r\n\r\n"u8.ToArray(), Cancel);
        using var reader = new StreamReader(client.GetStream());
        Assert.Equal("", await reader.ReadToEndAsync(Cancel));
    }
}
