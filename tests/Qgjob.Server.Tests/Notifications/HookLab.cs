using Qgjob.Client.Wire;
using Qgjob.Core.Jobs;
using Qgjob.Core.Notifications;
using Qgjob.Core.Results;
using Qgjob.Core.Storage;
using Xunit;
using TestResult = Qgjob.Core.Results.TestResult;

namespace Qgjob.Server.Tests.Notifications;

/// <summary>A server, a receiver and an agent that says how tests ended.</summary>
internal sealed class HookLab : IAsyncDisposable
{
    private FakeAgent agent = null!;

    private HookLab(RunningServer server, HookReceiver receiver) => (Server, Receiver) = (server, receiver);

    public RunningServer Server { get; private set; }
    public HookReceiver Receiver { get; }
    public static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static async Task<HookLab> StartAsync(IJobStore? store = null, params string[] more)
    {
        var lab = new HookLab(await RunningServer.StartAsync(store, more), await HookReceiver.StartAsync());
        lab.agent = new FakeAgent(lab.Server, "lab");
        return lab;
    }

    /// <summary>Another server on the same store goes on.</summary>
    public async Task RestartAsync(IJobStore store)
    {
        var time = Server.Time;
        await Server.DisposeAsync();
        Server = await RunningServer.StartAsync(time, store);
        agent = new FakeAgent(Server, "lab") { Boot = "boot-2" };
    }

    public Task<HookView> HookAsync(string name = "h", Func<HookSettings, HookSettings>? with = null)
    {
        var settings = new HookSettings { Url = Receiver.Url };
        return Server.Client.SetHookAsync("o", name, with?.Invoke(settings) ?? settings, Cancel);
    }

    /// <summary>A run of one file that ends so.</summary>
    public async Task<string> RunAsync(
        AttemptOutcome outcome, IReadOnlyList<TestResult>? tests = null, string? branch = null, Func<SubmitRun, SubmitRun>? with = null)
    {
        var (run, end) = await BeginAsync(branch, with);
        await end(outcome, tests ?? []);
        return run;
    }

    /// <summary>A run of one file that is on its phone, and what ends it.</summary>
    public async Task<(string RunId, Func<AttemptOutcome, IReadOnlyList<TestResult>, Task> End)> BeginAsync(string? branch = null, Func<SubmitRun, SubmitRun>? with = null, FakeAgent? on = null)
    {
        on ??= agent;
        // It may have been silent for long.
        await on.RegisterAsync();
        var run = new SubmitRun { OrgId = "o", AppVersionId = "v1", Tests = ["tests/a.spec.js"], Meta = branch is null ? null : new() { ["branch"] = branch, ["commit"] = "0123456789abcdef" } };
        var accepted = await Server.Client.SubmitAsync(with?.Invoke(run) ?? run, Guid(), Cancel);
        var lease = Assert.Single((await on.WorkAsync(wait: 0)).Assignments).Lease;
        return (accepted.RunId, async (outcome, tests) => Assert.True(await on.FinishAsync(lease, outcome, [.. tests])));
    }

    /// <summary>Lets virtual seconds pass until it is so.</summary>
    public async Task UntilAsync(Func<Task<bool>> isSo, int mostSeconds = 2000)
    {
        for (var second = 0; !await isSo(); second++)
        {
            Assert.True(second < mostSeconds, $"not within {mostSeconds} s");
            await Server.PassAsync(TimeSpan.FromSeconds(1));
        }
    }

    /// <summary>The next message that comes.</summary>
    public async Task<Message> NextAsync()
    {
        Message? message = null;
        await UntilAsync(() => Task.FromResult(Receiver.Messages.TryDequeue(out message)));
        return message!;
    }

    /// <summary>Nothing comes for a while; every run that ended is judged.</summary>
    public async Task SilenceAsync()
    {
        var store = (IJobStore)Server.Services.GetService(typeof(IJobStore))!;
        await UntilAsync(async () => (await store.HookRowsAsync(HookKeys.Notices, Cancel)).Count == 0);
        await Server.PassAsync(TimeSpan.FromSeconds(3));
        Assert.Empty(Receiver.Messages);
    }

    public async Task<IReadOnlyList<DeliveryView>> DeliveriesAsync(string name = "h") => (await Server.Client.ListDeliveriesAsync("o", name, bodies: true, Cancel))!.Items;

    public static TestResult Test(string title, TestStatus status, params string[] tags) =>
        new(["suite", title], "tests/a.spec.js", 3, status, 1200, Error: status is TestStatus.Failed ? "Error: expected <1> & got 2\n  at x" : null) { Tags = tags.Length == 0 ? null : tags };

    private int keys;
    private string Guid() => $"k{++keys}-{Server.Address.Port}";

    public async ValueTask DisposeAsync()
    {
        // A receiver that does not answer is stopped first.
        await Receiver.DisposeAsync();
        await Server.DisposeAsync();
    }
}
