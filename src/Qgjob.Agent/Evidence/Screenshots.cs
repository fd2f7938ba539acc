using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Qgjob.Agent.Devices;

namespace Qgjob.Agent.Evidence;

/// <summary>
/// Pictures of the screen where a test fails: taken when the test's session is about to be closed, while the screen still
/// shows what the test saw last. closing.cjs notes in the test's process whether it failed, and attaches the picture to it.
/// </summary>
/// <param name="capture">Gets a picture of the screen, as PNG.</param>
/// <param name="note">The file with that note; gone again once it was read.</param>
internal sealed class Screenshots(Func<CancellationToken, Task<byte[]>> capture, string folder, string note, TimeProvider time)
{
    public const string Folder = "screenshots";
    /// <summary>The test waits meanwhile.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);
    private static readonly byte[] Signature = [0x89, (byte)'P', (byte)'N', (byte)'G'];
    private readonly List<string> doubtful = [];
    private int taken;
    private int sessions;

    /// <summary>A session is about to be closed.</summary>
    public async Task BeforeCloseAsync(CancellationToken cancel)
    {
        sessions++;
        switch (ReadNote())
        {
            case { Failed: true, File: { Length: > 0 } file } when Path.GetFullPath(file).StartsWith(Path.Combine(folder, Folder) + Path.DirectorySeparatorChar, StringComparison.Ordinal):
                await TakeAsync(file, cancel).ConfigureAwait(false);
                break;
            case null:
                // A client that closing.cjs does not see: kept if anything fails.
                var name = Path.Combine(folder, Folder, string.Create(CultureInfo.InvariantCulture, $"session-{sessions:00}.png"));
                if (await TakeAsync(name, cancel).ConfigureAwait(false)) doubtful.Add(name);
                break;
            default:
                break;
        }
    }

    /// <summary>The attempt is over. One that failed without a picture gets one of what the screen shows now.</summary>
    public async Task EndAsync(bool failed, CancellationToken cancel)
    {
        if (failed && taken == 0) await TakeAsync(Path.Combine(folder, Folder, "end.png"), cancel).ConfigureAwait(false);
        if (failed) return;
        foreach (var file in doubtful) File.Delete(file);
    }

    private async Task<bool> TakeAsync(string file, CancellationToken cancel)
    {
        using var clock = new CancellationTokenSource(Limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(clock.Token, cancel);
        try
        {
            var png = await capture(either.Token).ConfigureAwait(false);
            if (!png.AsSpan().StartsWith(Signature)) return false;
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            await File.WriteAllBytesAsync(file, png, either.Token).ConfigureAwait(false);
            taken++;
            return true;
        }
        catch (Exception e) when (e is AdbException or HttpRequestException or IOException or UnauthorizedAccessException or OperationCanceledException)
        {
            return false; // The test's own verdict does not depend on it.
        }
    }

    private ClosingNote? ReadNote()
    {
        try
        {
            if (!File.Exists(note)) return null;
            var read = JsonSerializer.Deserialize(File.ReadAllBytes(note), EvidenceJson.Default.ClosingNote);
            File.Delete(note);
            return read;
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}

/// <param name="File">Where the picture is expected.</param>
internal sealed record ClosingNote(bool Failed, string? File);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ClosingNote))]
internal sealed partial class EvidenceJson : JsonSerializerContext;
