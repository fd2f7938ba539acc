using Qgjob.Agent.Leases;
using Qgjob.Client;
using Qgjob.Client.Http;
using Qgjob.Core.Storage;

namespace Qgjob.Agent.Reporting;

/// <summary>Sends an attempt's log as it grows. Every chunk says where it belongs, so a lost answer only means to send it again.</summary>
internal sealed class LogUploader(AgentClient client, LeaseRef lease, AttemptLog log, TimeProvider time, Random random)
{
    private const int ChunkBytes = 64 * 1024;
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(500);

    /// <summary>Bytes that the server has.</summary>
    public long Sent { get; private set; }

    /// <summary>Ends when the log is closed and all of it is sent, or when the server takes no more of it.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        var backoff = new Backoff(time, random);
        var file = new FileStream(log.Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        await using (file.ConfigureAwait(false))
        {
            while (true)
            {
                var closed = log.IsClosed; // Before the length: nothing is added after it.
                if (Sent == log.Length)
                {
                    if (closed) return;
                    await Task.Delay(Every, time, cancel).ConfigureAwait(false);
                    continue;
                }

                try
                {
                    await SendAsync(file, cancel).ConfigureAwait(false);
                    backoff.Reset();
                }
                catch (ApiException e) when (e.IsFinal)
                {
                    return; // The lease is not ours any more.
                }
                catch (Exception e) when (e is ApiException or ServerUnreachableException)
                {
                    await backoff.WaitAsync(cancel).ConfigureAwait(false);
                    continue;
                }

                if (log.Length - Sent < ChunkBytes && !log.IsClosed) await Task.Delay(Every, time, cancel).ConfigureAwait(false);
            }
        }
    }

    private async Task SendAsync(FileStream file, CancellationToken cancel)
    {
        var chunk = new byte[Math.Min(ChunkBytes, log.Length - Sent)];
        file.Position = Sent;
        await file.ReadExactlyAsync(chunk, cancel).ConfigureAwait(false);
        var answer = await client.AppendLogAsync(lease, Sent, chunk, cancel).ConfigureAwait(false);
        // The server's length counts: it has less when an earlier chunk is missing there, more when an answer was lost.
        Sent = Math.Clamp(answer.Length, 0, log.Length);
    }
}
