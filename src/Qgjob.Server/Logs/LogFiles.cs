using Qgjob.Server.Blobs;
using Qgjob.Server.Events;
using Qgjob.Server.Hosting;
using Qgjob.Server.Http;

namespace Qgjob.Server.Logs;

/// <summary>One log per attempt, appended at offsets, so that a chunk may be sent again.</summary>
internal sealed class LogFiles(IBlobs blobs, Pulses pulses, ServerSettings settings) : IDisposable
{
    public const int MaxChunk = 4 << 20;

    // Two chunks of one attempt at once come only from a repeated call; a few gates are enough for all attempts.
    private readonly SemaphoreSlim[] gates = [.. Enumerable.Range(0, 16).Select(_ => new SemaphoreSlim(1))];

    public static string PulseOf(string jobId, int attempt) => $"log/{jobId}/{attempt}";

    /// <summary>Appends what is not there yet; a chunk after a gap is left out. The log's length tells the agent how to go on.</summary>
    /// <exception cref="RefusedException">The log would become too long.</exception>
    public async Task<long> AppendAsync(string jobId, int attempt, long offset, ReadOnlyMemory<byte> bytes, CancellationToken cancel)
    {
        var key = BlobKeys.Log(jobId, attempt);
        var gate = gates[(uint)key.GetHashCode(StringComparison.Ordinal) % gates.Length];
        await gate.WaitAsync(cancel);
        try
        {
            var length = await blobs.AppendAsync(key, offset, bytes, settings.MaxLogBytes, cancel);
            pulses.Ring(PulseOf(jobId, attempt));
            return length;
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>Copies what the log has behind a position.</summary>
    /// <returns>The position behind what was copied.</returns>
    public Task<long> CopyAsync(string jobId, int attempt, long position, Stream target, CancellationToken cancel) =>
        blobs.CopyLogAsync(BlobKeys.Log(jobId, attempt), position, target, cancel);

    public void Dispose()
    {
        foreach (var gate in gates) gate.Dispose();
    }
}
