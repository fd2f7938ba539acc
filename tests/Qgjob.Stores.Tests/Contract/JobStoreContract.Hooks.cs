using Qgjob.Core.Notifications;
using Qgjob.Core.Storage;
using Qgjob.Core.Storage.Engine;

namespace Qgjob.Stores.Tests.Contract;

public abstract partial class JobStoreContract
{
    [Fact]
    public async Task A_hook_keeps_its_secret_and_its_age_when_it_is_set_anew()
    {
        var made = await SetHookAsync("payments", newSecret: "whsec_one");
        Assert.Equal(("whsec_one", true, true), (made.Hook.Secret, made.Created, made.NewSecret));
        var since = lab.Now;
        lab.Now += TimeSpan.FromHours(1);
        var again = await SetHookAsync("payments", newSecret: "whsec_two", with: h => h with { Url = "http://other/", Disabled = null });
        Assert.Equal(("whsec_one", "http://other/", since, false, false), (again.Hook.Secret, again.Hook.Url, again.Hook.CreatedAt, again.Created, again.NewSecret));
        var given = await SetHookAsync("payments", newSecret: "whsec_three", with: h => h with { Secret = "whsec_given" });
        Assert.Equal(("whsec_given", false), (given.Hook.Secret, given.NewSecret));
        await SetHookAsync("payments", org: "other");
        Assert.Equal(["acme"], (await HooksAsync("acme")).Select(h => h.OrgId));
        Assert.True((await lab.DoAsync(new RemoveHook("acme", "payments"))).Removed);
        Assert.False((await lab.DoAsync(new RemoveHook("acme", "payments"))).Removed);
        Assert.Empty(await HooksAsync("acme"));
        Assert.Single(await HooksAsync("other"));
    }

    [Fact]
    public async Task A_runs_end_is_noted_with_it_where_somebody_wants_to_know()
    {
        var before = await FinishedRunAsync();
        Assert.Empty(await NoticesAsync());
        await SetHookAsync("h");
        var noted = await FinishedRunAsync();
        var notice = Assert.Single(await NoticesAsync());
        Assert.Equal((noted, "acme"), (notice.RunId, notice.OrgId));
        Assert.NotEqual(before, noted);
        // Nobody sends to a hook that is disabled.
        await lab.DoAsync(new JudgeRun(noted, [], [], []));
        await lab.DoAsync(new NoteDelivery(NewDelivery("h"), IsNew: true, Disable: "410"));
        await FinishedRunAsync();
        Assert.Empty(await NoticesAsync());
        // A run's own hook counts for it alone.
        var command = lab.NewRun([Lab.Spec()]);
        await lab.DoAsync(command with { Notify = new Hook { OrgId = "acme", Name = command.Run.Id, RunId = command.Run.Id, Url = "http://x/", CreatedAt = lab.Now } });
        await lab.DoAsync(new Cancel(command.Run.Id, null, "over", lab.Now));
        Assert.Equal(command.Run.Id, Assert.Single(await NoticesAsync()).RunId);
        Assert.Equal("410", Assert.Single(await HooksAsync("acme")).Disabled);
    }

    [Fact]
    public async Task A_run_is_judged_once()
    {
        await SetHookAsync("h");
        var run = await FinishedRunAsync();
        var (delivery, failing) = (NewDelivery("h"), NewFailing("t-1"));
        Assert.True((await lab.DoAsync(new JudgeRun(run, [delivery, NewDelivery("gone")], [failing], []))).Taken);
        Assert.False((await lab.DoAsync(new JudgeRun(run, [NewDelivery("h")], [NewFailing("t-2")], []))).Taken);
        Assert.Equal([delivery.Id], (await DeliveriesAsync("h")).Select(d => d.Id));
        Assert.Equal([failing], (await Store.HookRowsAsync(HookKeys.FailingOf("acme"), Cancel)).Select(r => r.Failing));
        Assert.Empty(await DeliveriesAsync("gone"));

        var next = await FinishedRunAsync();
        await lab.DoAsync(new JudgeRun(next, [], [], [failing, NewFailing("t-none")]));
        Assert.Empty(await Store.HookRowsAsync(HookKeys.FailingOf("acme"), Cancel));
    }

    [Fact]
    public async Task Deliveries_of_a_dead_hook_do_not_pile_up()
    {
        await SetHookAsync("dead");
        await SetHookAsync("other");
        await lab.DoAsync(new NoteDelivery(NewDelivery("other"), IsNew: true));
        var made = new List<string>();
        for (var i = 0; i < (3 * StoreEngine.MostDeliveries) + 5; i++)
        {
            var delivery = NewDelivery("dead");
            made.Add(delivery.Id);
            Assert.True((await lab.DoAsync(new NoteDelivery(delivery, IsNew: true))).Noted);
        }
        var kept = await DeliveriesAsync("dead");
        Assert.Equal(made.TakeLast(2 * StoreEngine.MostDeliveries), kept.Select(d => d.Id));
        Assert.All(kept.Take(StoreEngine.MostDeliveries), d => Assert.Equal((DeliveryState.Dropped, true), (d.State, d.Note!.Contains("waited", StringComparison.Ordinal))));
        Assert.All(kept.TakeLast(StoreEngine.MostDeliveries), d => Assert.Equal(DeliveryState.Pending, d.State));
        Assert.Equal(DeliveryState.Pending, Assert.Single(await DeliveriesAsync("other")).State);
        Assert.True((await lab.DoAsync(new RemoveHook("acme", "dead"))).Removed);
        Assert.Empty(await DeliveriesAsync("dead"));
    }

    [Fact]
    public async Task A_delivery_is_noted_tried_again_and_ordered_again_while_its_hook_is_there()
    {
        await SetHookAsync("h");
        var delivery = NewDelivery("h");
        Assert.False((await lab.DoAsync(new NoteDelivery(delivery))).Noted);
        await lab.DoAsync(new NoteDelivery(delivery, IsNew: true));
        var tried = delivery with { State = DeliveryState.Failed, Tries = 7, Note = "given up", Log = [new DeliveryTry(lab.Now, 12, 500, "no", null), new DeliveryTry(lab.Now, 10_000, null, null, "no answer")] };
        Assert.True((await lab.DoAsync(new NoteDelivery(tried))).Noted);
        Assert.Equal(State.Text(tried), State.Text(Assert.Single(await DeliveriesAsync("h"))));
        lab.Now += TimeSpan.FromMinutes(1);
        var again = (await lab.DoAsync(new Redeliver("acme", "h", delivery.Id, lab.Now))).Delivery!;
        Assert.Equal((DeliveryState.Pending, 0, lab.Now, null, 2), (again.State, again.Tries, again.NextAt, again.Note, again.Log.Count));
        Assert.Null((await lab.DoAsync(new Redeliver("acme", "h", "d-none", lab.Now))).Delivery);
        await lab.DoAsync(new NoteDelivery(NewDelivery("h"), IsNew: true, Disable: "410"));
        Assert.All(await DeliveriesAsync("h"), d => Assert.Equal(DeliveryState.Dropped, d.State));
        await lab.DoAsync(new RemoveHook("acme", "h"));
        Assert.False((await lab.DoAsync(new NoteDelivery(tried))).Noted);
    }

    [Fact]
    public async Task Old_deliveries_failing_tests_and_hooks_of_runs_are_forgotten()
    {
        await SetHookAsync("h");
        await lab.DoAsync(new NoteDelivery(NewDelivery("h") with { State = DeliveryState.Delivered }, IsNew: true));
        await lab.DoAsync(new NoteDelivery(NewDelivery("h"), IsNew: true));
        var command = lab.NewRun([Lab.Spec()]);
        await lab.DoAsync(command with { Notify = new Hook { OrgId = "acme", Name = command.Run.Id, RunId = command.Run.Id, Url = "http://x/", CreatedAt = lab.Now } });
        await lab.DoAsync(new NoteDelivery(NewDelivery(command.Run.Id) with { State = DeliveryState.Delivered }, IsNew: true));
        lab.Now += TimeSpan.FromDays(2);
        Assert.Equal(0, (await lab.DoAsync(new Forget(lab.Now - TimeSpan.FromDays(90), 100, lab.Now))).HookRows);
        await lab.DoAsync(new Cancel(command.Run.Id, null, "over", lab.Now));
        // It is to be judged yet.
        Assert.Equal(0, (await lab.DoAsync(new Forget(lab.Now - TimeSpan.FromDays(90), 100, lab.Now))).HookRows);
        await lab.DoAsync(new JudgeRun(command.Run.Id, [], [NewFailing("t-1")], []));
        Assert.Equal(1, (await lab.DoAsync(new Forget(lab.Now - TimeSpan.FromDays(90), 100, lab.Now))).HookRows);
        Assert.Empty(await DeliveriesAsync(command.Run.Id));
        lab.Now += TimeSpan.FromDays(100);
        Assert.Equal(2, (await lab.DoAsync(new Forget(lab.Now - TimeSpan.FromDays(90), 100, lab.Now))).HookRows);
        // What waits goes by its tries, and hooks that people made stay.
        Assert.Equal(2, (await Store.HookRowsAsync("", Cancel)).Count);
    }

    private async Task<SetHookAnswer> SetHookAsync(string name, string org = "acme", string newSecret = "whsec_new", Func<Hook, Hook>? with = null)
    {
        var hook = new Hook { OrgId = org, Name = name, Url = "http://127.0.0.1:1/", CreatedAt = lab.Now };
        return await lab.DoAsync(new SetHook(with?.Invoke(hook) ?? hook, newSecret));
    }

    private async Task<string> FinishedRunAsync()
    {
        var command = lab.NewRun([Lab.Spec()]);
        await lab.DoAsync(command);
        await lab.DoAsync(new Cancel(command.Run.Id, null, "over", lab.Now));
        return command.Run.Id;
    }

    private Delivery NewDelivery(string hook) => new()
    {
        Id = lab.NewId("d"),
        OrgId = "acme",
        Hook = hook,
        Event = HookEvents.RunFinished,
        Body = """{"type":"run.finished"}""",
        CreatedAt = lab.Now,
        NextAt = lab.Now,
    };

    private FailingTest NewFailing(string test) => new()
    {
        OrgId = "acme",
        TestId = test,
        Platform = "android",
        Line = "feature/x",
        TestPath = "tests/a.spec.ts",
        SinceRun = "r-000001",
        LastRun = "r-000002",
        Since = lab.Now,
        LastAt = lab.Now,
    };

    private async Task<IReadOnlyList<Hook>> HooksAsync(string org) => [.. (await Store.HookRowsAsync(HookKeys.HooksOf(org), Cancel)).Select(r => r.Hook!)];

    private async Task<IReadOnlyList<RunNotice>> NoticesAsync() => [.. (await Store.HookRowsAsync(HookKeys.Notices, Cancel)).Select(r => r.Notice!)];

    private async Task<IReadOnlyList<Delivery>> DeliveriesAsync(string hook) => [.. (await Store.HookRowsAsync(HookKeys.DeliveriesOf("acme", hook), Cancel)).Select(r => r.Delivery!)];
}
