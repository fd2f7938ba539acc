using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Qgjob.Agent.Gateway;

namespace Qgjob.Agent.BrowserStack;

/// <summary>What an attempt's gateway to BrowserStack is for.</summary>
/// <param name="Package">The app; AppWright asks for it.</param>
internal sealed record CloudGatewayPlan(string Package, Func<bool> LeaseOver)
{
    /// <summary>Runs before a session ends, while the screen is as its test left it; never throws.</summary>
    public Func<CancellationToken, Task>? BeforeClose { get; init; }
}

/// <summary>
/// The BrowserStack that an attempt's tests believe to have: hub and REST API on one loopback port, without credentials.
/// Commands go on to the hub; what AppWright asks of the REST API is answered here, and done once when the tests are over.
/// </summary>
internal sealed class CloudGateway : IAsyncDisposable
{
    private const int MostTries = 4;
    private readonly CloudGatewayPlan plan;
    private readonly CloudHub hub;
    private readonly CloudSessions sessions;
    private readonly BrowserStackClient client;
    private readonly TimeProvider time;
    private readonly Action<GatewayEvent> tell;
    private readonly LoopbackHttpServer http;
    private readonly SemaphoreSlim one = new(1, 1);
    private readonly CancellationTokenSource stop = new();
    private readonly ConcurrentDictionary<string, CloudSession> handedOut = new();
    private (string Id, CloudSession Session)? live;
    private string? failed;
    private int count;

    /// <param name="tell">Gets each event; may be called from several threads.</param>
    public CloudGateway(CloudGatewayPlan plan, CloudHub hub, CloudSessions sessions, BrowserStackClient client, TimeProvider time, Action<GatewayEvent> tell)
    {
        (this.plan, this.hub, this.sessions, this.client, this.time, this.tell) = (plan, hub, sessions, client, time, tell);
        http = new LoopbackHttpServer(AnswerAsync);
    }

    public int Port => http.Port;

    /// <summary>What the screen shows, as PNG; empty when there is no session.</summary>
    public async Task<byte[]> CaptureAsync(CancellationToken cancel)
    {
        if ((live?.Session ?? sessions.All.LastOrDefault(s => s.Length is null)) is not { } session) return [];
        var answer = await hub.SendAsync("GET", $"/session/{session.Id}/screenshot", null, cancel).ConfigureAwait(false);
        try
        {
            return answer.Reply.IsSuccess && JsonNode.Parse(answer.Reply.Body)?["value"]?.GetValue<string>() is { } picture ? Convert.FromBase64String(picture) : [];
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
        {
            return [];
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync().ConfigureAwait(false);
        await http.DisposeAsync().ConfigureAwait(false);
        await sessions.EndAllAsync().ConfigureAwait(false);
        one.Dispose();
        stop.Dispose();
    }

    private async Task<HttpReply> AnswerAsync(HttpRequest request, CancellationToken gone)
    {
        tell(new CommandSeen());
        if (failed is { } reason) return WebDriverError.Final(reason);
        // A command that lay here while this process stood still gets there before the timer that stops the attempt.
        if (plan.LeaseOver()) return WebDriverError.Final("The lease of the slot may be over.");
        var path = request.Path.Split('?')[0];
        if (path.StartsWith("/app-automate/", StringComparison.Ordinal)) return await RestAsync(request, path["/app-automate/".Length..], gone).ConfigureAwait(false);
        using var clock = new CancellationTokenSource(AttemptGateway.AnswerLimit, time);
        using var all = CancellationTokenSource.CreateLinkedTokenSource(clock.Token, stop.Token);
        try
        {
            var command = request.Path.StartsWith("/wd/hub", StringComparison.Ordinal) ? request.Path["/wd/hub".Length..] : request.Path;
            if (request.Method == "POST" && command == "/session") return await OpenAsync(request, gone, all.Token).ConfigureAwait(false);
            return await CommandAsync(request, command, gone, all.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (clock.IsCancellationRequested)
        {
            return Fail($"BrowserStack did not answer within {AttemptGateway.AnswerLimit.TotalSeconds:0} s");
        }
        catch (HttpRequestException e)
        {
            return Fail($"BrowserStack is not reached: {e.Message}");
        }
    }

    private async Task<HttpReply> OpenAsync(HttpRequest request, CancellationToken gone, CancellationToken cancel)
    {
        await one.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            var start = time.GetTimestamp();
            if (live is { } old)
            {
                // Its test's process is gone, most likely, and never closed it.
                live = null;
                if (plan.BeforeClose is { } look) await look(cancel).ConfigureAwait(false);
                await sessions.ReturnAsync(old.Session).ConfigureAwait(false);
            }

            // A test that waits for its session no longer has failed for want of one: that is not its fault.
            using var until = CancellationTokenSource.CreateLinkedTokenSource(gone, cancel);
            switch (await sessions.OpenAsync(request.Body, until.Token).ConfigureAwait(false))
            {
                case CloudOpened(var session, var reused):
                    var id = string.Create(CultureInfo.InvariantCulture, $"qgjob-{++count}-{session.Id}");
                    (live, handedOut[id]) = ((id, session), session);
                    tell(new SessionOpened(reused, time.GetElapsedTime(start)));
                    return GatewaySession.Opened(id, session.Capabilities);
                case CloudAppFailed(var message):
                    return WebDriverError.Final(message);
                case CloudNotOpened(var reason):
                    return Fail(reason);
                default:
                    throw new System.Diagnostics.UnreachableException();
            }
        }
        catch (JsonException e)
        {
            return WebDriverError.Final($"This is no session request: {e.Message}");
        }
        finally
        {
            one.Release();
        }
    }

    private async Task<HttpReply> CommandAsync(HttpRequest request, string command, CancellationToken gone, CancellationToken cancel)
    {
        if (live is not var (id, session) || !GatewaySession.TrySplit(command, id, out var rest))
            return WebDriverError.Final($"{request.Method} {command}: no such session. A slot has one at a time: each new one closes the one before, so use either device or persistentDevice in a file.");
        if (request.Method == "DELETE" && rest.Length == 0)
        {
            await one.WaitAsync(cancel).ConfigureAwait(false);
            try
            {
                // Whoever opened the next session meanwhile has closed this one.
                if (live?.Id != id) return GatewaySession.Closed();
                if (plan.BeforeClose is { } look) await look(cancel).ConfigureAwait(false);
                live = null;
                await sessions.ReturnAsync(session).ConfigureAwait(false);
                tell(new SessionClosed());
                return GatewaySession.Closed();
            }
            finally
            {
                one.Release();
            }
        }

        if (SessionWear.Of(request.Method, rest, request.Body) != Wear.None) session.IsWorn = true;
        using var both = CancellationTokenSource.CreateLinkedTokenSource(gone, cancel);
        return await PassAsync(request, session, rest, both.Token).ConfigureAwait(false);
    }

    /// <summary>Passes a command on, again where that can do no harm: what only asks, and what was not done.</summary>
    private async Task<HttpReply> PassAsync(HttpRequest request, CloudSession session, string rest, CancellationToken cancel)
    {
        for (var failures = 0; ; failures++)
        {
            var last = request.Method != "GET" || failures + 1 >= MostTries;
            TimeSpan? asked = null;
            try
            {
                var answer = await hub.SendAsync(request.Method, $"/session/{session.Id}{rest}", request.Body, cancel).ConfigureAwait(false);
                if (answer.Reply.IsSuccess) return answer.Reply;
                var message = hub.Message(answer);
                if (answer.Status == 429) (last, asked) = (false, answer.RetryAfter);
                else if (HubSigns.IsEnded(message))
                {
                    sessions.NoteEnd(session);
                    return Fail($"BrowserStack has lost the session: {message}");
                }
                else if (answer.Status is 401 or 403) return Fail(new BrowserStackRefusedException(answer.Status).Message);
                else if (InfraSigns.InCommand(message)) return Fail(message);
                // An answer of the phone's driver is the test's business; any other comes from what lies between.
                else if (answer.Error is not null || answer.Status < 500) return answer.Reply;
                else if (last) return Fail($"BrowserStack answers {answer.Status} to {request.Method} {rest}: {message}");
            }
            catch (HttpRequestException) when (!last)
            {
                // Once more.
            }

            await Task.Delay(CloudWait.Next(failures, asked), time, cancel).ConfigureAwait(false);
        }
    }

    /// <summary>What AppWright asks of the REST API while tests run.</summary>
    private async Task<HttpReply> RestAsync(HttpRequest request, string path, CancellationToken gone)
    {
        if (path.StartsWith("sessions/", StringComparison.Ordinal) && path.EndsWith(".json", StringComparison.Ordinal) && handedOut.TryGetValue(path["sessions/".Length..^".json".Length], out var session))
        {
            if (request.Method == "PUT") Note(session, request.Body);
            // AppWright takes the app's name for its package, and would wait for a video that has an address.
            var details = new JsonObject { ["hashed_id"] = session.Id, ["status"] = "running", ["app_details"] = new JsonObject { ["app_name"] = plan.Package } };
            return HttpReply.Json(200, new JsonObject { ["automation_session"] = details }.ToJsonString());
        }

        if (request is not { Method: "POST" } || path != "upload-media") return HttpReply.Json(404, """{"error":"qgjob passes no such call on to BrowserStack"}""");
        var (status, body) = await client.PassAsync(HttpMethod.Post, $"/app-automate/{path}", request.Body, request.ContentType, gone).ConfigureAwait(false);
        return new HttpReply(status, body);
    }

    /// <summary>A test's name, or how it ended.</summary>
    private static void Note(CloudSession session, byte[] body)
    {
        try
        {
            if (JsonNode.Parse(body) is JsonObject told && told["status"]?.GetValue<string>() is { } status && status is not ("passed" or "skipped"))
                session.Failure ??= told["reason"]?.GetValue<string>() ?? status;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Only what BrowserStack's page shows depends on it.
        }
    }

    /// <summary>After the first infra failure nothing is tried any more: the attempt is over.</summary>
    private HttpReply Fail(string reason)
    {
        if (Interlocked.CompareExchange(ref failed, reason, null) is null) tell(new InfraFailed(reason));
        return WebDriverError.Final(reason);
    }
}
