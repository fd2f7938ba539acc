using System.Text.Json;
using Qgjob.Agent.Leases;
using Qgjob.Client;
using Qgjob.Client.Http;
using Qgjob.Client.Wire;

namespace Qgjob.Agent.Reporting;

/// <summary>Ends of attempts on their way to the server: on disk first, gone once the server has answered, whatever it answered.</summary>
internal sealed class Outbox(AgentClient client, string folder, ServerNews news, TimeProvider time, Random random)
{
    /// <summary>Writes it down and repeats it until there is an answer; cancelling leaves it on disk for the next start.</summary>
    /// <returns>False when the lease was not valid any more.</returns>
    public async Task<bool> DeliverAsync(FinishItem item, CancellationToken cancel)
    {
        var file = Write(item);
        var accepted = await SendAsync(item, cancel).ConfigureAwait(false);
        File.Delete(file);
        return accepted;
    }

    /// <summary>Delivers what an earlier start left. Before registering: a new boot ends the leases of the old one.</summary>
    /// <returns>How many were accepted.</returns>
    public async Task<int> DeliverOldAsync(CancellationToken cancel)
    {
        if (!Directory.Exists(folder)) return 0;
        var accepted = 0;
        foreach (var file in Directory.GetFiles(folder, "*.json").Order(StringComparer.Ordinal))
        {
            if (Read(file) is { } item && await SendAsync(item, cancel).ConfigureAwait(false)) accepted++;
            File.Delete(file);
        }

        return accepted;
    }

    private async Task<bool> SendAsync(FinishItem item, CancellationToken cancel)
    {
        var backoff = new Backoff(time, random);
        while (true)
        {
            try
            {
                var answer = await client.FinishAsync(new FinishRequest([item]), cancel).ConfigureAwait(false);
                news.Up();
                return answer.Accepted is [true, ..];
            }
            catch (ApiException e) when ((int)e.Status is 400 or 404 or 409 or 410 or 413 or 422)
            {
                return false; // Saying it again would not change the answer.
            }
            catch (Exception e) when (e is ApiException or ServerUnreachableException)
            {
                news.Down(e.Message);
                await backoff.WaitAsync(cancel).ConfigureAwait(false);
            }
        }
    }

    private string Write(FinishItem item)
    {
        Directory.CreateDirectory(folder);
        var file = Path.Combine(folder, item.FinishId + ".json");
        var bytes = JsonSerializer.SerializeToUtf8Bytes(new FinishRequest([item]), WireJson.Default.FinishRequest);
        using (var draft = File.Create(file + ".draft"))
        {
            draft.Write(bytes);
            draft.Flush(flushToDisk: true);
        }

        File.Move(file + ".draft", file, overwrite: true);
        return file;
    }

    private static FinishItem? Read(string file)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(file), WireJson.Default.FinishRequest)?.Items is [var item, ..] ? item : null;
        }
        catch (JsonException)
        {
            return null; // Written by an incompatible version; its lease is long gone.
        }
    }
}
