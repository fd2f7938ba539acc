using Qgjob.Core;
using Qgjob.Core.Storage;
using Qgjob.Core.Storage.Memory;
using Qgjob.Server.Hosting;

namespace Qgjob.Server.Dispatch;

/// <summary>
/// Which server keeps house: ends leases and jobs whose time is over, and removes what is too old. One at a time, for a
/// term that it prolongs; when it dies, another one has the next within ten seconds.
/// </summary>
/// <remarks>
/// Where nothing can run out, nothing is written at all; a store in this process's memory needs no term. A store with a
/// clock of its own is a database that several servers share, and terms in it are always short.
/// <para>
/// One without is a file, mostly with one server, which should not write to the disk every two seconds. So there whoever
/// has no term says now and then that it stands by, and who keeps house and hears of nobody takes long terms. The price:
/// when a second server has come less than twenty seconds ago and the first one is killed, its term of a minute has to
/// end first. When it dies alone, nobody is kept waiting longer than by the time that agents get after a start anyway.
/// </para>
/// </remarks>
internal sealed class Housekeeping(IJobStore store, IIdSource ids, StoreClock time)
{
    public const string Term = "housekeeping";
    public const string StandbyTerm = "housekeeping-standby";

    private static readonly TimeSpan Length = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan AskEvery = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LengthAlone = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan AskEveryAlone = TimeSpan.FromSeconds(20);

    // Whoever else is there has asked several times meanwhile.
    private static readonly TimeSpan SeemsAloneFor = TimeSpan.FromSeconds(10);
    // Longer than whoever wants it waits between two looks.
    private static readonly TimeSpan WantedFor = TimeSpan.FromMinutes(2);

    private readonly string id = ids.NewId("s");
    private readonly bool isOnlyServer = store is MemoryStore;
    private Wish wanted = new(DateTimeOffset.MinValue);
    private Term? term;
    private Term? standby;
    private DateTimeOffset asked = DateTimeOffset.MinValue;
    private DateTimeOffset? aloneSince;

    /// <summary>This server keeps house now. Any thread may ask.</summary>
    public bool IsOurs => isOnlyServer || IsMine(time.GetUtcNow());

    /// <summary>
    /// For work that is due also when nothing can run out: true when this server keeps house, and if nobody does, it asks
    /// for the term from now on for two minutes.
    /// </summary>
    public bool IsOursWhenWanted()
    {
        Volatile.Write(ref wanted, new Wish(time.GetUtcNow()));
        return IsOurs;
    }

    /// <summary>What to ask the store now. Only the dispatcher's loop calls it.</summary>
    /// <param name="now">The store's time.</param>
    /// <param name="needed">There is something that can run out.</param>
    public IEnumerable<TakeTerm> Ask(DateTimeOffset now, bool needed)
    {
        if (isOnlyServer || !(needed || now - Volatile.Read(ref wanted).At < WantedFor)) yield break;
        var mine = IsMine(now);
        if (!mine) aloneSince = null;
        var alone = !time.IsTheStores && now - aloneSince >= SeemsAloneFor;
        // The last short term ends before a long pause does.
        if (now - asked < (alone && term!.Until - now > Length ? AskEveryAlone : AskEvery)) yield break;
        asked = now;
        yield return new TakeTerm(Term, id, alone ? LengthAlone : Length, now);
        if (time.IsTheStores) yield break;
        // The one who keeps house stands by for nobody, and so sees whether another one does.
        if (mine) yield return new TakeTerm(StandbyTerm, id, TimeSpan.Zero, now);
        else if (standby?.Holder != id || standby.Until - now <= LengthAlone - AskEveryAlone) yield return new TakeTerm(StandbyTerm, id, LengthAlone, now);
    }

    /// <summary>What the store said.</summary>
    public void Take(TakeTermAnswer answer)
    {
        if (answer.Term.Name == StandbyTerm)
        {
            standby = answer.Term;
            var now = time.GetUtcNow();
            aloneSince = standby.Holder == id && IsMine(now) ? aloneSince ?? now : null;
        }
        else Volatile.Write(ref term, answer.Term);
    }

    /// <summary>What gives the term up, so that another server need not wait for its end; null when there is nothing to give.</summary>
    public TakeTerm? GiveUp(DateTimeOffset now) => !isOnlyServer && IsMine(now) ? new TakeTerm(Term, id, TimeSpan.Zero, now) : null;

    private bool IsMine(DateTimeOffset now) => Volatile.Read(ref term) is { } held && held.Holder == id && held.Until > now;

    private sealed record Wish(DateTimeOffset At);
}
