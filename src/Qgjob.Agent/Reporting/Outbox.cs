using System.Text.Json;
using Qgjob.Agent.Leases;
using Qgjob.Client;
using Qgjob.Client.Http;
using Qgjob.Client.Wire;

namespace Qgjob.Agent.Reporting;

/// <summary>How the way of a result to the server ended.</summary>
internal enum Delivery
{
    Accepted,
    /// <summary>The lease was not valid any more.</summary>
    TooLate,
    /// <summary>The server takes it in no form; people were told.</summary>
    Refused,
}

/// <summary>Ends of attempts on their way to the server: on disk first, gone once the server has answered.</summary>
internal sealed class Outbox(AgentClient client, string folder, ServerNews news, IAgentConsole console, TimeProvider time, Random random)
{
    private const int LongestReason = 2000;

    /// <summary>Writes it down and repeats it until there is an answer; cancelling leaves it on disk for the next start.</summary>
    public async Task<Delivery> DeliverAsync(FinishItem item, CancellationToken cancel)
    {
        var file = TryWrite(item, "It is sent from memory; if the agent ends before the server has it, it is lost.");
        Delivery delivery;
        try
        {
            delivery = await SendAsync(item, cancel).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (file is null)
        {
            // There may be room by now.
            TryWrite(item, "It is lost, since the agent ends.");
            throw;
        }

        if (file is not null) Remove(file);
        return delivery;
    }

    /// <summary>Delivers what an earlier start left. Before registering: a new boot ends the leases of the old one.</summary>
    /// <returns>How many were accepted.</returns>
    public async Task<int> DeliverOldAsync(CancellationToken cancel)
    {
        if (!Directory.Exists(folder)) return 0;
        var accepted = 0;
        foreach (var file in Directory.GetFiles(folder, "*.json").Order(StringComparer.Ordinal))
        {
            try
            {
                if (Read(file) is { } item && await SendAsync(item, cancel, atStart: true).ConfigureAwait(false) == Delivery.Accepted) accepted++;
                Remove(file);
            }
            catch (ApiException e) when (e.IsUnauthorized)
            {
                console.Warn($"Results of an earlier start wait in {folder}: {e.Message}");
                return accepted; // The registration will be refused as well, and ends this start with what to do.
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                console.Warn($"A result of an earlier start cannot be read: {e.Message}");
            }
        }

        return accepted;
    }

    /// <param name="atStart">A wrong token is thrown: there is nobody yet who could go on meanwhile.</param>
    private async Task<Delivery> SendAsync(FinishItem item, CancellationToken cancel, bool atStart = false)
    {
        var backoff = new Backoff(time, random);
        var (whole, told) = (true, false);
        while (true)
        {
            try
            {
                var answer = await client.FinishAsync(new FinishRequest([item]), cancel).ConfigureAwait(false);
                news.Up();
                return answer.Accepted is [true, ..] ? Delivery.Accepted : Delivery.TooLate;
            }
            catch (ApiException e) when (e.IsContentRefused && whole)
            {
                console.Warn($"{item.Lease.DeviceId}: the server refuses the details of a result: {e.Message} It gets the verdict without them.");
                (item, whole) = (VerdictAlone(item, e.Message), false);
            }
            catch (ApiException e) when (e.IsFinal)
            {
                console.Warn($"{item.Lease.DeviceId}: the server refuses a result ({item.End.Outcome}): {e.Message}");
                return Delivery.Refused; // Saying it again would not change the answer.
            }
            catch (ApiException e) when (e.IsUnauthorized && !atStart)
            {
                if (!told) console.Warn($"{item.Lease.DeviceId}: a result waits, since the server refuses this agent's token: {e.Message} It is sent again every {Backoff.ForToken.TotalSeconds:0} s; set --token or QGJOB_TOKEN and restart the agent, or give the server its old token back.");
                told = true;
                await backoff.WaitAsync(e, cancel).ConfigureAwait(false);
            }
            catch (Exception e) when (e is ServerUnreachableException or ApiException { IsUnauthorized: false })
            {
                news.Down(e.Message);
                await backoff.WaitAsync(e, cancel).ConfigureAwait(false);
            }
        }
    }

    /// <summary>The tests' results were sent as news already; what is left out here is only their repetition.</summary>
    private static FinishItem VerdictAlone(FinishItem item, string refusal)
    {
        var reason = item.End.Reason is { Length: > LongestReason } longer ? longer[..LongestReason] + "…" : item.End.Reason;
        return item with { End = item.End with { Tests = [], Reason = $"{reason}{(reason is null ? "" : "\n")}Details were left out, since the server refused them: {refusal}" } };
    }

    /// <returns>The file; null when it could not be written, which is said.</returns>
    private string? TryWrite(FinishItem item, string consequence)
    {
        var file = Path.Combine(folder, item.FinishId + ".json");
        try
        {
            Directory.CreateDirectory(folder);
            var bytes = JsonSerializer.SerializeToUtf8Bytes(new FinishRequest([item]), WireJson.Default.FinishRequest);
            using (var draft = File.Create(file + ".draft"))
            {
                draft.Write(bytes);
                draft.Flush(flushToDisk: true);
            }

            File.Move(file + ".draft", file, overwrite: true);
            return file;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            console.Warn($"{item.Lease.DeviceId}: a result ({item.End.Outcome}) cannot be written down: {e.Message} {consequence}");
            Remove(file + ".draft");
            return null;
        }
    }

    private static void Remove(string file)
    {
        try
        {
            File.Delete(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Then the next start says it once more, and the server knows it by its id.
        }
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
