using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Qgjob.BrowserStack;

/// <summary>BrowserStack's REST API and hub, as far as qgjob uses them; see docs/browserstack.md for the forms.</summary>
public sealed class StandIn : IAsyncDisposable
{
    public const string User = "ada_Xy12";
    public const string Key = "kEy0fAda7qZ9pLm3";
    private const string Build = "b1d2";
    private readonly WebApplication app;
    private readonly StandInOptions options;
    private readonly IStandInPhones phones;
    private readonly TimeProvider time;
    private readonly Lock gate = new();
    private readonly Dictionary<string, (string Url, string File)> apps = [];
    private readonly List<StandInSession> sessions = [];
    private int opening;
    private int uploads;

    private StandIn(StandInOptions options, IStandInPhones phones, TimeProvider time)
    {
        (this.options, this.phones, this.time) = (options, phones, time);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(k =>
        {
            k.Limits.MaxRequestBodySize = null;
            k.Listen(IPAddress.Loopback, 0, l =>
            {
                if (options.Certificate is { } certificate) l.UseHttps(certificate);
            });
        });
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.Logging.ClearProviders();
        app = builder.Build();
        app.Run(AnswerAsync);
    }

    public string Url { get; private set; } = "";

    /// <summary>Every call, as "METHOD /path".</summary>
    public ConcurrentQueue<string> Calls { get; } = [];

    /// <summary>Every body that came, for tests that look for what must not be in one.</summary>
    public ConcurrentQueue<string> Bodies { get; } = [];

    /// <summary>Answers in place of the stand-in; null lets it answer. Gets "METHOD /path".</summary>
    public Func<string, StandInAnswer?> Misbehave { get; set; } = _ => null;

    /// <summary>Sessions of others who use the account.</summary>
    public int OthersRunning { get; set; }

    public int OthersQueued { get; set; }

    /// <summary>The video is there so long after the session's end; null: never.</summary>
    public TimeSpan? VideoAfter { get; set; } = TimeSpan.Zero;

    public int Uploads => uploads;

    /// <summary>The most sessions that were open at a time.</summary>
    public int MostOpen { get; private set; }

    public IReadOnlyList<StandInSession> Sessions
    {
        get { lock (gate) return [.. sessions]; }
    }

    public int Count(string call) => Calls.Count(c => c == call);

    public static async Task<StandIn> StartAsync(StandInOptions options, IStandInPhones phones, TimeProvider time, CancellationToken cancel)
    {
        var standIn = new StandIn(options, phones, time);
        await standIn.app.StartAsync(cancel);
        standIn.Url = standIn.app.Urls.Single().Replace("127.0.0.1", options.Certificate is null ? "127.0.0.1" : "localhost", StringComparison.Ordinal);
        return standIn;
    }

    /// <summary>What was uploaded is gone, as after 30 days.</summary>
    public void ForgetApps()
    {
        lock (gate) apps.Clear();
    }

    public async ValueTask DisposeAsync()
    {
        await app.DisposeAsync();
        await phones.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var request = context.Request;
        var path = request.Path.Value!;
        var call = $"{request.Method} {path}";
        Calls.Enqueue(call);
        if (Misbehave(call) is { } special)
        {
            if (special.Delay > TimeSpan.Zero) await Task.Delay(special.Delay, TimeProvider.System, context.RequestAborted);
            if (special.RetryAfterSeconds is { } seconds) context.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
            if (special.Status is { } status)
            {
                await SendAsync(context, status, special.Body);
                return;
            }
        }

        if (path.StartsWith("/video/", StringComparison.Ordinal))
        {
            await VideoAsync(context, path["/video/".Length..^".mp4".Length]);
            return;
        }

        if (request.Headers.Authorization != "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{User}:{Key}")))
        {
            await SendAsync(context, 401, """{"error":"Authorization required"}""");
            return;
        }

        if (path == "/app-automate/upload")
        {
            await UploadAsync(context);
            return;
        }

        using var memory = new MemoryStream();
        await request.Body.CopyToAsync(memory, context.RequestAborted);
        var body = memory.ToArray();
        Bodies.Enqueue(Encoding.UTF8.GetString(body));
        if (path.StartsWith("/wd/hub/session", StringComparison.Ordinal)) await HubAsync(context, path["/wd/hub".Length..], body);
        else await RestAsync(context, call, path, body);
    }

    private async Task RestAsync(HttpContext context, string call, string path, byte[] body)
    {
        var name = path.Split('/')[^1];
        var answer = path switch
        {
            "/app-automate/plan.json" => Plan(),
            "/app-automate/devices.json" => """
                [{"os":"ios","os_version":"17","device":"iPhone 15","realMobile":true},
                 {"os":"android","os_version":"12.0","device":"Samsung Galaxy S22","realMobile":true},
                 {"os":"android","os_version":"13.0","device":"Google Pixel 7","realMobile":true},
                 {"os":"android","os_version":"13.0","device":"Google Pixel 7 Pro","realMobile":true},
                 {"os":"android","os_version":"14.0","device":"Google Pixel 8","realMobile":true},
                 {"os":"android","os_version":"14.0","device":"Samsung Galaxy S24","realMobile":true}]
                """,
            _ when path.StartsWith("/app-automate/recent_apps/", StringComparison.Ordinal) => Recent(name),
            _ when path.StartsWith("/app-automate/sessions/", StringComparison.Ordinal) => Session(name[..^".json".Length], context.Request.Method == "PUT" ? body : null),
            _ when path.EndsWith("/devicelogs", StringComparison.Ordinal) => Find(path.Split('/')[^2])?.Leavings?.DeviceLog,
            _ when path.EndsWith("/appiumlogs", StringComparison.Ordinal) => Find(path.Split('/')[^2])?.Leavings?.AppiumLog,
            _ => null,
        };
        await SendAsync(context, answer is null ? 404 : 200, answer ?? $$"""{"error":"no such call: {{call}}"}""");
    }

    private string Plan()
    {
        lock (gate)
            return $$"""{"automate_plan":"App Automate","parallel_sessions_running":{{Open + OthersRunning}},"team_parallel_sessions_max_allowed":{{options.Parallels}},"parallel_sessions_max_allowed":{{options.Parallels}},"queued_sessions":{{OthersQueued}},"queued_sessions_max_allowed":{{options.Parallels}}}""";
    }

    private int Open => sessions.Count(s => s.EndedAt is null);

    private string Recent(string customId)
    {
        lock (gate)
            return apps.TryGetValue(customId, out var app)
                ? $$"""[{"app_name":"app.apk","app_version":"1","app_url":"{{app.Url}}","app_id":"x","uploaded_at":"2026-01-01T00:00:00.000Z","custom_id":"{{customId}}","shareable_id":"u/{{customId}}"}]"""
                : """{"message":"No results found"}""";
    }

    private string? Session(string id, byte[]? mark)
    {
        if (Find(id) is not { } session) return null;
        lock (gate)
            if (mark is not null) session.Marks.Add(Encoding.UTF8.GetString(mark));
        var details = new JsonObject
        {
            ["name"] = "n",
            ["hashed_id"] = id,
            ["status"] = session.EndedAt is null ? "running" : "done",
            ["browser_url"] = $"https://app-automate.browserstack.com/dashboard/v2/builds/{Build}/sessions/{id}",
            ["video_url"] = $"{Url}/video/{id}.mp4?token=t0ken",
            ["device_logs_url"] = $"{Url}/app-automate/builds/{Build}/sessions/{id}/devicelogs",
            ["appium_logs_url"] = $"{Url}/app-automate/builds/{Build}/sessions/{id}/appiumlogs",
        };
        return new JsonObject { ["automation_session"] = details }.ToJsonString();
    }

    private async Task UploadAsync(HttpContext context)
    {
        var form = await context.Request.ReadFormAsync(context.RequestAborted);
        var file = Path.Combine(options.Folder, $"{Interlocked.Increment(ref uploads)}{Path.GetExtension(form.Files["file"]!.FileName)}");
        await using (var target = File.Create(file)) await form.Files["file"]!.CopyToAsync(target, context.RequestAborted);
        var url = "bs://" + Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(file, context.RequestAborted)))[..40];
        var id = form["custom_id"].ToString();
        lock (gate) apps[id] = (url, file);
        await SendAsync(context, 200, $$"""{"app_url":"{{url}}","custom_id":"{{id}}","shareable_id":"u/{{id}}"}""");
    }

    private async Task VideoAsync(HttpContext context, string id)
    {
        // First empty, then refused, then there: as BrowserStack does it.
        if (Find(id) is not { Leavings: { } left, EndedAt: { } ended } || VideoAfter is not { } after || time.GetElapsedTime(ended) < after)
        {
            await SendAsync(context, Calls.Count(c => c.EndsWith(id + ".mp4", StringComparison.Ordinal)) == 1 ? 200 : 403, "");
            return;
        }

        context.Response.ContentType = "video/mp4";
        await context.Response.Body.WriteAsync(left.Video, context.RequestAborted);
    }

    private async Task HubAsync(HttpContext context, string path, byte[] body)
    {
        if (context.Request.Method == "POST" && path == "/session")
        {
            await OpenAsync(context, body);
            return;
        }

        var parts = path.Split('/', 4);
        if (Find(parts[2]) is not { EndedAt: null } session)
        {
            await SendAsync(context, 404, Error("invalid session id", "Session not started or terminated"));
            return;
        }

        if (context.Request.Method == "DELETE" && parts.Length == 3)
        {
            lock (gate) session.EndedAt = time.GetTimestamp();
            session.Leavings = await session.Phone.CloseAsync();
            await SendAsync(context, 200, """{"value":null}""");
            return;
        }

        var (status, answer) = await session.Phone.SendAsync(context.Request.Method, parts.Length == 4 ? $"/{parts[3]}" : "", body, context.RequestAborted);
        await SendAsync(context, status, Encoding.UTF8.GetString(answer));
    }

    private async Task OpenAsync(HttpContext context, byte[] body)
    {
        var wanted = JsonNode.Parse(body)!["capabilities"]!["alwaysMatch"]!.AsObject();
        (string Url, string File) uploaded;
        lock (gate)
        {
            uploaded = apps.Values.FirstOrDefault(a => a.Url == wanted["appium:app"]?.GetValue<string>());
            if (uploaded.File is not null && Open + opening + OthersRunning < options.Parallels) opening++;
            else if (uploaded.File is not null) uploaded = ("full", "");
        }

        if (uploaded.File is null)
        {
            await SendAsync(context, 400, Error("session not created", "[BROWSERSTACK_INVALID_APP_URL] The app_url/custom_id/shareable_id specified in the 'app' capability in your test script is invalid."));
            return;
        }

        if (uploaded.Url == "full")
        {
            await SendAsync(context, 500, Error("session not created", "[BROWSERSTACK_ALL_PARALLELS_IN_USE] All parallel tests are currently in use, including the queued tests. Please wait to finish or upgrade your plan to add more sessions."));
            return;
        }

        try
        {
            if (await phones.OpenAsync(wanted.DeepClone().AsObject(), uploaded.File, CancellationToken.None) is not { } phone)
            {
                await SendAsync(context, 500, Error("session not created", "no phone"));
                return;
            }

            StandInSession session;
            lock (gate)
            {
                session = new StandInSession(string.Create(CultureInfo.InvariantCulture, $"{sessions.Count + 1:x4}{RandomNumberGenerator.GetHexString(36, lowercase: true)}"), wanted.ToJsonString(), phone);
                sessions.Add(session);
                MostOpen = Math.Max(MostOpen, Open);
            }

            var value = new JsonObject { ["sessionId"] = session.Id, ["capabilities"] = phone.Capabilities };
            await SendAsync(context, 200, new JsonObject { ["value"] = value }.ToJsonString());
        }
        finally
        {
            lock (gate) opening--;
        }
    }

    private StandInSession? Find(string id)
    {
        lock (gate) return sessions.Find(s => s.Id == id);
    }

    private static string Error(string error, string message) =>
        JsonSerializer.Serialize(new Dictionary<string, object> { ["value"] = new Dictionary<string, string> { ["error"] = error, ["message"] = message, ["stacktrace"] = "" } });

    private static async Task SendAsync(HttpContext context, int status, string body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(body, context.RequestAborted);
    }
}

/// <summary>An answer in place of the stand-in's own.</summary>
/// <param name="Status">Null: only the delay.</param>
public sealed record StandInAnswer(int? Status, string Body = "")
{
    public TimeSpan Delay { get; init; }

    public int? RetryAfterSeconds { get; init; }
}
