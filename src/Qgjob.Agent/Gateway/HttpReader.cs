using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Qgjob.Agent.Gateway;

/// <param name="Path">As sent, with its query.</param>
internal sealed record HttpRequest(string Method, string Path, byte[] Body, bool KeepAlive)
{
    /// <summary>As sent; null when it was not told.</summary>
    public string? ContentType { get; init; }
}

/// <summary>A complete answer; always JSON, as WebDriver has it.</summary>
internal sealed record HttpReply(int Status, byte[] Body)
{
    public bool IsSuccess => Status is >= 200 and < 300;

    public string Text => Encoding.UTF8.GetString(Body);

    public static HttpReply Json(int status, string json) => new(status, Encoding.UTF8.GetBytes(json));

    public byte[] ToBytes(bool keepAlive)
    {
        var head = string.Create(CultureInfo.InvariantCulture,
            $"HTTP/1.1 {Status} qgjob\r\nContent-Type: application/json; charset=utf-8\r\nCache-Control: no-cache\r\nContent-Length: {Body.Length}\r\nConnection: {(keepAlive ? "keep-alive" : "close")}\r\n\r\n");
        return [.. Encoding.ASCII.GetBytes(head), .. Body];
    }
}

/// <summary>Reads requests one after the other from a connection (RFC 9112: Content-Length or chunked bodies).</summary>
internal sealed class HttpReader(NetworkStream stream)
{
    private const int MaxHead = 64 * 1024;
    private const int MaxBody = 256 * 1024 * 1024; // WebDriver pushes files as base64.
    private byte[] buffer = new byte[16 * 1024];
    private int start;
    private int end;
    private Task<int>? ahead;

    /// <returns>Null when the client closed the connection between requests.</returns>
    /// <exception cref="InvalidDataException">This is not HTTP.</exception>
    public async Task<HttpRequest?> ReadAsync(CancellationToken cancel)
    {
        if (await ReadLineAsync(cancel).ConfigureAwait(false) is not { } first) return null;
        var words = first.Split(' ');
        if (words.Length != 3 || !words[2].StartsWith("HTTP/1.", StringComparison.Ordinal)) throw new InvalidDataException(first);

        long length = 0;
        var chunked = false;
        string? contentType = null;
        var keepAlive = words[2] != "HTTP/1.0";
        var head = first.Length;
        while (await ReadLineAsync(cancel).ConfigureAwait(false) is { Length: > 0 } line)
        {
            if ((head += line.Length) > MaxHead) throw new InvalidDataException("The request's head is too long.");
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon < 1) throw new InvalidDataException(line);
            var value = line[(colon + 1)..].Trim();
            switch (line[..colon].ToUpperInvariant())
            {
                case "CONTENT-LENGTH":
                    if (!long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out length)) throw new InvalidDataException(line);
                    break;
                case "TRANSFER-ENCODING":
                    chunked = value.EndsWith("chunked", StringComparison.OrdinalIgnoreCase);
                    break;
                case "CONTENT-TYPE":
                    contentType = value;
                    break;
                case "CONNECTION":
                    keepAlive = !value.Equals("close", StringComparison.OrdinalIgnoreCase);
                    break;
                case "EXPECT":
                    await stream.WriteAsync("HTTP/1.1 100 Continue\r\n\r\n"u8.ToArray(), cancel).ConfigureAwait(false);
                    break;
                default:
                    break;
            }
        }

        var body = chunked ? await ReadChunksAsync(cancel).ConfigureAwait(false) : await ReadExactAsync(length, cancel).ConfigureAwait(false);
        return new HttpRequest(words[0], words[1], body, keepAlive) { ContentType = contentType };
    }

    /// <summary>Cancels <paramref name="gone"/> if the client hangs up before the next <see cref="ReadAsync"/>.</summary>
    public void WatchForClose(CancellationTokenSource gone)
    {
        if (start < end || ahead is not null) return;
        (start, end) = (0, 0);
        ahead = FillAsync();

        async Task<int> FillAsync()
        {
            var read = 0;
            try
            {
                read = await stream.ReadAsync(buffer, CancellationToken.None).ConfigureAwait(false);
            }
            catch (Exception e) when (e is IOException or ObjectDisposedException)
            {
                // As good as closed.
            }

            if (read > 0) return read;
            try
            {
                await gone.CancelAsync().ConfigureAwait(false);
            }
            catch (ObjectDisposedException)
            {
                // The answer was sent before.
            }

            return 0;
        }
    }

    private async Task<byte[]> ReadChunksAsync(CancellationToken cancel)
    {
        using var body = new MemoryStream();
        while (true)
        {
            var size = await ReadLineAsync(cancel).ConfigureAwait(false) ?? throw new InvalidDataException("A chunk is missing.");
            if (!int.TryParse(size.Split(';')[0].Trim(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var length)
                || length < 0 || body.Length + length > MaxBody)
            {
                throw new InvalidDataException("A chunk has a wrong size.");
            }

            if (length > 0) body.Write(await ReadExactAsync(length, cancel).ConfigureAwait(false));
            var blank = await ReadLineAsync(cancel).ConfigureAwait(false);
            if (length > 0) continue;
            while (blank is { Length: > 0 }) blank = await ReadLineAsync(cancel).ConfigureAwait(false); // Trailers.
            return body.ToArray();
        }
    }

    private async Task<byte[]> ReadExactAsync(long length, CancellationToken cancel)
    {
        if (length > MaxBody) throw new InvalidDataException("The request's body is too long.");
        var bytes = new byte[length];
        for (var at = 0; at < bytes.Length;)
        {
            if (start == end && !await FillAsync(cancel).ConfigureAwait(false)) throw new InvalidDataException("The request ended early.");
            var take = Math.Min(end - start, bytes.Length - at);
            buffer.AsSpan(start, take).CopyTo(bytes.AsSpan(at));
            (start, at) = (start + take, at + take);
        }

        return bytes;
    }

    private async Task<string?> ReadLineAsync(CancellationToken cancel)
    {
        while (true)
        {
            var found = buffer.AsSpan(start, end - start).IndexOf((byte)'\n');
            if (found >= 0)
            {
                var line = Encoding.Latin1.GetString(buffer, start, found).TrimEnd('\r');
                start += found + 1;
                return line;
            }

            if (end - start > MaxHead) throw new InvalidDataException("A line is too long.");
            if (!await FillAsync(cancel).ConfigureAwait(false)) return null;
        }
    }

    private async Task<bool> FillAsync(CancellationToken cancel)
    {
        if (this.ahead is { } ahead)
        {
            this.ahead = null;
            end = await ahead.WaitAsync(cancel).ConfigureAwait(false);
            return end > 0;
        }

        if (start > 0)
        {
            buffer.AsSpan(start, end - start).CopyTo(buffer);
            (start, end) = (0, end - start);
        }

        if (end == buffer.Length) Array.Resize(ref buffer, buffer.Length * 2);
        var read = await stream.ReadAsync(buffer.AsMemory(end), cancel).ConfigureAwait(false);
        end += read;
        return read > 0;
    }
}
