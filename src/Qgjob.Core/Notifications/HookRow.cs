namespace Qgjob.Core.Notifications;

/// <summary>
/// One row of what notifications need, by a key that says of which kind it is: exactly one of the members is set. One kind of
/// row for stores, so that they need not know of each; there are few of them, and every server has all at hand.
/// </summary>
/// <param name="Key">Kind, org and name, separated by newlines; in the order of their characters rows of one kind, org and hook lie together.</param>
public sealed record HookRow(string Key)
{
    /// <summary>Where somebody wants to be told.</summary>
    public Hook? Hook { get; init; }
    /// <summary>A run that ended and is not judged yet.</summary>
    public RunNotice? Notice { get; init; }
    /// <summary>A message, sent or to be sent.</summary>
    public Delivery? Delivery { get; init; }
    /// <summary>A test that fails.</summary>
    public FailingTest? Failing { get; init; }

    /// <summary>The row of a hook.</summary>
    public static HookRow Of(Hook hook) => new(HookKeys.Of(hook)) { Hook = hook };
    /// <summary>The row of a notice.</summary>
    public static HookRow Of(RunNotice notice) => new(HookKeys.Notices + notice.RunId) { Notice = notice };
    /// <summary>The row of a delivery.</summary>
    public static HookRow Of(Delivery delivery) => new(HookKeys.DeliveriesOf(delivery.OrgId, delivery.Hook) + delivery.Id) { Delivery = delivery };
    /// <summary>The row of a failing test.</summary>
    public static HookRow Of(FailingTest test) => new(HookKeys.Failing(test.OrgId, test.TestId, test.Platform, test.Line)) { Failing = test };
}

/// <summary>Keys of <see cref="HookRow"/>s, and what those begin with that belong together.</summary>
public static class HookKeys
{
    /// <summary>All notices.</summary>
    public const string Notices = "notice\n";
    /// <summary>All deliveries.</summary>
    public const string Deliveries = "delivery\n";
    /// <summary>All hooks of runs.</summary>
    public const string RunHooks = "run-hook\n";
    /// <summary>All failing tests.</summary>
    public const string AllFailing = "failing\n";

    /// <summary>The hooks of an org, without those of its runs.</summary>
    public static string HooksOf(string orgId) => $"hook\n{orgId}\n";
    /// <summary>A hook's deliveries.</summary>
    public static string DeliveriesOf(string orgId, string hook) => $"{Deliveries}{orgId}\n{hook}\n";
    /// <summary>An org's failing tests.</summary>
    public static string FailingOf(string orgId) => $"{AllFailing}{orgId}\n";

    /// <summary>A failing test. The line comes last: it may hold anything.</summary>
    public static string Failing(string orgId, string testId, string platform, string line) => $"{FailingOf(orgId)}{testId}\n{platform}\n{line}";
    /// <summary>A hook.</summary>
    public static string Of(Hook hook) => hook.RunId is { } run ? RunHooks + run : HooksOf(hook.OrgId) + hook.Name;
}
