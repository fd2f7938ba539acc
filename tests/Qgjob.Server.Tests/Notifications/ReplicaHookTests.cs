using System.Text.Json;
using Qgjob.Client.Wire;
using Qgjob.Core.Notifications;
using Qgjob.Server.Tests.Replicas;
using Xunit;

namespace Qgjob.Server.Tests.Notifications;

public sealed class ReplicaHookTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Of_several_servers_one_sends_whichever_was_told()
    {
        await using var both = await TwoServers.StartAsync();
        await using var receiver = await HookReceiver.StartAsync();
        var hook = await both.A.Client.SetHookAsync("o", "slack", new HookSettings { Url = receiver.Url, Format = HookFormat.Slack, Events = [HookEvents.RunFinished] }, Cancel);
        // Slack checks no signature.
        Assert.Null(hook.Secret);
        await both.A.Client.SetHookAsync("o", "json", new HookSettings { Url = receiver.Url, Events = [HookEvents.RunFinished] }, Cancel);
        // Told to one server, ended at the other.
        var run = await both.A.Client.SubmitAsync(new SubmitRun { OrgId = "o", AppVersionId = "v", Tests = ["a.spec.js"] }, "k", Cancel);
        await both.B.Client.CancelRunAsync(run.RunId, Cancel);
        for (var second = 0; second < 300 && receiver.Messages.Count < 2; second++) await both.PassAsync(1);
        await both.PassAsync(10);
        Assert.Equal(2, receiver.Messages.Count);
        Assert.Single(receiver.Messages, m => m.Signature is not null && JsonSerializer.Deserialize(m.Body, WireJson.Default.HookEvent)!.Data.Run!.RunId == run.RunId);
        Assert.All((await both.B.Client.ListHooksAsync("o", Cancel)).Items, h => Assert.Equal(DeliveryState.Delivered, h.Last!.State));
    }
}
