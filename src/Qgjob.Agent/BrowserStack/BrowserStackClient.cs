using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Qgjob.Agent.BrowserStack;

/// <summary>BrowserStack's REST API for App Automate. Every call that docs/browserstack.md lists is made here or in <see cref="CloudHub"/>.</summary>
internal sealed class BrowserStackClient : IDisposable
{
    private static readonly TimeSpan TryLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan UploadLimit = TimeSpan.FromMinutes(10);
    private const int MostSaid = 500;
    private readonly HttpClient http;
    private readonly TimeProvider time;
    private readonly int tries;

    /// <param name="tries">How often a call is made that fails for a reason that passes.</param>
    public BrowserStackClient(BrowserStackAccount account, TimeProvider time, int tries = 6)
    {
        (Account, this.time, this.tries) = (account, time, tries);
        http = new HttpClient(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(10), AllowAutoRedirect = false }) { Timeout = Timeout.InfiniteTimeSpan };
    }

    public BrowserStackAccount Account { get; }

    public Task<CloudPlan> PlanAsync(CancellationToken cancel) => GetAsync("plan.json", BrowserStackJson.Default.CloudPlan, cancel);

    /// <summary>All phones that there are, whether free or not.</summary>
    public Task<List<CloudListing>> DevicesAsync(CancellationToken cancel) => GetAsync("devices.json", BrowserStackJson.Default.ListCloudListing, cancel);

    /// <summary>The address of a build that lies there; null when there is none of that name.</summary>
    public async Task<string?> FindAppAsync(string customId, CancellationToken cancel)
    {
        var json = await TextAsync(() => Request(HttpMethod.Get, $"recent_apps/{Uri.EscapeDataString(customId)}"), TryLimit, cancel).ConfigureAwait(false);
        // Nothing found is said in an object.
        return json.AsSpan().TrimStart().StartsWith("[")
            ? Read(json, BrowserStackJson.Default.ListCloudApp).Find(a => a.AppUrl is { Length: > 0 })?.AppUrl
            : null;
    }

    /// <returns>Its address: <c>bs://…</c>.</returns>
    public async Task<string> UploadAsync(string file, string fileName, string customId, CancellationToken cancel)
    {
        var json = await TextAsync(() =>
        {
            var request = Request(HttpMethod.Post, "upload");
            var content = new StreamContent(File.OpenRead(file));
            content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
            request.Content = new MultipartFormDataContent { { content, "file", fileName }, { new StringContent(customId), "custom_id" } };
            return request;
        }, UploadLimit, cancel).ConfigureAwait(false);
        return Read(json, BrowserStackJson.Default.CloudApp).AppUrl is { Length: > 0 } url
            ? url
            : throw new BrowserStackException($"BrowserStack took the build and gave no address for it: {Short(json)}");
    }

    /// <summary>Null when it says nothing of it.</summary>
    public async Task<CloudSessionDetails?> SessionAsync(string id, CancellationToken cancel) =>
        (await GetAsync($"sessions/{id}.json", BrowserStackJson.Default.SessionAnswer, cancel).ConfigureAwait(false)).AutomationSession;

    public Task MarkAsync(string id, SessionMark mark, CancellationToken cancel) => TextAsync(() =>
    {
        var request = Request(HttpMethod.Put, $"sessions/{id}.json");
        request.Content = new StringContent(JsonSerializer.Serialize(mark, BrowserStackJson.Default.SessionMark), null, "application/json");
        return request;
    }, TryLimit, cancel);

    /// <summary>One try. The credentials go along only to BrowserStack itself.</summary>
    /// <returns>False while it is not there.</returns>
    public async Task<bool> DownloadAsync(Uri url, Stream into, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        if (Account.Trusts(url)) request.Headers.Authorization = Account.Authorization;
        using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel).ConfigureAwait(false);
        if (answer.StatusCode is HttpStatusCode.Redirect or HttpStatusCode.TemporaryRedirect or HttpStatusCode.MovedPermanently && answer.Headers.Location is { } there)
        {
            // Storage elsewhere, which gets no credentials.
            using var other = await http.GetAsync(new Uri(url, there), HttpCompletionOption.ResponseHeadersRead, cancel).ConfigureAwait(false);
            return await TakeAsync(other, into, cancel).ConfigureAwait(false);
        }

        return await TakeAsync(answer, into, cancel).ConfigureAwait(false);
    }

    /// <summary>Passes a call of AppWright on as it came.</summary>
    public async Task<(int Status, byte[] Body)> PassAsync(HttpMethod method, string path, byte[] body, string? contentType, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(method, new Uri(Account.Api, path)) { Content = new ByteArrayContent(body) };
        if (contentType is not null) request.Content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        request.Headers.Authorization = Account.Authorization;
        using var answer = await http.SendAsync(request, cancel).ConfigureAwait(false);
        return ((int)answer.StatusCode, await answer.Content.ReadAsByteArrayAsync(cancel).ConfigureAwait(false));
    }

    public void Dispose() => http.Dispose();

    private static async Task<bool> TakeAsync(HttpResponseMessage answer, Stream into, CancellationToken cancel)
    {
        if (answer.StatusCode != HttpStatusCode.OK) return false;
        await answer.Content.CopyToAsync(into, cancel).ConfigureAwait(false);
        return true;
    }

    private async Task<T> GetAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancel) =>
        Read(await TextAsync(() => Request(HttpMethod.Get, path), TryLimit, cancel).ConfigureAwait(false), type);

    private HttpRequestMessage Request(HttpMethod method, string path) =>
        new(method, new Uri(Account.Api, $"/app-automate/{path}")) { Headers = { Authorization = Account.Authorization } };

    /// <summary>The answer's text, after as many tries as it takes.</summary>
    private async Task<string> TextAsync(Func<HttpRequestMessage> request, TimeSpan limit, CancellationToken cancel)
    {
        for (var failures = 0; ; failures++)
        {
            using var clock = new CancellationTokenSource(limit, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(clock.Token, cancel);
            using var message = request();
            var what = $"{message.Method} {message.RequestUri!.AbsolutePath}";
            string said;
            TimeSpan? asked = null;
            try
            {
                using var answer = await http.SendAsync(message, either.Token).ConfigureAwait(false);
                said = await answer.Content.ReadAsStringAsync(either.Token).ConfigureAwait(false);
                if (answer.IsSuccessStatusCode) return said;
                var status = (int)answer.StatusCode;
                if (answer.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden) throw new BrowserStackRefusedException(status);
                said = string.Create(CultureInfo.InvariantCulture, $"{what}: BrowserStack answers {status}: {Short(said)}");
                if (!CloudWait.IsPassing(answer.StatusCode)) throw new BrowserStackException(said);
                asked = CloudWait.Asked(answer, time.GetUtcNow());
            }
            catch (HttpRequestException e) when (e is not BrowserStackException)
            {
                said = $"{what}: BrowserStack is not reached: {Short(e.InnerException?.Message ?? e.Message)}";
            }
            catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
            {
                said = $"{what}: BrowserStack did not answer within {limit.TotalSeconds:0} s";
            }

            if (failures + 1 >= tries) throw new BrowserStackException(said);
            await Task.Delay(CloudWait.Next(failures, asked), time, cancel).ConfigureAwait(false);
        }
    }

    private T Read<T>(string json, JsonTypeInfo<T> type)
    {
        try
        {
            return JsonSerializer.Deserialize(json, type) ?? throw new BrowserStackException("BrowserStack answers with nothing.");
        }
        catch (JsonException e)
        {
            throw new BrowserStackException($"BrowserStack's answer is not understood ({e.Message}): {Short(json)}");
        }
    }

    /// <summary>As much of an answer as a person reads, without credentials.</summary>
    private string Short(string text)
    {
        var clean = Account.Redact(text).ReplaceLineEndings(" ").Trim();
        return clean.Length > MostSaid ? clean[..MostSaid] + "…" : clean;
    }
}
