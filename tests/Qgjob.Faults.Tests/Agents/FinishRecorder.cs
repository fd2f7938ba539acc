using System.Globalization;
using System.Text;
using System.Text.Json;
using Qgjob.Client.Wire;
using Qgjob.Core;

namespace Qgjob.Faults.Tests.Agents;

/// <summary>Writes down every answer to a finish that the agent got: what the server acknowledged must stay true.</summary>
internal sealed class FinishRecorder(string path, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    private readonly FileStream file = new(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
    private readonly Lock gate = new();

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (!request.RequestUri!.AbsolutePath.EndsWith("/finish", StringComparison.Ordinal)) return await base.SendAsync(request, cancellationToken);
        var asked = JsonSerializer.Deserialize(await request.Content!.ReadAsByteArrayAsync(cancellationToken), WireJson.Default.FinishRequest)!;
        var response = await base.SendAsync(request, cancellationToken);
        if (!response.IsSuccessStatusCode) return response;
        await response.Content.LoadIntoBufferAsync(cancellationToken);
        if (JsonSerializer.Deserialize(await response.Content.ReadAsByteArrayAsync(cancellationToken), WireJson.Default.FinishResponse) is { } answer)
            for (var i = 0; i < asked.Items.Count; i++) Write(asked.Items[i], answer.Accepted[i]);
        return response;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) file.Dispose();
        base.Dispose(disposing);
    }

    private void Write(FinishItem item, bool accepted)
    {
        var line = string.Create(CultureInfo.InvariantCulture,
            $"{System.Diagnostics.Stopwatch.GetTimestamp()} {item.Lease.DeviceId} {item.Lease.Token} {item.FinishId} {Words.Of(item.End.Outcome)} {(accepted ? "accepted" : "stale")}\n");
        lock (gate) file.Write(Encoding.ASCII.GetBytes(line));
    }
}
