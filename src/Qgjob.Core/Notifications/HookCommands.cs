using Qgjob.Core.Storage;

namespace Qgjob.Core.Notifications;

/// <summary>Makes a hook of an org, or sets the one of that name anew. Without a secret it keeps its own; one that has none gets <paramref name="NewSecret"/>, unless that is null.</summary>
public sealed record SetHook(Hook Hook, string? NewSecret) : StoreCommand<SetHookAnswer>;

/// <summary>Answer to <see cref="SetHook"/>.</summary>
/// <param name="Hook">The hook as it is now.</param>
/// <param name="Created">There was none of that name.</param>
/// <param name="NewSecret">Its secret is the new one that was offered.</param>
public sealed record SetHookAnswer(Hook Hook, bool Created, bool NewSecret);

/// <summary>Removes a hook of an org with its deliveries.</summary>
public sealed record RemoveHook(string OrgId, string Name) : StoreCommand<RemoveHookAnswer>;

/// <summary>Answer to <see cref="RemoveHook"/>: false when there is none of that name.</summary>
public sealed record RemoveHookAnswer(bool Removed);

/// <summary>What became of a run's notice: messages to send, and which tests fail now. Refused when it was judged already.</summary>
/// <param name="RunId">The run.</param>
/// <param name="Deliveries">Messages; those to hooks that are gone or disabled meanwhile are left out.</param>
/// <param name="Failing">Tests that fail.</param>
/// <param name="Recovered">Tests that do not fail any more.</param>
public sealed record JudgeRun(
    string RunId, IReadOnlyList<Delivery> Deliveries, IReadOnlyList<FailingTest> Failing, IReadOnlyList<FailingTest> Recovered) : StoreCommand<JudgeRunAnswer>;

/// <summary>Answer to <see cref="JudgeRun"/>: false when another server was first.</summary>
public sealed record JudgeRunAnswer(bool Taken);

/// <summary>A delivery as it is after a try, or a new one. Refused when hook or delivery are gone.</summary>
/// <param name="Delivery">The delivery.</param>
/// <param name="IsNew">It is noted for the first time.</param>
/// <param name="Disable">Why its hook is disabled from now on; null: it is not.</param>
public sealed record NoteDelivery(Delivery Delivery, bool IsNew = false, string? Disable = null) : StoreCommand<NoteDeliveryAnswer>;

/// <summary>Answer to <see cref="NoteDelivery"/>: false when there is nothing to note it with.</summary>
public sealed record NoteDeliveryAnswer(bool Noted);

/// <summary>Sends a delivery again that is over: same id, same bytes.</summary>
public sealed record Redeliver(string OrgId, string Hook, string Id, DateTimeOffset Now) : StoreCommand<RedeliverAnswer>;

/// <summary>Answer to <see cref="Redeliver"/>: null when there is no such delivery.</summary>
public sealed record RedeliverAnswer(Delivery? Delivery);
