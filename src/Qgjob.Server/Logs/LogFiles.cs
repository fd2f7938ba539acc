using Qgjob.Server.Blobs;
using Qgjob.Server.Events;
using Qgjob.Server.Hosting;
using Qgjob.Server.Http;

namespace Qgjob.Server.Logs;

/// <summary>One file per attempt, appended at offsets, so that a chunk may be sent again.</summary>
internal sealed class LogFiles(BlobFolder blobs, Pulses pulses, ServerSettings settings) : IDisposable
{
    public const int MaxChunk = 4 << 20;

    // Two chunks of one attempt at once come only from a repeated call; a few gates are enough for all attempts.
    private readonly SemaphoreSlim[] gates = [.. Enumerable.Range(0, 16).Select(_ => new SemaphoreSlim(1))];

    public static string PulseOf(string jobId, int attempt) => $"log/{jobId}/{attempt}";

    /// <summary>Appends what is not there yet; a chunk after a gap is left out. The file's length tells the agent how to go on.</summary>
    public async Task<long> AppendAsync(string jobId, int attempt, long offset, ReadOnlyMemory<byte> bytes, CancellationToken cancel)
    {
        var path = PathOf(jobId, attempt);
        var gate = gates[(uint)path.GetHashCode(StringComparison.Ordinal) % gates.Length];
        await gate.WaitAsync(cancel);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await using var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read, 1, FileOptions.Asynchronous);
            var length = file.Length;
            if (offset > length || offset + bytes.Length <= length) return length;
            if (offset + bytes.Length > settings.MaxLogBytes) throw RefusedException.TooLarge(settings.MaxLogBytes, "max-log");
            file.Position = length;
            await file.WriteAsync(bytes[(int)(length - offset)..], cancel);
            length = file.Position;
            pulses.Ring(PulseOf(jobId, attempt));
            return length;
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>The log so far, or null when nothing was written.</summary>
    public FileStream? Open(string jobId, int attempt)
    {
        try
        {
            return new FileStream(PathOf(jobId, attempt), FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1, FileOptions.Asynchronous);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    public void Dispose()
    {
        foreach (var gate in gates) gate.Dispose();
    }

    private string PathOf(string jobId, int attempt) => Path.Combine(blobs.AttemptFolder(jobId, attempt), "log");
}
