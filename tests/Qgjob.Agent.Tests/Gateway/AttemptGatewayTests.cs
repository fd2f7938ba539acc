using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using Qgjob.Agent.Devices;
using Qgjob.Agent.Gateway;
using Qgjob.Agent.Installs;
using Qgjob.Agent.Tests.Devices;
using Qgjob.Core.Jobs;

namespace Qgjob.Agent.Tests.Gateway;

public sealed class AttemptGatewayTests : IAsyncLifetime
{
    private readonly FakeAppium appium = new();
    private readonly FakeAdbServer adb = new() { Shell = c => (c.StartsWith("pm clear", StringComparison.Ordinal) ? "Success\n" : "", 0) };
    private readonly ConcurrentQueue<GatewayEvent> events = [];
    private readonly CancellationTokenSource lost = new();
    private readonly HttpClient client = new(new SocketsHttpHandler { UseProxy = false });
    private AppiumServer? server;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private GatewayEvent[] Events => [.. events.Where(e => e is not CommandSeen)];

    public ValueTask InitializeAsync()
    {
        server = AppiumServer.At(new AdbDevice(adb.Port, "phone"), appium.Port);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        client.Dispose();
        await server!.DisposeAsync();
        await appium.DisposeAsync();
        await adb.DisposeAsync();
        lost.Dispose();
    }

    [Fact]
    public async Task The_second_test_gets_the_first_ones_session_cleaned()
    {
        await using var gateway = Open(ResetMode.Clear);
        var first = await NewSessionAsync(gateway);
        await SendAsync(gateway, HttpMethod.Post, $"/session/{first}/appium/settings", """{"settings":{"waitForIdleTimeout":0}}""");
        await SendAsync(gateway, HttpMethod.Post, $"/session/{first}/timeouts", """{"implicit":5000}""");
        await SendAsync(gateway, HttpMethod.Post, $"/session/{first}/appium/device/set_clipboard", """{"content":"eA=="}""");
        await SendAsync(gateway, HttpMethod.Delete, $"/session/{first}");
        var second = await NewSessionAsync(gateway);

        Assert.NotEqual(first, second);
        Assert.Equal([new SessionOpened(false, default), new SessionClosed(), new SessionOpened(true, default)], Events.Select(WithoutTime));
        Assert.Single(this.appium.Requests, r => r.StartsWith("POST /session ", StringComparison.Ordinal));
        Assert.Contains("""POST /session/real1/appium/settings {"settings":{"waitForIdleTimeout":10000}}""", this.appium.Requests);
        Assert.Contains("""POST /session/real1/timeouts {"implicit":0}""", this.appium.Requests);
        Assert.Contains("""POST /session/real1/appium/device/set_clipboard {"content":"","contentType":"plaintext"}""", this.appium.Requests);
        Assert.Contains(this.appium.Requests, r => r.Contains("mobile: changePermissions", StringComparison.Ordinal));
        Assert.Equal(["am force-stop com.a", "pm clear com.a"], adb.Commands.Take(2));
        Assert.StartsWith("am start -W -n com.a/a.Main -S", adb.Commands.Last(), StringComparison.Ordinal);

        var late = await SendAsync(gateway, HttpMethod.Get, $"/session/{first}/source");
        Assert.Equal(404, (int)late.StatusCode);
        await SendAsync(gateway, HttpMethod.Get, $"/session/{second}/source");
        Assert.Equal("GET /session/real1/source", this.appium.Requests.Last());
    }

    [Fact]
    public async Task A_session_with_a_change_that_cannot_be_put_back_is_not_used_again()
    {
        await using var gateway = Open(ResetMode.Clear);
        var first = await NewSessionAsync(gateway);
        await SendAsync(gateway, HttpMethod.Post, $"/session/{first}/context", """{"name":"WEBVIEW_1"}""");
        await SendAsync(gateway, HttpMethod.Delete, $"/session/{first}");
        await NewSessionAsync(gateway);
        Assert.Contains("DELETE /session/real1", appium.Requests);
        Assert.Equal(2, appium.Requests.Count(r => r.StartsWith("POST /session ", StringComparison.Ordinal)));
        Assert.Contains("skipServerInstallation", appium.Requests.Last(r => r.StartsWith("POST /session ", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Kept_state_is_not_cleared()
    {
        await using (var gateway = Open(ResetMode.None))
        {
            await NewSessionAsync(gateway);
            await NewSessionAsync(gateway); // Without a DELETE: the client gave up on the first.
        }

        Assert.DoesNotContain(adb.Commands, c => c.StartsWith("pm clear", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Reinstall_installs_before_each_test()
    {
        var installs = 0;
        await using var gateway = Open(ResetMode.Reinstall, _ => Task.FromResult<InstallOutcome>(new BuildReady(++installs > 0, TimeSpan.FromSeconds(1))));
        await NewSessionAsync(gateway);
        await NewSessionAsync(gateway);
        Assert.Equal(2, installs);
    }

    [Fact]
    public async Task A_failed_install_is_final_and_infra()
    {
        await using var gateway = Open(ResetMode.Reinstall, _ => Task.FromResult<InstallOutcome>(new InstallFailed("no space")));
        await AssertFinalAsync(await PostSessionAsync(gateway), "no space");
        Assert.Contains(new InfraFailed("no space"), Events);
        Assert.Empty(appium.Requests);
    }

    [Fact]
    public async Task A_lost_phone_is_refused_at_once_even_in_mid_command()
    {
        var asked = new TaskCompletionSource();
        appium.Special = async (request, cancel) =>
        {
            if (!request.Path.EndsWith("/source", StringComparison.Ordinal)) return null;
            asked.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancel);
            return null;
        };
        await using var gateway = Open(ResetMode.Clear);
        var session = await NewSessionAsync(gateway);
        var command = SendAsync(gateway, HttpMethod.Get, $"/session/{session}/source");
        await asked.Task.WaitAsync(TimeSpan.FromSeconds(20), Cancel);
        await lost.CancelAsync();
        await AssertFinalAsync(await command, "phone is gone");
        await AssertFinalAsync(await PostSessionAsync(gateway), "phone is gone");
        Assert.Single(Events.OfType<InfraFailed>());
    }

    [Fact]
    public async Task A_command_that_takes_too_long_is_answered_before_the_client_asks_again()
    {
        var time = new FakeTimeProvider();
        var asked = new TaskCompletionSource();
        appium.Special = async (request, cancel) =>
        {
            if (!request.Path.EndsWith("/source", StringComparison.Ordinal)) return null;
            asked.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancel);
            return null;
        };
        await using var gateway = Open(ResetMode.Clear, time: time);
        var session = await NewSessionAsync(gateway);
        var command = SendAsync(gateway, HttpMethod.Get, $"/session/{session}/source");
        await asked.Task.WaitAsync(TimeSpan.FromSeconds(20), Cancel);
        time.Advance(AttemptGateway.AnswerLimit);
        await AssertFinalAsync(await command, "did not answer within 100 s");
    }

    [Fact]
    public async Task A_crashed_instrumentation_is_infra_and_final()
    {
        appium.Special = (request, _) => Task.FromResult(request.Path.EndsWith("/elements", StringComparison.Ordinal)
            ? HttpReply.Json(500, """{"value":{"error":"unknown error","message":"'POST /elements' cannot be proxied to UiAutomator2 server because the instrumentation process is not running (probably crashed)"}}""")
            : null);
        await using var gateway = Open(ResetMode.Clear);
        var session = await NewSessionAsync(gateway);
        await AssertFinalAsync(await SendAsync(gateway, HttpMethod.Post, $"/session/{session}/elements", "{}"), "instrumentation process is not running");
        Assert.Single(Events.OfType<InfraFailed>());
    }

    [Fact]
    public async Task An_app_that_does_not_start_fails_the_test_only()
    {
        await using var gateway = Open(ResetMode.Clear);
        var first = await NewSessionAsync(gateway);
        await SendAsync(gateway, HttpMethod.Delete, $"/session/{first}");
        adb.Shell = c => c.StartsWith("am start", StringComparison.Ordinal) ? ("Error type 3\nError: Activity class does not exist.\n", 1) : ("Success", 0);
        await AssertFinalAsync(await PostSessionAsync(gateway), "Cannot start com.a/a.Main");
        Assert.DoesNotContain(Events, e => e is InfraFailed);
    }

    [Fact]
    public async Task A_session_that_fails_is_tried_once_more_on_a_new_appium()
    {
        var first = true;
        appium.Special = (request, _) =>
        {
            if (request.Path != "/session" || !first) return Task.FromResult<HttpReply?>(null);
            first = false;
            return Task.FromResult<HttpReply?>(HttpReply.Json(500, """{"value":{"message":"settings app did not come up"}}"""));
        };
        var replaced = 0;
        await using var gateway = Open(ResetMode.Clear, replace: () => replaced++);
        await NewSessionAsync(gateway);
        Assert.Equal(1, replaced);
    }

    [Fact]
    public async Task A_session_whose_instrumentation_died_between_tests_is_not_used_again()
    {
        await using var gateway = Open(ResetMode.Clear);
        var first = await NewSessionAsync(gateway);
        await SendAsync(gateway, HttpMethod.Delete, $"/session/{first}");
        appium.Special = (request, _) => Task.FromResult(request.Path == "/session/real1/orientation"
            ? HttpReply.Json(500, """{"value":{"message":"the instrumentation process is not running"}}""")
            : null);
        await NewSessionAsync(gateway);
        Assert.Contains("DELETE /session/real1", appium.Requests);
        Assert.DoesNotContain(Events, e => e is InfraFailed);
    }

    [Fact]
    public async Task A_shell_that_answers_no_more_is_infra_and_final()
    {
        await using var gateway = Open(ResetMode.Clear);
        var first = await NewSessionAsync(gateway);
        await SendAsync(gateway, HttpMethod.Delete, $"/session/{first}");
        var second = await NewSessionAsync(gateway); // Its cleaning has ended, so that only the start of the app is left.
        await SendAsync(gateway, HttpMethod.Delete, $"/session/{second}");
        adb.Shell = c => c.StartsWith("am start", StringComparison.Ordinal) ? throw new IOException("broken") : ("Success\n", 0);
        await AssertFinalAsync(await PostSessionAsync(gateway), "phone");
        Assert.Single(Events.OfType<InfraFailed>());
    }

    [Fact]
    public async Task Closing_does_not_wait_for_a_session_that_is_being_made()
    {
        var asked = new TaskCompletionSource();
        appium.Special = async (_, cancel) =>
        {
            asked.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancel);
            return null;
        };
        var gateway = Open(ResetMode.Clear);
        var session = PostSessionAsync(gateway);
        await asked.Task.WaitAsync(TimeSpan.FromSeconds(20), Cancel);
        await gateway.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20), Cancel);
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => session);
        Assert.True(server!.IsDoubtful);
    }

    [Fact]
    public async Task Bad_requests_get_a_final_answer()
    {
        await using var gateway = Open(ResetMode.Clear);
        await AssertFinalAsync(await SendAsync(gateway, HttpMethod.Post, "/session", "{}"), "no session request");
        await AssertFinalAsync(await SendAsync(gateway, HttpMethod.Get, "/session/unknown/source"), "no such session");
        await AssertFinalAsync(await SendAsync(gateway, HttpMethod.Get, "/elsewhere"), "no such session");
        Assert.True((await SendAsync(gateway, HttpMethod.Get, "/status")).IsSuccessStatusCode);
    }

    [Fact]
    public async Task A_session_beside_another_closes_it_and_its_user_learns_why()
    {
        await using var gateway = Open(ResetMode.Clear);
        var kept = await NewSessionAsync(gateway); // A persistentDevice, say, which lives as long as its worker.
        var second = await NewSessionAsync(gateway);
        await AssertFinalAsync(await SendAsync(gateway, HttpMethod.Get, $"/session/{kept}/source"), "either device or persistentDevice");
        await AssertFinalAsync(await SendAsync(gateway, HttpMethod.Delete, $"/session/{kept}"), "no such session");
        Assert.True((await SendAsync(gateway, HttpMethod.Get, $"/session/{second}/source")).IsSuccessStatusCode);
        Assert.Equal([new SessionOpened(false, default), new SessionClosed(), new SessionOpened(true, default)], Events.Select(WithoutTime));
    }

    private static GatewayEvent WithoutTime(GatewayEvent e) => e is SessionOpened opened ? opened with { Duration = default } : e;

    [Fact]
    public async Task Nothing_reaches_the_phone_when_the_lease_may_be_over()
    {
        var over = false;
        await using var gateway = new AttemptGateway(
            new GatewayPlan(server!.Device, ResetMode.None, null, lost.Token) { LeaseOver = () => over }, (_, _) => Task.FromResult(server!), TimeProvider.System, events.Enqueue);
        var session = await NewSessionAsync(gateway);
        over = true;
        var before = this.appium.Requests.Count;
        await AssertFinalAsync(await SendAsync(gateway, HttpMethod.Post, $"/session/{session}/timeouts", """{"implicit":5000}"""), "lease");
        await AssertFinalAsync(await PostSessionAsync(gateway), "lease");
        Assert.Equal(before, this.appium.Requests.Count);
    }

    private AttemptGateway Open(
        ResetMode reset, Func<CancellationToken, Task<InstallOutcome>>? reinstall = null, TimeProvider? time = null, Action? replace = null) =>
        new(new GatewayPlan(server!.Device, reset, reinstall, lost.Token), (bad, _) =>
        {
            if (bad is not null) replace?.Invoke();
            return Task.FromResult(server!);
        }, time ?? TimeProvider.System, events.Enqueue);

    private Task<HttpResponseMessage> PostSessionAsync(AttemptGateway gateway) =>
        SendAsync(gateway, HttpMethod.Post, "/session", CapabilitiesTests.AppWrights);

    private async Task<string> NewSessionAsync(AttemptGateway gateway)
    {
        var response = await PostSessionAsync(gateway);
        response.EnsureSuccessStatusCode();
        var json = await response.Content.ReadFromJsonAsync<JsonObject>(Cancel);
        return json!["value"]!["sessionId"]!.GetValue<string>();
    }

    private async Task<HttpResponseMessage> SendAsync(AttemptGateway gateway, HttpMethod method, string path, string? body = null)
    {
        using var request = new HttpRequestMessage(method, $"http://127.0.0.1:{gateway.Port}{path}");
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        return await client.SendAsync(request, Cancel);
    }

    private static async Task AssertFinalAsync(HttpResponseMessage response, string text)
    {
        Assert.Equal(404, (int)response.StatusCode);
        var message = (await response.Content.ReadFromJsonAsync<JsonObject>(Cancel))!["value"]!["message"]!.GetValue<string>();
        Assert.Contains(text, message, StringComparison.Ordinal);
        Assert.Contains("invalid session id", message, StringComparison.Ordinal);
    }
}
