using System.Net;
using Qgjob.Agent.Leases;
using Qgjob.Client;
using Qgjob.Client.Http;
using Qgjob.Core.Storage;

namespace Qgjob.Agent.Reporting;

/// <summary>Sends an attempt's log as it grows. Every chunk says where it belongs, so a lost answer only means to send it again.</summary>
internal sealed class LogUploader(AgentClient client, LeaseRef lease, AttemptLog log, TimeProvider time, Random random)
{
    private const int ChunkBytes = 64 * 1024;
    // A line after a silence goes at once; of many lines, the later ones wait this long and travel together.
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(150);
    // The log wakes the upload; this is for a wake-up that was lost.
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(5);
    private readonly Pulse grown = new(time);

    /// <summary>Bytes that the server has.</summary>
    public long Sent { get; private set; }

    /// <summary>Why the server has less of the log than there is; null when it has all, or the lease is not ours any more.</summary>
    public string? Refused { get; private set; }

    /// <summary>Ends when the log is closed and all of it is sent, or when the server takes no more of it.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        var backoff = new Backoff(time, random);
        log.Changed = grown.Set;
        while (true)
        {
            var closed = log.IsClosed; // Before the length: nothing is added after it.
            var end = log.Length + log.Unsaid.Length;
            if (Sent == end)
            {
                if (closed) return;
                await grown.WaitAsync(Look, cancel).ConfigureAwait(false);
                continue;
            }

            try
            {
                await SendAsync(end, cancel).ConfigureAwait(false);
                backoff.Reset();
            }
            catch (ApiException e) when (e.IsFinal)
            {
                Refused = e.Status == HttpStatusCode.Conflict ? null : e.Message;
                return;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                Refused = e.Message;
                return; // This host's own disk: nothing that the server could do about it.
            }
            catch (Exception e) when (e is ApiException or ServerUnreachableException)
            {
                await backoff.WaitAsync(e, cancel).ConfigureAwait(false);
                continue;
            }

            if (end - Sent < ChunkBytes && !log.IsClosed) await Task.Delay(Gather, time, cancel).ConfigureAwait(false);
        }
    }

    private async Task SendAsync(long end, CancellationToken cancel)
    {
        var answer = await client.AppendLogAsync(lease, Sent, await NextAsync(cancel).ConfigureAwait(false), cancel).ConfigureAwait(false);
        // The server's length counts: it has less when an earlier chunk is missing there, more when an answer was lost.
        Sent = Math.Clamp(answer.Length, 0, end);
    }

    private async Task<ReadOnlyMemory<byte>> NextAsync(CancellationToken cancel)
    {
        // Behind the file comes what could not be written into it any more.
        if (Sent >= log.Length) return log.Unsaid[(int)(Sent - log.Length)..];
        var chunk = new byte[Math.Min(ChunkBytes, log.Length - Sent)];
        var file = new FileStream(log.Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        await using (file.ConfigureAwait(false))
        {
            file.Position = Sent;
            await file.ReadExactlyAsync(chunk, cancel).ConfigureAwait(false);
            return chunk;
        }
    }
}
