using System.Text;
using Qgjob.Phones.UiAutomator;

namespace Qgjob.Phones.Tests.UiAutomator;

public sealed class HttpReaderTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(100_000)]
    public async Task Requests_are_read_however_they_are_cut(int step)
    {
        const string text = "\r\nPOST /wd/hub/session?x=1 HTTP/1.1\r\nHost: a\r\ncontent-length: 5\r\n\r\nhelloGET /status HTTP/1.1\r\nConnection: close\r\n\r\n"
            + "PUT /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x\r\n0123456789\r\n0\r\n\r\n";
        var reader = Reader(text, step);

        var first = await reader.ReadAsync(TestContext.Current.CancellationToken);
        Assert.Equal(("POST", "/session", "hello", true), (first!.Method, first.Path, Encoding.UTF8.GetString(first.Body), first.KeepAlive));
        var second = await reader.ReadAsync(TestContext.Current.CancellationToken);
        Assert.Equal(("GET", "/status", false), (second!.Method, second.Path, second.KeepAlive));
        var third = await reader.ReadAsync(TestContext.Current.CancellationToken);
        Assert.Equal("abc0123456789", Encoding.UTF8.GetString(third!.Body));
        Assert.Null(await reader.ReadAsync(TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("nonsense\r\n\r\n")]
    [InlineData("GET / HTTP/2\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nno colon\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")]
    [InlineData("GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n7fffffff\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: a")]
    public async Task What_is_no_request_is_refused(string text) =>
        await Assert.ThrowsAsync<HttpFormatException>(() => Reader(text, 5).ReadAsync(TestContext.Current.CancellationToken));

    [Fact]
    public async Task A_head_without_an_end_is_refused_early() =>
        await Assert.ThrowsAsync<HttpFormatException>(() =>
            Reader("GET / HTTP/1.1\r\n" + new string('a', 1_000_000), 4096).ReadAsync(TestContext.Current.CancellationToken));

    private static HttpReader Reader(string text, int step) => new(new SlowStream(Encoding.UTF8.GetBytes(text), step));

    /// <summary>Gives a few bytes at a time, as a network may.</summary>
    private sealed class SlowStream(byte[] content, int step) : MemoryStream(content)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(step, buffer.Length)], cancellationToken);
    }
}
