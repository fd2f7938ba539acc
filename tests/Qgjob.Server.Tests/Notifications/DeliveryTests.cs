using System.Net;
using System.Text;
using System.Text.Json;
using Qgjob.Client.Http;
using Qgjob.Client.Wire;
using Qgjob.Core.Jobs;
using Qgjob.Core.Notifications;
using Qgjob.Core.Storage.Memory;
using Qgjob.Server.Notifications;
using Xunit;

namespace Qgjob.Server.Tests.Notifications;

/// <summary>Messages over a real connection: signed, repeated, bounded, and gone on with by the next server.</summary>
public sealed class DeliveryTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;
    private static HookSettings AllRuns(HookSettings s) => s with { Events = [HookEvents.RunFinished] };

    [Fact]
    public async Task A_run_is_told_signed_and_once()
    {
        await using var lab = await HookLab.StartAsync(null, "--public-url", "https://qgjob.example.com/lab/");
        var hook = await lab.HookAsync(with: AllRuns);
        Assert.StartsWith("whsec_", hook.Secret, StringComparison.Ordinal);
        var run = await lab.RunAsync(AttemptOutcome.Passed, [HookLab.Test("x", Core.Results.TestStatus.Passed)], "main");
        var message = await lab.NextAsync();
        Assert.Equal(WebhookSignature.Of(hook.Secret!, message.Id, long.Parse(message.Timestamp, null), message.Body), message.Signature);
        var told = JsonSerializer.Deserialize(message.Body, WireJson.Default.HookEvent)!;
        Assert.Equal((HookEvents.RunFinished, "o", "h", run), (told.Type, told.Data.OrgId, told.Data.Hook, told.Data.Run!.RunId));
        Assert.Equal(("passed", 0, "main"), (told.Data.Run.Status, told.Data.Run.ExitCode, told.Data.Run.Meta["branch"]));
        Assert.Equal(["v1"], told.Data.AppVersionIds!);
        Assert.Equal($"https://qgjob.example.com/lab/api/v1/runs/{run}/report.html", told.Data.RunUrl);
        await lab.UntilAsync(async () => (await lab.DeliveriesAsync())[0].State is DeliveryState.Delivered);
        var delivery = Assert.Single(await lab.DeliveriesAsync());
        Assert.Equal((message.Id, run, 1, 200), (delivery.Id, delivery.RunId, delivery.Tries, Assert.Single(delivery.Log).Status));
        await lab.SilenceAsync();

        // Neither the secret nor what follows the beginning of the address is shown anywhere again.
        var shown = await lab.Server.Http.GetStringAsync("/api/v1/orgs/o/hooks", Cancel);
        Assert.DoesNotContain("whsec_", shown, StringComparison.Ordinal);
        Assert.DoesNotContain("secret-part", shown, StringComparison.Ordinal);
        Assert.Null((await lab.HookAsync(with: AllRuns)).Secret);
        var again = await lab.Server.Client.RedeliverAsync("o", "h", delivery.Id, Cancel);
        Assert.Equal((DeliveryState.Pending, 0), (again.State, again.Tries));
        Assert.Equal((message.Id, message.Body), await lab.NextAsync() is var second ? (second.Id, second.Body) : default);
        Assert.True(await lab.Server.Client.RemoveHookAsync("o", "h", Cancel));
        Assert.Null(await lab.Server.Client.ListDeliveriesAsync("o", "h", false, Cancel));
    }

    [Fact]
    public async Task What_fails_is_tried_again_with_the_same_id_and_body_also_by_the_next_server()
    {
        var store = new MemoryStore();
        await using var lab = await HookLab.StartAsync(store);
        lab.Receiver.Answer = HookReceiver.Status(500);
        await lab.HookAsync(with: AllRuns);
        await lab.RunAsync(AttemptOutcome.Passed);
        var first = await lab.NextAsync();
        var second = await lab.NextAsync();
        await lab.UntilAsync(async () => (await lab.DeliveriesAsync())[0].Log.Count >= 2);
        await lab.RestartAsync(store);
        lab.Receiver.Messages.Clear();
        lab.Receiver.Answer = HookReceiver.Status(200);
        var third = await lab.NextAsync();
        Assert.Equal((first.Id, first.Body, first.Id, first.Body), (second.Id, second.Body, third.Id, third.Body));
        Assert.True(long.Parse(second.Timestamp, null) >= long.Parse(first.Timestamp, null) + 5);
        Assert.True(long.Parse(third.Timestamp, null) >= long.Parse(second.Timestamp, null) + 30);
        await lab.UntilAsync(async () => (await lab.DeliveriesAsync())[0].State is DeliveryState.Delivered);
        Assert.Equal([500, 500, 200], Assert.Single(await lab.DeliveriesAsync()).Log.Select(l => l.Status));
    }

    [Fact]
    public async Task A_receiver_that_wants_no_more_is_left_alone_until_the_hook_is_set_again()
    {
        await using var lab = await HookLab.StartAsync();
        lab.Receiver.Answer = HookReceiver.Status(410);
        await lab.HookAsync(with: AllRuns);
        await lab.RunAsync(AttemptOutcome.Passed);
        await lab.NextAsync();
        await lab.UntilAsync(async () => (await lab.DeliveriesAsync())[0].State is DeliveryState.Failed);
        var hook = Assert.Single((await lab.Server.Client.ListHooksAsync("o", Cancel)).Items);
        Assert.Contains("410", hook.Disabled, StringComparison.Ordinal);
        await lab.RunAsync(AttemptOutcome.Passed);
        await lab.SilenceAsync();
        lab.Receiver.Answer = HookReceiver.Status(200);
        Assert.Null((await lab.HookAsync(with: AllRuns)).Disabled);
        await lab.RunAsync(AttemptOutcome.Passed);
        await lab.NextAsync();
    }

    [Fact]
    public async Task A_slow_receiver_keeps_nobody_waiting_and_what_it_answers_is_bounded()
    {
        await using var lab = await HookLab.StartAsync();
        await using var other = await HookReceiver.StartAsync();
        var slow = new TaskCompletionSource();
        lab.Receiver.Answer = context => slow.Task.WaitAsync(context.RequestAborted);
        other.Answer = async context =>
        {
            var much = Encoding.UTF8.GetBytes(new string('x', 100_000));
            for (var i = 0; i < 1000; i++) await context.Response.Body.WriteAsync(much, context.RequestAborted);
        };
        await lab.HookAsync("slow", AllRuns);
        await lab.HookAsync("talkative", s => AllRuns(s) with { Url = other.Url });
        await lab.RunAsync(AttemptOutcome.Passed);
        await lab.UntilAsync(async () => (await lab.DeliveriesAsync("talkative")) is [{ State: DeliveryState.Delivered }]);
        Assert.InRange((await lab.DeliveriesAsync("talkative"))[0].Log[0].Answer!.Length, 1, 201);
        await lab.UntilAsync(async () => (await lab.DeliveriesAsync("slow")) is [{ Log.Count: > 0 }]);
        var tried = (await lab.DeliveriesAsync("slow"))[0];
        Assert.Equal((DeliveryState.Pending, "no answer within 10 s"), (tried.State, tried.Log[0].Error));
        slow.SetResult();
    }

    [Fact]
    public async Task Redirects_are_not_followed_and_a_receiver_may_ask_for_time()
    {
        await using var lab = await HookLab.StartAsync();
        lab.Receiver.Answer = HookReceiver.Status(307, "Location", "/elsewhere");
        await lab.HookAsync(with: AllRuns);
        await lab.RunAsync(AttemptOutcome.Passed);
        await lab.NextAsync();
        await lab.UntilAsync(async () => (await lab.DeliveriesAsync())[0].Log.Count > 0);
        lab.Receiver.Answer = HookReceiver.Status(429, "Retry-After", "600");
        Assert.Contains("redirect", (await lab.DeliveriesAsync())[0].Log[0].Error, StringComparison.Ordinal);
        var asked = await lab.NextAsync();
        Assert.Equal("/hook/secret-part", asked.Path);
        lab.Receiver.Answer = HookReceiver.Status(200);
        var last = await lab.NextAsync();
        Assert.True(long.Parse(last.Timestamp, null) >= long.Parse(asked.Timestamp, null) + 600);
    }

    [Fact]
    public async Task A_test_tells_at_once_how_it_went()
    {
        await using var lab = await HookLab.StartAsync();
        await lab.HookAsync();
        var good = await lab.Server.Client.TestHookAsync("o", "h", Cancel);
        Assert.Equal((DeliveryState.Delivered, HookEvents.Ping, 200), (good.State, good.Event, good.Log[0].Status));
        lab.Receiver.Answer = HookReceiver.Status(404);
        var bad = await lab.Server.Client.TestHookAsync("o", "h", Cancel);
        Assert.Equal((DeliveryState.Failed, 404), (bad.State, bad.Log[0].Status));
        await lab.HookAsync("nobody", s => s with { Url = "http://127.0.0.1:1/" });
        Assert.Contains("refused", (await lab.Server.Client.TestHookAsync("o", "nobody", Cancel)).Log[0].Error, StringComparison.Ordinal);
        Assert.Equal(2, (await lab.DeliveriesAsync()).Count);
    }

    [Fact]
    public async Task A_runs_own_hook_is_told_of_its_end()
    {
        await using var lab = await HookLab.StartAsync();
        var secret = WebhookSignature.NewSecret();
        var run = await lab.RunAsync(AttemptOutcome.Failed, [HookLab.Test("x", Core.Results.TestStatus.Failed)], with: r => r with { Notify = new NotifyTarget { Url = lab.Receiver.Url, Secret = secret } });
        var message = await lab.NextAsync();
        Assert.Equal(WebhookSignature.Of(secret, message.Id, long.Parse(message.Timestamp, null), message.Body), message.Signature);
        var told = JsonSerializer.Deserialize(message.Body, WireJson.Default.HookEvent)!;
        Assert.Equal((HookEvents.RunFinished, run, "suite › x"), (told.Type, told.Data.Run!.RunId, Assert.Single(told.Data.Tests!).Title));
        Assert.Equal(message.Id, Assert.Single((await lab.Server.Client.ListRunDeliveriesAsync(run, Cancel))!.Items).Id);
        // Other runs have nothing to do with it.
        await lab.RunAsync(AttemptOutcome.Passed);
        await lab.SilenceAsync();
        Assert.Empty((await lab.Server.Client.ListHooksAsync("o", Cancel)).Items);
    }

    [Theory]
    [InlineData("ftp://example.com/")]
    [InlineData("http://user:pass@example.com/")]
    [InlineData("http://169.254.169.254/latest/meta-data")]
    [InlineData("http://[fe80::1]/")]
    [InlineData("http://[::ffff:169.254.169.254]/")]
    [InlineData("")]
    public async Task Addresses_that_nothing_is_sent_to_are_refused(string url)
    {
        await using var server = await RunningServer.StartAsync();
        var refused = await Assert.ThrowsAsync<ApiException>(() => server.Client.SetHookAsync("o", "h", new HookSettings { Url = url }, Cancel));
        Assert.Equal(HttpStatusCode.BadRequest, refused.Status);
        Assert.StartsWith("url: ", refused.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ApiException>(() =>
            server.Client.SubmitAsync(new SubmitRun { OrgId = "o", AppVersionId = "v", Tests = ["a.spec.js"], Notify = new NotifyTarget { Url = url } }, "k", Cancel));
    }

    [Fact]
    public async Task What_a_hook_may_be_is_checked()
    {
        await using var server = await RunningServer.StartAsync(null, "--hook-targets", "private");
        async Task<string> RefusalAsync(HookSettings settings, string name = "h") =>
            (await Assert.ThrowsAsync<ApiException>(() => server.Client.SetHookAsync("o", name, settings, Cancel))).Message;
        var good = new HookSettings { Url = "https://example.com/hook" };
        Assert.Contains("--hook-targets loopback", await RefusalAsync(good with { Url = "http://127.0.0.1/" }), StringComparison.Ordinal);
        Assert.Contains("events[0]", await RefusalAsync(good with { Events = ["run.started"] }), StringComparison.Ordinal);
        Assert.Contains("secret", await RefusalAsync(good with { Secret = "hunter2" }), StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", await RefusalAsync(good with { Secret = "hunter2" }), StringComparison.Ordinal);
        Assert.Contains("owners[0]", await RefusalAsync(good with { Owners = ["@a @b"] }), StringComparison.Ordinal);
        Assert.Contains("name", await RefusalAsync(good, "r-1"), StringComparison.Ordinal);
        for (var i = 0; i < 20; i++) await server.Client.SetHookAsync("o", $"h{i}", good, Cancel);
        Assert.Contains("20 hooks", await RefusalAsync(good), StringComparison.Ordinal);
    }
}
