using Qgjob.Core.Notifications;
using Qgjob.Core.Runs;
using Qgjob.Core.Storage.Journal;

namespace Qgjob.Core.Storage.Engine;

/// <summary>Notifications: hooks, what to tell them, and which tests fail.</summary>
public sealed partial class StoreEngine
{
    /// <summary>Deliveries of a hook that wait, and as many that are over: a receiver that is down must not fill the store.</summary>
    public const int MostDeliveries = 50;
    /// <summary>Failing tests that are kept of an org; those beyond are not told of again when they pass.</summary>
    public const int MostFailing = 5000;
    private static readonly TimeSpan RunHooksStay = TimeSpan.FromDays(1);

    private SetHookAnswer Apply(SetHook command)
    {
        var before = rows.FindHookRow(HookKeys.Of(command.Hook))?.Hook;
        var isNew = command.NewSecret is not null && command.Hook.Secret is null && before?.Secret is null;
        var hook = command.Hook with
        {
            Secret = command.Hook.Secret ?? before?.Secret ?? command.NewSecret,
            CreatedAt = before?.CreatedAt ?? command.Hook.CreatedAt,
        };
        rows.Save(HookRow.Of(hook));
        ForgetUnwatched(hook.OrgId);
        return new SetHookAnswer(hook, before is null, isNew);
    }

    private RemoveHookAnswer Apply(RemoveHook command)
    {
        var key = HookKeys.HooksOf(command.OrgId) + command.Name;
        if (rows.FindHookRow(key) is null) return new RemoveHookAnswer(false);
        foreach (var delivery in rows.HookRows(HookKeys.DeliveriesOf(command.OrgId, command.Name)).ToList()) RemoveHookRow(delivery.Key);
        RemoveHookRow(key);
        ForgetUnwatched(command.OrgId);
        return new RemoveHookAnswer(true);
    }

    /// <summary>Where no hook wants to hear of tests nobody looks at them, and what was known would be wrong when somebody does again.</summary>
    private void ForgetUnwatched(string orgId)
    {
        if (rows.HookRows(HookKeys.HooksOf(orgId)).Any(r => r.Hook!.WatchesTests)) return;
        foreach (var test in rows.HookRows(HookKeys.FailingOf(orgId)).ToList()) RemoveHookRow(test.Key);
    }

    /// <summary>Notes that a run ended, if anybody wants to know: a look at few rows, and none where there are no hooks.</summary>
    private void NoteForHooks(Run run, DateTimeOffset now)
    {
        if (rows.FindHookRow(HookKeys.RunHooks + run.Id) is not null || rows.HookRows(HookKeys.HooksOf(run.OrgId)).Any(r => r.Hook is { Disabled: null }))
            rows.Save(HookRow.Of(new RunNotice(run.Id, run.OrgId, now)));
    }

    private JudgeRunAnswer Apply(JudgeRun command)
    {
        var notice = HookKeys.Notices + command.RunId;
        if (rows.FindHookRow(notice)?.Notice is not { } judged) return new JudgeRunAnswer(false);
        RemoveHookRow(notice);
        foreach (var delivery in command.Deliveries)
            if (HookOf(delivery) is { Disabled: null }) Add(delivery);
        foreach (var test in command.Recovered)
            if (HookRow.Of(test).Key is var key && rows.FindHookRow(key) is not null) RemoveHookRow(key);
        var room = command.Failing.Count == 0 ? 0 : MostFailing - rows.HookRows(HookKeys.FailingOf(judged.OrgId)).Count();
        foreach (var row in command.Failing.Select(HookRow.Of))
        {
            if (rows.FindHookRow(row.Key) is null && room-- <= 0) continue;
            rows.Save(row);
        }
        return new JudgeRunAnswer(true);
    }

    private NoteDeliveryAnswer Apply(NoteDelivery command)
    {
        var row = HookRow.Of(command.Delivery);
        if (HookOf(command.Delivery) is not { } hook || (!command.IsNew && rows.FindHookRow(row.Key) is null)) return new NoteDeliveryAnswer(false);
        if (command.IsNew) Add(command.Delivery);
        else rows.Save(row);
        if (command.Disable is not { } reason) return new NoteDeliveryAnswer(true);
        rows.Save(HookRow.Of(hook with { Disabled = reason }));
        ForgetUnwatched(hook.OrgId);
        foreach (var waiting in DeliveriesOf(command.Delivery).Where(d => d.State is DeliveryState.Pending).ToList())
            rows.Save(HookRow.Of(waiting with { State = DeliveryState.Dropped, Note = "The hook was disabled." }));
        return new NoteDeliveryAnswer(true);
    }

    private RedeliverAnswer Apply(Redeliver command)
    {
        if (rows.FindHookRow(HookKeys.DeliveriesOf(command.OrgId, command.Hook) + command.Id)?.Delivery is not { } delivery) return new RedeliverAnswer(null);
        if (delivery.State is DeliveryState.Pending) return new RedeliverAnswer(delivery);
        delivery = delivery with { State = DeliveryState.Pending, NextAt = command.Now, Tries = 0, Note = null };
        rows.Save(HookRow.Of(delivery));
        Bound(delivery);
        return new RedeliverAnswer(delivery);
    }

    private Hook? HookOf(Delivery delivery) =>
        rows.FindHookRow(HookKeys.HooksOf(delivery.OrgId) + delivery.Hook)?.Hook ?? rows.FindHookRow(HookKeys.RunHooks + delivery.Hook)?.Hook;

    private IEnumerable<Delivery> DeliveriesOf(Delivery one) => rows.HookRows(HookKeys.DeliveriesOf(one.OrgId, one.Hook)).Select(r => r.Delivery!);

    private void Add(Delivery delivery)
    {
        rows.Save(HookRow.Of(delivery));
        Bound(delivery);
    }

    /// <summary>The oldest ones go: of those that wait as dropped, of those that are over for good.</summary>
    private void Bound(Delivery latest)
    {
        // In the order of their ids, which rise with time.
        var all = DeliveriesOf(latest).ToList();
        var waiting = all.Where(d => d.State is DeliveryState.Pending).ToList();
        foreach (var old in waiting.Take(waiting.Count - MostDeliveries))
            rows.Save(HookRow.Of(old with { State = DeliveryState.Dropped, Note = $"More than {MostDeliveries} deliveries waited; the oldest is dropped." }));
        var over = all.Where(d => d.State is not DeliveryState.Pending).ToList();
        foreach (var old in over.Take(over.Count + Math.Max(0, waiting.Count - MostDeliveries) - MostDeliveries)) RemoveHookRow(HookRow.Of(old).Key);
    }

    private void RemoveHookRow(string key) => rows.Remove(new GoneRow(RowKind.HookRow, key));

    /// <summary>Hooks of runs a day after these ended; failing tests that nobody ran for long, and old deliveries.</summary>
    private int ForgetHookRows(Forget command, ref int left)
    {
        if (left == 0) return 0;
        var old = First(
            rows.HookRows("").Where(r => r switch
            {
                { Delivery: { State: not DeliveryState.Pending } d } => d.CreatedAt < command.UnusedSince,
                { Failing: { } f } => f.LastAt < command.UnusedSince,
                { Hook: { RunId: { } run } h } => h.CreatedAt < command.Now - RunHooksStay && IsDone(run, h),
                _ => false,
            }),
            r => r.Key, left);
        foreach (var row in old)
        {
            if (row.Hook is { } hook)
                foreach (var delivery in rows.HookRows(HookKeys.DeliveriesOf(hook.OrgId, hook.Name)).ToList()) RemoveHookRow(delivery.Key);
            RemoveHookRow(row.Key);
        }
        return Count(old.Count, ref left);
    }

    private bool IsDone(string runId, Hook hook) =>
        rows.FindRun(runId) is not { IsFinished: false } && rows.FindHookRow(HookKeys.Notices + runId) is null
        && rows.HookRows(HookKeys.DeliveriesOf(hook.OrgId, hook.Name)).All(d => d.Delivery!.State is not DeliveryState.Pending);
}
