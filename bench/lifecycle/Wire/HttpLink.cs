using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Qgjob.Lifecycle.Wire;

/// <summary>One kept-alive HTTP/1.1 connection with one call at a time. It shares the cores with what it measures, so it does no more than that.</summary>
internal sealed class HttpLink : IDisposable
{
    private readonly Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private byte[] incoming = new byte[64 * 1024];
    private byte[] outgoing = new byte[16 * 1024];

    private HttpLink()
    {
    }

    /// <param name="Status">HTTP status.</param>
    /// <param name="Body">Valid until the next call on the link.</param>
    public readonly record struct Reply(int Status, ReadOnlyMemory<byte> Body)
    {
        public ReadOnlyMemory<byte> Expect(int status) => Status == status
            ? Body
            : throw new InvalidOperationException($"{status} was expected, but the server said {Status}: {Encoding.UTF8.GetString(Body.Span)}");
    }

    public static async Task<HttpLink> OpenAsync(IPEndPoint server, CancellationToken cancel)
    {
        var link = new HttpLink();
        await link.socket.ConnectAsync(server, cancel);
        return link;
    }

    public ValueTask<Reply> GetAsync(string path, CancellationToken cancel) => SendAsync("GET", path, null, cancel);

    public ValueTask<Reply> PostAsync(string path, string body, CancellationToken cancel) => SendAsync("POST", path, body, cancel);

    public void Dispose() => socket.Dispose();

    private async ValueTask<Reply> SendAsync(string method, string path, string? body, CancellationToken cancel)
    {
        var head = body is null
            ? $"{method} {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"
            : $"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n";
        var needed = Encoding.UTF8.GetMaxByteCount(head.Length + (body?.Length ?? 0));
        if (outgoing.Length < needed) outgoing = new byte[needed];
        var length = Encoding.UTF8.GetBytes(head, outgoing);
        if (body is not null) length += Encoding.UTF8.GetBytes(body, outgoing.AsSpan(length));
        for (var sent = 0; sent < length;) sent += await socket.SendAsync(outgoing.AsMemory(sent, length - sent), cancel);
        return await ReceiveAsync(cancel);
    }

    private async ValueTask<Reply> ReceiveAsync(CancellationToken cancel)
    {
        var have = 0;
        int end;
        while ((end = incoming.AsSpan(0, have).IndexOf("\r\n\r\n"u8)) < 0) have += await MoreAsync(have, cancel);
        var start = end + 4;
        var (status, length) = Head(incoming.AsSpan(0, end));
        if (length is { } known)
        {
            while (have < start + known) have += await MoreAsync(have, cancel);
            return new Reply(status, incoming.AsMemory(start, known));
        }
        // Chunked: moved together in place.
        var write = start;
        var read = start;
        while (true)
        {
            int line;
            while ((line = incoming.AsSpan(read, have - read).IndexOf("\r\n"u8)) < 0) have += await MoreAsync(have, cancel);
            var size = int.Parse(Encoding.ASCII.GetString(incoming, read, line), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            read += line + 2;
            while (have < read + size + 2) have += await MoreAsync(have, cancel);
            if (size == 0) return new Reply(status, incoming.AsMemory(start, write - start));
            incoming.AsSpan(read, size).CopyTo(incoming.AsSpan(write));
            write += size;
            read += size + 2;
        }
    }

    private async ValueTask<int> MoreAsync(int have, CancellationToken cancel)
    {
        if (have == incoming.Length) Array.Resize(ref incoming, incoming.Length * 2);
        var read = await socket.ReceiveAsync(incoming.AsMemory(have), cancel);
        return read > 0 ? read : throw new IOException("the server closed the connection");
    }

    private static (int Status, int? Length) Head(ReadOnlySpan<byte> head)
    {
        var status = int.Parse(head.Slice(9, 3), NumberStyles.None, CultureInfo.InvariantCulture);
        var at = head.IndexOf("\r\nContent-Length: "u8);
        if (at < 0) return (status, head.IndexOf("Transfer-Encoding: chunked"u8) >= 0 ? null : 0);
        var number = head[(at + "\r\nContent-Length: "u8.Length)..];
        var line = number.IndexOf((byte)'\r');
        return (status, int.Parse(line < 0 ? number : number[..line], NumberStyles.None, CultureInfo.InvariantCulture));
    }
}
