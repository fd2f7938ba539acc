using System.Net.Http.Headers;
using System.Text.Json;
using Qgjob.Client.Http;
using Qgjob.Client.Wire;
using Qgjob.Core.Storage;

namespace Qgjob.Client;

/// <summary>The agent's calls (<c>/agent/v1</c>), typed.</summary>
public sealed class AgentClient(Transport transport)
{
    private const string Api = "/agent/v1";
    private const long AskFirstBytes = 1 << 20;
    private static readonly WireJson Json = WireJson.Default;

    /// <summary>The servers that calls may go to.</summary>
    public ServerList Servers => transport.Servers;

    /// <summary>Says what the agent offers.</summary>
    public Task<RegisterResponse> RegisterAsync(RegisterRequest request, CancellationToken cancel) =>
        transport.PostAsync($"{Api}/register", request, Json.RegisterRequest, Json.RegisterResponse, cancel, repeatable: true);

    /// <summary>Waits for work. Not repeated: the next poll gets the assignments of a lost answer again.</summary>
    public Task<WorkResponse> WorkAsync(WorkRequest request, CancellationToken cancel) =>
        transport.PostAsync($"{Api}/work", request, Json.WorkRequest, Json.WorkResponse, cancel, timeout: TimeSpan.FromSeconds(request.WaitSeconds + 15));

    /// <summary>Prolongs leases.</summary>
    public Task<RenewResponse> RenewAsync(RenewRequest request, CancellationToken cancel) =>
        transport.PostAsync($"{Api}/renew", request, Json.RenewRequest, Json.RenewResponse, cancel, repeatable: true, timeout: TimeSpan.FromSeconds(10));

    /// <summary>Sends news of attempts. Repeated by itself: every item should carry its sequence number, so that it counts once.</summary>
    public Task<ProgressResponse> ProgressAsync(ProgressRequest request, CancellationToken cancel) =>
        transport.PostAsync($"{Api}/progress", request, Json.ProgressRequest, Json.ProgressResponse, cancel, repeatable: true);

    /// <summary>Ends attempts.</summary>
    public Task<FinishResponse> FinishAsync(FinishRequest request, CancellationToken cancel) =>
        transport.PostAsync($"{Api}/finish", request, Json.FinishRequest, Json.FinishResponse, cancel, repeatable: true);

    /// <summary>Appends to an attempt's log at an offset; what is there already is ignored.</summary>
    public async Task<LogAppended> AppendLogAsync(LeaseRef lease, long offset, ReadOnlyMemory<byte> bytes, CancellationToken cancel)
    {
        using var content = new ReadOnlyMemoryContent(bytes);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        using var response = await transport.SendBytesAsync(HttpMethod.Post, $"{Api}/log?{Of(lease)}&offset={offset}", content, cancel).ConfigureAwait(false);
        return await transport.ReadAsync(response, Json.LogAppended, cancel).ConfigureAwait(false);
    }

    /// <summary>Uploads a file that an attempt left; replaces one of the same name. A large one is sent only once the server says that it takes it.</summary>
    /// <param name="lease">The attempt's lease.</param>
    /// <param name="name">Relative path with forward slashes.</param>
    /// <param name="content">The bytes.</param>
    /// <param name="cancel">Ends it.</param>
    /// <param name="sha256">Hash of the bytes, hex: the server refuses others (400, field <c>sha256</c>).</param>
    public async Task PutArtifactAsync(LeaseRef lease, string name, HttpContent content, CancellationToken cancel, string? sha256 = null)
    {
        var path = string.Join('/', name.Split('/').Select(Uri.EscapeDataString));
        var hash = sha256 is null ? "" : $"&sha256={sha256}";
        using var response = await transport.SendBytesAsync(
            HttpMethod.Put, $"{Api}/artifacts/{path}?{Of(lease)}{hash}", content, cancel, askFirst: content.Headers.ContentLength > AskFirstBytes).ConfigureAwait(false);
    }

    /// <summary>Says which files of an attempt are not sent.</summary>
    public async Task LeaveOutAsync(LeftOutRequest request, CancellationToken cancel)
    {
        using var content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(request, Json.LeftOutRequest));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var response = await transport.SendBytesAsync(HttpMethod.Post, $"{Api}/left-out", content, cancel).ConfigureAwait(false);
    }

    /// <summary>Delivers a run's HTML report, zipped.</summary>
    public async Task PutReportAsync(string taskId, HttpContent content, CancellationToken cancel)
    {
        using var response = await transport.SendBytesAsync(HttpMethod.Put, $"{Api}/reports/{Uri.EscapeDataString(taskId)}", content, cancel).ConfigureAwait(false);
    }

    /// <summary>Says that a report is still being made. 409: somebody else makes it, or nobody wants it.</summary>
    public async Task ReportAliveAsync(string taskId, CancellationToken cancel)
    {
        using var content = new ByteArrayContent([]);
        using var response = await transport.SendBytesAsync(HttpMethod.Post, $"{Api}/reports/{Uri.EscapeDataString(taskId)}/alive", content, cancel).ConfigureAwait(false);
    }

    /// <summary>Says that a report could not be made.</summary>
    public async Task ReportFailedAsync(string taskId, string reason, CancellationToken cancel)
    {
        using var content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(new ReportFailed(reason), Json.ReportFailed));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var response = await transport.SendBytesAsync(HttpMethod.Post, $"{Api}/reports/{Uri.EscapeDataString(taskId)}/failed", content, cancel).ConfigureAwait(false);
    }

    private static string Of(LeaseRef lease) => $"device={Uri.EscapeDataString(lease.DeviceId)}&token={lease.Token}";
}
