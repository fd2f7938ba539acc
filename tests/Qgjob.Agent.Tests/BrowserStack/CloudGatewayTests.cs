using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Qgjob.Agent.BrowserStack;
using Qgjob.Agent.Gateway;
using Qgjob.BrowserStack;
using Qgjob.Core.Jobs;

namespace Qgjob.Agent.Tests.BrowserStack;

/// <summary>What an attempt's tests get from a hub that is full, slow, broken, or loses what it has.</summary>
public sealed class CloudGatewayTests : IAsyncLifetime
{
    private const string Request = """{"capabilities":{"alwaysMatch":{"bstack:options":{"debug":true,"deviceName":"x","osVersion":"1"},"appium:app":"bs://x","appium:fullReset":true},"firstMatch":[{}]}}""";
    private readonly ConcurrentQueue<GatewayEvent> events = [];
    private readonly HttpClient tests = new(new SocketsHttpHandler { UseProxy = false });
    private readonly List<bool> noted = [];
    private Cloud cloud = null!;
    private CloudSessions? sessions;
    private string app = "";
    private bool forgotten;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private GatewayEvent[] Events => [.. events.Where(e => e is not CommandSeen)];

    public async ValueTask InitializeAsync()
    {
        cloud = await Cloud.StartAsync(parallels: 1);
        app = await cloud.Client().UploadAsync(cloud.Build().Path, "a.apk", "qgjob-apk", Cancel);
    }

    public async ValueTask DisposeAsync()
    {
        tests.Dispose();
        await cloud.DisposeAsync();
        Assert.DoesNotContain(events, e => e.ToString().Contains(StandIn.Key, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_session_is_the_jobs_and_the_next_test_gets_it_cleaned()
    {
        await using (var gateway = Open())
        {
            var first = await NewSessionAsync(gateway);
            Assert.Equal(HttpStatusCode.OK, (await SendAsync(gateway, HttpMethod.Post, $"/wd/hub/session/{first}/element", """{"using":"xpath","value":"//*"}""")).StatusCode);
            await SendAsync(gateway, HttpMethod.Put, $"/app-automate/sessions/{first}.json", """{"name":"adds an item"}""");
            var details = JsonNode.Parse(await ReadAsync(await SendAsync(gateway, HttpMethod.Get, $"/app-automate/sessions/{first}.json")))!["automation_session"]!;
            Assert.Equal(("com.a", null), (details["app_details"]!["app_name"]!.GetValue<string>(), details["video_url"]));
            await SendAsync(gateway, HttpMethod.Delete, $"/wd/hub/session/{first}");
            // AppWright tells how a test ended when its session is closed.
            await SendAsync(gateway, HttpMethod.Put, $"/app-automate/sessions/{first}.json", """{"status":"failed","reason":"no such item"}""");
            var second = await NewSessionAsync(gateway);
            Assert.NotEqual(first, second);
            Assert.Equal(HttpStatusCode.NotFound, (await SendAsync(gateway, HttpMethod.Get, $"/wd/hub/session/{first}/source")).StatusCode);
        }

        var session = Assert.Single(cloud.StandIn.Sessions);
        Assert.Contains(@"""buildName"":""1.0 r-1""", session.Capabilities, StringComparison.Ordinal);
        Assert.Equal([true, false], noted.Select(r => r));
        Assert.Equal([new SessionOpened(false, default), new SessionClosed(), new SessionOpened(true, default)], Events.Select(e => e is SessionOpened o ? o with { Duration = default } : e));
        Assert.Equal("no such item", Assert.Single(sessions!.All).Failure);
        Assert.Equal(
            ["mobile: terminateApp", "mobile: clearApp", "mobile: changePermissions", "mobile: activateApp"],
            cloud.Phones.Commands.Where(c => c.StartsWith("POST /execute/sync", StringComparison.Ordinal)).Select(c => JsonNode.Parse(c["POST /execute/sync".Length..])!["script"]!.GetValue<string>()));
        // The REST API is left alone while tests run.
        Assert.DoesNotContain(cloud.StandIn.Calls, c => c.Contains("/sessions/", StringComparison.Ordinal));
        Assert.NotNull(session.EndedAt);
    }

    [Fact]
    public async Task A_session_that_cannot_be_cleaned_is_ended_and_another_is_opened()
    {
        cloud.Phones.Special = (_, path) => path == "/execute/sync" ? (500, """{"value":{"error":"unknown command","message":"no clearApp"}}""") : null;
        await using var gateway = Open();
        await SendAsync(gateway, HttpMethod.Delete, $"/wd/hub/session/{await NewSessionAsync(gateway)}");
        await NewSessionAsync(gateway);
        Assert.Equal(2, cloud.StandIn.Sessions.Count);
        Assert.Equal(1, cloud.StandIn.MostOpen);
    }

    [Theory]
    [InlineData(ResetMode.Reinstall, null)]
    [InlineData(ResetMode.Clear, "/context")]
    public async Task What_cannot_be_put_back_costs_a_session(ResetMode reset, string? command)
    {
        await using var gateway = Open(reset);
        var first = await NewSessionAsync(gateway);
        if (command is not null) await SendAsync(gateway, HttpMethod.Post, $"/wd/hub/session/{first}{command}", """{"name":"WEBVIEW_1"}""");
        await SendAsync(gateway, HttpMethod.Delete, $"/wd/hub/session/{first}");
        await NewSessionAsync(gateway);
        Assert.Equal(2, cloud.StandIn.Sessions.Count);
    }

    [Fact]
    public async Task A_full_queue_is_waited_for()
    {
        cloud.StandIn.OthersRunning = 1;
        cloud.StandIn.Misbehave = call =>
        {
            if (call == "POST /wd/hub/session" && cloud.StandIn.Count(call) == 3) cloud.StandIn.OthersRunning = 0;
            return null;
        };
        await using var gateway = Open();
        await NewSessionAsync(gateway);
        Assert.Equal(3, cloud.StandIn.Count("POST /wd/hub/session"));
        Assert.DoesNotContain(Events, e => e is InfraFailed);
    }

    [Fact]
    public async Task A_queue_that_stays_full_is_infrastructure()
    {
        cloud.StandIn.OthersRunning = 1;
        await using var gateway = Open();
        await AssertFinalAsync(await PostSessionAsync(gateway), "All parallel tests are currently in use");
        Assert.Contains("opened no session on Google Pixel 7 (android 13.0) in time", Assert.IsType<InfraFailed>(Assert.Single(Events)).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_test_that_waits_no_longer_for_its_session_has_not_failed_by_itself()
    {
        cloud.StandIn.OthersRunning = 1;
        await using var gateway = Open();
        using var limit = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => tests.PostAsync(new Uri($"http://127.0.0.1:{gateway.Port}/wd/hub/session"), new StringContent(Request), limit.Token));
        await Cloud.UntilAsync(() => Events.Any(e => e is InfraFailed));
    }

    [Fact]
    public async Task Too_many_commands_are_sent_again_and_nothing_else_is_twice()
    {
        await using var gateway = Open();
        var id = await NewSessionAsync(gateway);
        var left = 2;
        cloud.StandIn.Misbehave = call => call.EndsWith("/click", StringComparison.Ordinal) && left-- > 0 ? new StandInAnswer(429) { RetryAfterSeconds = 3 } : null;
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(gateway, HttpMethod.Post, $"/wd/hub/session/{id}/element/7/click", "{}")).StatusCode);
        Assert.Single(cloud.Phones.Commands, c => c.Contains("/click", StringComparison.Ordinal));
        // What only asks is asked again; what does something is not.
        left = 2;
        cloud.StandIn.Misbehave = call => call.EndsWith("/source", StringComparison.Ordinal) && left-- > 0 ? new StandInAnswer(502, "bad gateway") : null;
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(gateway, HttpMethod.Get, $"/wd/hub/session/{id}/source")).StatusCode);
        cloud.StandIn.Misbehave = call => call.EndsWith("/click", StringComparison.Ordinal) ? new StandInAnswer(502, "bad gateway") : null;
        await AssertFinalAsync(await SendAsync(gateway, HttpMethod.Post, $"/wd/hub/session/{id}/element/8/click", "{}"), "BrowserStack answers 502");
        Assert.Contains(Events, e => e is InfraFailed);
    }

    [Fact]
    public async Task A_drivers_own_error_is_the_tests_business()
    {
        await using var gateway = Open();
        var id = await NewSessionAsync(gateway);
        cloud.Phones.Special = (_, path) => path == "/element" ? (404, """{"value":{"error":"no such element","message":"none"}}""") : path == "/source" ? (500, """{"value":{"error":"unknown error","message":"odd"}}""") : null;
        Assert.Equal(HttpStatusCode.NotFound, (await SendAsync(gateway, HttpMethod.Post, $"/wd/hub/session/{id}/element", "{}")).StatusCode);
        Assert.Equal(HttpStatusCode.InternalServerError, (await SendAsync(gateway, HttpMethod.Get, $"/wd/hub/session/{id}/source")).StatusCode);
        Assert.DoesNotContain(Events, e => e is InfraFailed);
    }

    [Fact]
    public async Task A_lost_session_is_infrastructure()
    {
        await using var gateway = Open();
        var id = await NewSessionAsync(gateway);
        cloud.StandIn.Sessions[0].EndedAt = 1;
        await AssertFinalAsync(await SendAsync(gateway, HttpMethod.Get, $"/wd/hub/session/{id}/source"), "BrowserStack has lost the session");
        Assert.Contains(Events, e => e is InfraFailed);
        await AssertFinalAsync(await PostSessionAsync(gateway), "BrowserStack has lost the session");
        Assert.Equal([true, false], noted);
    }

    [Fact]
    public async Task Wrong_credentials_are_infrastructure_at_once()
    {
        await using var gateway = Open(key: "wrong-key-1");
        await AssertFinalAsync(await PostSessionAsync(gateway), "BrowserStack refuses BROWSERSTACK_USERNAME and BROWSERSTACK_ACCESS_KEY");
        Assert.Equal(1, cloud.StandIn.Count("POST /wd/hub/session"));
    }

    [Fact]
    public async Task A_build_that_is_gone_is_forgotten_for_the_next_attempt()
    {
        cloud.StandIn.ForgetApps();
        await using var gateway = Open();
        await AssertFinalAsync(await PostSessionAsync(gateway), "does not know the build");
        Assert.True(forgotten);
    }

    [Fact]
    public async Task Nothing_else_of_the_account_is_reached_by_tests()
    {
        await using var gateway = Open();
        foreach (var (method, path) in new[] { (HttpMethod.Get, "/app-automate/plan.json"), (HttpMethod.Get, "/app-automate/sessions/other.json"), (HttpMethod.Delete, "/app-automate/app/delete/x"), (HttpMethod.Get, "/wd/hub/session/other/source") })
            Assert.Equal(HttpStatusCode.NotFound, (await SendAsync(gateway, method, path)).StatusCode);
        Assert.DoesNotContain(cloud.StandIn.Calls, c => c is not ("POST /app-automate/upload"));
        cloud.StandIn.Misbehave = call => call == "POST /app-automate/upload-media" ? new StandInAnswer(200, """{"media_url":"media://1"}""") : null;
        Assert.Equal("""{"media_url":"media://1"}""", await ReadAsync(await SendAsync(gateway, HttpMethod.Post, "/app-automate/upload-media", "picture")));
    }

    private CloudGateway Open(ResetMode reset = ResetMode.Clear, string key = StandIn.Key)
    {
        var hub = cloud.Hub(key);
        sessions = new CloudSessions(hub, Cloud.Wish(app), reset, "com.a", () => forgotten = true, noted.Add, cloud.Time);
        return new CloudGateway(new CloudGatewayPlan("com.a", () => false), hub, sessions, cloud.Client(key), cloud.Time, events.Enqueue);
    }

    private Task<HttpResponseMessage> PostSessionAsync(CloudGateway gateway) => SendAsync(gateway, HttpMethod.Post, "/wd/hub/session", Request);

    private async Task<string> NewSessionAsync(CloudGateway gateway)
    {
        using var answer = await PostSessionAsync(gateway);
        var text = await ReadAsync(answer);
        Assert.True(answer.IsSuccessStatusCode, text);
        return JsonNode.Parse(text)!["value"]!["sessionId"]!.GetValue<string>();
    }

    private async Task<HttpResponseMessage> SendAsync(CloudGateway gateway, HttpMethod method, string path, string? body = null)
    {
        using var request = new HttpRequestMessage(method, $"http://127.0.0.1:{gateway.Port}{path}");
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        return await tests.SendAsync(request, Cancel);
    }

    private static Task<string> ReadAsync(HttpResponseMessage answer) => answer.Content.ReadAsStringAsync(Cancel);

    /// <summary>The form that AppWright's client does not try again.</summary>
    private static async Task AssertFinalAsync(HttpResponseMessage answer, string said)
    {
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        var message = JsonNode.Parse(await ReadAsync(answer))!["value"]!["message"]!.GetValue<string>();
        Assert.Contains("invalid session id", message, StringComparison.Ordinal);
        Assert.Contains(said, message, StringComparison.Ordinal);
    }
}
