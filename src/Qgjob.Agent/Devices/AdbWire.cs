using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Qgjob.Agent.Devices;

/// <summary>
/// The adb server's protocol, as in AOSP's adb/OVERVIEW.TXT and SERVICES.TXT: a request is four hexadecimal digits of
/// length and the service's name; the answer starts with OKAY, or FAIL and a message of the same form.
/// </summary>
internal static class AdbWire
{
    public const int MaxService = 0xFFFF;

    public static byte[] Request(string service)
    {
        var length = Encoding.UTF8.GetByteCount(service);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, MaxService, nameof(service));
        return Encoding.UTF8.GetBytes(length.ToString("x4", CultureInfo.InvariantCulture) + service);
    }

    public static async Task ReadStatusAsync(Stream stream, string service, CancellationToken cancel)
    {
        var status = new byte[4];
        await stream.ReadExactlyAsync(status, cancel).ConfigureAwait(false);
        switch (Encoding.ASCII.GetString(status))
        {
            case "OKAY":
                return;
            case "FAIL":
                var reason = await ReadTextAsync(stream, cancel).ConfigureAwait(false);
                throw new AdbException($"adb refused {service}: {reason}");
            case var other:
                throw new AdbException($"adb answered {service} with something else than OKAY or FAIL: {other}");
        }
    }

    public static async Task<string> ReadTextAsync(Stream stream, CancellationToken cancel)
    {
        var digits = new byte[4];
        await stream.ReadExactlyAsync(digits, cancel).ConfigureAwait(false);
        if (!int.TryParse(Encoding.ASCII.GetString(digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var length))
        {
            throw new AdbException("adb sent a length that is not a hexadecimal number.");
        }

        var text = new byte[length];
        await stream.ReadExactlyAsync(text, cancel).ConfigureAwait(false);
        return Encoding.UTF8.GetString(text);
    }

    /// <summary>Reads shell protocol v2 packets (id byte, little-endian length, data) until the exit packet.</summary>
    public static async Task<AdbShellResult> ReadShellAsync(Stream stream, CancellationToken cancel)
    {
        using var output = new MemoryStream();
        var end = await ReadShellAsync(stream, bytes =>
        {
            output.Write(bytes.Span);
            return ValueTask.CompletedTask;
        }, cancel).ConfigureAwait(false);
        return end with { Output = Text(output) };
    }

    /// <summary>The same, with the output taken as it comes.</summary>
    public static async Task<AdbShellResult> ReadShellAsync(Stream stream, Func<ReadOnlyMemory<byte>, ValueTask> take, CancellationToken cancel)
    {
        using var error = new MemoryStream();
        var header = new byte[5];
        while (true)
        {
            var read = await stream.ReadAtLeastAsync(header, header.Length, throwOnEndOfStream: false, cancel).ConfigureAwait(false);
            if (read < header.Length) throw new AdbException("The phone went away in the middle of a shell command.");
            var length = BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(1));
            if (length is < 0 or > 16 * 1024 * 1024) throw new AdbException("The phone sent a shell packet of an impossible length.");
            var data = new byte[length];
            await stream.ReadExactlyAsync(data, cancel).ConfigureAwait(false);
            switch (header[0])
            {
                case 1: await take(data).ConfigureAwait(false); break;
                case 2: error.Write(data); break;
                case 3: return new AdbShellResult(length > 0 ? data[0] : 0, "", Text(error));
                default: break; // Later versions of adb may add packets.
            }
        }
    }

    /// <summary>Reads what comes until its end.</summary>
    public static async Task<AdbShellResult> ReadPlainAsync(Stream stream, Func<ReadOnlyMemory<byte>, ValueTask> take, CancellationToken cancel)
    {
        var buffer = new byte[64 * 1024];
        int read;
        while ((read = await stream.ReadAsync(buffer, cancel).ConfigureAwait(false)) > 0) await take(buffer.AsMemory(0, read)).ConfigureAwait(false);
        return new AdbShellResult(0, "", "");
    }

    /// <summary>Parses `host:devices-l`: serial, blanks, state, then key:value pairs.</summary>
    public static IReadOnlyList<AdbListing> ParseDevices(string text)
    {
        var devices = new List<AdbListing>();
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var words = line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
            if (words.Length < 2) continue;
            // "no permissions (user is not in the plugdev group); see […]" is a state of several words.
            var state = words[1] == "no" ? "no permissions" : words[1];
            var transport = words.FirstOrDefault(w => w.StartsWith("transport_id:", StringComparison.Ordinal))?["transport_id:".Length..];
            devices.Add(new AdbListing(words[0], state, transport));
        }

        return devices;
    }

    private static string Text(MemoryStream bytes) => Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length);
}

/// <summary>What a shell command on a phone answered.</summary>
internal sealed record AdbShellResult(int ExitCode, string Output, string Error)
{
    public string All => Error.Length == 0 ? Output : Output + Error;
}
