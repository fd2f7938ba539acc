using System.Globalization;
using System.Text;

namespace Qgjob.Phones.UiAutomator;

/// <summary>One HTTP request.</summary>
internal sealed record HttpRequest(string Method, string Path, byte[] Body, bool KeepAlive);

/// <summary>Bytes that are no HTTP request, or one that is too large.</summary>
internal sealed class HttpFormatException(string message) : Exception(message);

/// <summary>Reads HTTP/1.1 requests from a stream: no more than what Appium's driver and test tools send.</summary>
internal sealed class HttpReader(Stream stream)
{
    private const int MaxHead = 16 * 1024;
    private const int MaxBody = 16 * 1024 * 1024;

    private byte[] buffer = new byte[4096];
    private int start;
    private int end;

    /// <returns>Null where the caller hung up between requests.</returns>
    /// <exception cref="HttpFormatException">The bytes are no request that is understood here.</exception>
    public async Task<HttpRequest?> ReadAsync(CancellationToken cancel)
    {
        if (await ReadHeadAsync(cancel) is not { } head)
            return null;
        var lines = head.Split("\r\n");
        if (lines[0].Split(' ') is not [var method, var target, var version] || !version.StartsWith("HTTP/1.", StringComparison.Ordinal))
            throw new HttpFormatException($"not a request line: '{lines[0]}'");
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var line in lines.Skip(1))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0)
                throw new HttpFormatException($"not a header: '{line}'");
            headers[line[..colon]] = line[(colon + 1)..].Trim();
        }

        if (headers.GetValueOrDefault("Expect") is { } expect && expect.Equals("100-continue", StringComparison.OrdinalIgnoreCase))
            await stream.WriteAsync("HTTP/1.1 100 Continue\r\n\r\n"u8.ToArray(), cancel);
        var body = headers.GetValueOrDefault("Transfer-Encoding")?.Contains("chunked", StringComparison.OrdinalIgnoreCase) == true
            ? await ReadChunksAsync(cancel)
            : await ReadExactlyAsync(Length(headers), cancel);
        var connection = headers.GetValueOrDefault("Connection", "");
        var keepAlive = version == "HTTP/1.1"
            ? !connection.Contains("close", StringComparison.OrdinalIgnoreCase)
            : connection.Contains("keep-alive", StringComparison.OrdinalIgnoreCase);
        return new HttpRequest(method, PathOf(target), body, keepAlive);
    }

    private static int Length(Dictionary<string, string> headers)
    {
        if (!headers.TryGetValue("Content-Length", out var text))
            return 0;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var length) && length <= MaxBody
            ? length
            : throw new HttpFormatException($"bad Content-Length '{text}'");
    }

    private static string PathOf(string target)
    {
        var query = target.IndexOfAny(['?', '#']);
        var path = query < 0 ? target : target[..query];
        // Drivers of old prefix every path.
        return path.StartsWith("/wd/hub/", StringComparison.Ordinal) ? path["/wd/hub".Length..] : path;
    }

    private async Task<string?> ReadHeadAsync(CancellationToken cancel)
    {
        var scanned = 0;
        while (true)
        {
            var waiting = buffer.AsSpan(start, this.end - start);
            // Empty lines before a request are allowed.
            if (waiting.StartsWith("\r\n"u8))
            {
                start += 2;
                scanned = 0;
                continue;
            }

            var from = Math.Max(0, scanned - 3);
            var end = waiting[from..].IndexOf("\r\n\r\n"u8);
            if (end >= 0)
            {
                var head = Encoding.Latin1.GetString(waiting[..(from + end)]);
                start += from + end + 4;
                return head;
            }

            scanned = waiting.Length;
            if (scanned > MaxHead)
                throw new HttpFormatException("the request's head is too long");
            if (!await FillAsync(cancel))
                return scanned == 0 ? null : throw new HttpFormatException("the request ends in its head");
        }
    }

    private async Task<byte[]> ReadExactlyAsync(int length, CancellationToken cancel)
    {
        var body = length == 0 ? [] : new byte[length];
        var have = Math.Min(length, end - start);
        buffer.AsSpan(start, have).CopyTo(body);
        start += have;
        await stream.ReadExactlyAsync(body.AsMemory(have), cancel);
        return body;
    }

    private async Task<byte[]> ReadChunksAsync(CancellationToken cancel)
    {
        using var body = new MemoryStream();
        while (true)
        {
            var line = await ReadLineAsync(cancel);
            if (!int.TryParse(line.Split(';')[0].Trim(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var size)
                || size < 0 || body.Length + size > MaxBody)
                throw new HttpFormatException($"bad chunk size '{line}'");
            if (size == 0)
            {
                while ((await ReadLineAsync(cancel)).Length > 0)
                {
                    // Trailing headers say nothing that matters here.
                }

                return body.ToArray();
            }

            body.Write(await ReadExactlyAsync(size, cancel));
            if ((await ReadLineAsync(cancel)).Length > 0)
                throw new HttpFormatException("a chunk is longer than it says");
        }
    }

    private async Task<string> ReadLineAsync(CancellationToken cancel)
    {
        while (true)
        {
            var end = buffer.AsSpan(start, this.end - start).IndexOf("\r\n"u8);
            if (end >= 0)
            {
                var line = Encoding.Latin1.GetString(buffer, start, end);
                start += end + 2;
                return line;
            }

            if (this.end - start > MaxHead)
                throw new HttpFormatException("a line is too long");
            if (!await FillAsync(cancel))
                throw new HttpFormatException("the request ends in its body");
        }
    }

    private async Task<bool> FillAsync(CancellationToken cancel)
    {
        if (start > 0)
        {
            buffer.AsSpan(start, end - start).CopyTo(buffer);
            (start, end) = (0, end - start);
        }

        if (end == buffer.Length)
            Array.Resize(ref buffer, buffer.Length * 2);
        var read = await stream.ReadAsync(buffer.AsMemory(end), cancel);
        end += read;
        return read > 0;
    }
}
