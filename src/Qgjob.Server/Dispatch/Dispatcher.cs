using System.Threading.Channels;
using Qgjob.Core;
using Qgjob.Core.Devices;
using Qgjob.Core.Scheduling;
using Qgjob.Core.Storage;
using Qgjob.Server.Events;
using Qgjob.Server.Hosting;

namespace Qgjob.Server.Dispatch;

/// <summary>
/// One loop owns the pool's view and the store's writes. What arrives during a commit is the next batch; it never waits
/// to fill one. Agents' long polls wait in it: whenever the pool changes, it decides for their free devices.
/// </summary>
internal sealed partial class Dispatcher(
    IJobStore store, IIdSource ids, Pulses pulses, Housekeeping housekeeping, Contact contact, ServerSettings settings, TimeProvider time,
    ILogger<Dispatcher> log) : BackgroundService
{
    private const int MaxWaitingWrites = 20_000;
    private const int MaxExpiriesPerBatch = 200;
    private static readonly TimeSpan TickLength = TimeSpan.FromSeconds(1);
    // People and agents are told to try again rather than kept: longer than a store takes that restarts at once, and short enough to leave callers time for another server.
    private static readonly TimeSpan CallerPatience = TimeSpan.FromSeconds(6);

    private readonly Channel<Message> inbox = Channel.CreateUnbounded<Message>(new UnboundedChannelOptions { SingleReader = true });
    private readonly PoolViews views = new();
    private readonly LeaseNews leases = new();
    private readonly JustFreed justFreed = new();
    private readonly KnownAgents agents = new();
    private readonly List<WorkPoll> waiting = [];
    private readonly List<Message.Look> looks = [];
    private readonly Batch batch = new();
    private bool poolChanged;
    private bool refreshDue = true;
    private bool viewsKnown;
    private int writesWaiting;

    /// <summary>Applies a command in the next batch.</summary>
    /// <exception cref="StoreUnavailableException">It may be tried again. What was in a commit already may still be applied, for as long as that is tried.</exception>
    public async Task<TAnswer> SendAsync<TAnswer>(StoreCommand<TAnswer> command, CancellationToken cancel) where TAnswer : class =>
        (TAnswer)(await PostAsync([command], cancel))[0];

    /// <summary>Applies commands in order; usually in one batch, and if it is full in several.</summary>
    public async Task<IReadOnlyList<TAnswer>> SendAllAsync<TAnswer>(IReadOnlyList<StoreCommand<TAnswer>> commands, CancellationToken cancel) where TAnswer : class =>
        [.. (await PostAsync(commands, cancel)).Cast<TAnswer>()];

    /// <summary>Looks at the pools from within the loop; what is taken out must be a copy.</summary>
    /// <exception cref="StoreUnavailableException">The store does not show them now.</exception>
    public Task<T> LookAsync<T>(Func<PoolViews, T> look, CancellationToken cancel)
    {
        var seen = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(new Message.Look(pools =>
        {
            try
            {
                seen.TrySetResult(look(pools ?? throw new StoreUnavailableException("the pools cannot be read", new TimeoutException())));
            }
            // Whatever the look met belongs to its caller, not to the loop.
            catch (Exception e)
            {
                seen.TrySetException(e);
            }
        }));
        return InTimeAsync(seen, cancel);
    }

    /// <summary>Notes that the agent lives, unless the store was told a moment ago.</summary>
    /// <returns>When the store was told; null when it does not know this boot of the agent.</returns>
    /// <exception cref="StoreUnavailableException">Nobody can tell now.</exception>
    public async Task<DateTimeOffset?> TouchAsync(string agentId, string bootId, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        if (agents.HeardAt(agentId, bootId, settings.LeaseRenew / 4, now) is { } at) return at;
        return (await SendAsync(new Touch(agentId, bootId, now), cancel)).Known ? now : null;
    }

    /// <summary>Waits until there is work or news for the agent, or until the wait is over.</summary>
    /// <param name="poll">The agent and its devices.</param>
    /// <param name="wait">Longest wait.</param>
    /// <param name="cancel">The agent is gone, or the server stops: the poll is dropped, and nothing more is decided for it.</param>
    public async Task<WorkAnswer> PollAsync(WorkPoll poll, TimeSpan wait, CancellationToken cancel)
    {
        Post(new Message.PollBegins(poll));
        using var limit = new CancellationTokenSource(wait, time);
        await using var over = limit.Token.Register(() => Post(new Message.PollEnds(poll, Gone: false)));
        await using var gone = cancel.Register(() => Post(new Message.PollEnds(poll, Gone: true)));
        return await poll.Answer;
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        inbox.Writer.TryComplete();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var ticking = TickAsync(stoppingToken);
        var following = FollowNewsAsync(stoppingToken);
        while (await NextAsync())
            try
            {
                TakeMessages();
                if (refreshDue) await RefreshAsync();
                foreach (var look in looks) look.With(viewsKnown ? views : null);
                if (viewsKnown) await DecideForPollsAsync();
                await CommitAsync();
                foreach (var poll in waiting.Where(p => p.IsOver)) poll.Reply(WorkAnswer.News.Nothing);
                waiting.RemoveAll(p => p.IsAnswered);
            }
            // A bug in a decision must not end the loop that everyone's heartbeats go through.
            catch (Exception e)
            {
                LogBug(e);
                FailBatch(e);
            }
        foreach (var poll in waiting) poll.Reply(WorkAnswer.News.Nothing);
        await ticking;
        await following;
        await GiveUpHousekeepingAsync();
    }

    private async Task<object[]> PostAsync(IReadOnlyList<StoreCommand> commands, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        if (Volatile.Read(ref writesWaiting) >= MaxWaitingWrites)
            throw new StoreUnavailableException("too many writes wait for the store", new TimeoutException());
        // One patience for all of them: an agent ends forty attempts in one call.
        using var waits = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        using var limit = new CancellationTokenSource(CallerPatience, time);
        var answers = new TaskCompletionSource<object>[commands.Count];
        for (var i = 0; i < answers.Length; i++) answers[i] = new TaskCompletionSource<object>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var late = limit.Token.Register(() =>
        {
            foreach (var answer in answers) answer.TrySetException(TooLate());
        });
        Interlocked.Add(ref writesWaiting, answers.Length);
        // What still waits in line when its caller has gone is not done any more.
        for (var i = 0; i < answers.Length; i++) Post(new Message.Write(commands[i], answers[i], waits.Token));
        try
        {
            // One after the other, so that this goes on where its caller waits: Task.WhenAll would go on on the thread pool.
            var given = new object[answers.Length];
            for (var i = 0; i < given.Length; i++) given[i] = await answers[i].Task;
            return given;
        }
        catch (StoreUnavailableException)
        {
            await waits.CancelAsync();
            throw;
        }
    }

    /// <summary>A store that hangs must not keep callers.</summary>
    private async Task<T> InTimeAsync<T>(TaskCompletionSource<T> answer, CancellationToken cancel)
    {
        using var limit = new CancellationTokenSource(CallerPatience, time);
        await using var late = limit.Token.Register(() => answer.TrySetException(TooLate()));
        await using var gone = cancel.Register(() => answer.TrySetCanceled(cancel));
        // Not WaitAsync, which would go on on the thread pool: simulations keep to their thread.
        return await answer.Task;
    }

    private void Post(Message message)
    {
        if (inbox.Writer.TryWrite(message)) return;
        switch (message)
        {
            case Message.Write write:
                write.Answer.TrySetException(Stopping());
                break;
            case Message.PollBegins begins:
                begins.Poll.Reply(WorkAnswer.News.Nothing);
                break;
            case Message.Look:
                throw Stopping();
        }
    }

    private static StoreUnavailableException TooLate() => new($"the store did not answer within {CallerPatience.TotalSeconds:0} s", new TimeoutException());

    private static StoreUnavailableException Stopping() => new("the server stops", new OperationCanceledException());

    private async Task TickAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(TickLength, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stop)) Post(new Message.Tick());
        }
        catch (OperationCanceledException)
        {
            inbox.Writer.TryComplete();
        }
    }

    /// <summary>True when there is something to do; false when the server stops and everything is done.</summary>
    private ValueTask<bool> NextAsync() =>
        poolChanged && waiting.Count > 0 ? ValueTask.FromResult(true) : inbox.Reader.WaitToReadAsync(CancellationToken.None);

    private void TakeMessages()
    {
        batch.Clear();
        looks.Clear();
        while (!batch.IsFull && inbox.Reader.TryRead(out var message))
            switch (message)
            {
                case Message.Write write:
                    Interlocked.Decrement(ref writesWaiting);
                    if (write.Cancel.IsCancellationRequested) write.Answer.TrySetCanceled(write.Cancel);
                    else batch.Add(write.Command, write.Answer);
                    break;
                case Message.PollBegins(var poll):
                    // The newest poll knows best what is free; an older one is open still because it says less, or its connection died unnoticed.
                    foreach (var older in waiting.Where(p => p.AgentId == poll.AgentId)) older.Reply(WorkAnswer.News.Superseded);
                    waiting.Add(poll);
                    justFreed.Asks(poll.FreeDevices);
                    break;
                case Message.PollEnds(var poll, var gone):
                    // However short its wait, a poll is looked at once; nobody reads what a gone one would get.
                    if (gone) poll.Reply(WorkAnswer.News.Nothing);
                    else poll.IsOver = true;
                    break;
                case Message.Look look:
                    looks.Add(look);
                    break;
                case Message.News:
                    agents.ForgetAll();
                    refreshDue = true;
                    break;
                case Message.Tick:
                    KeepHouse();
                    break;
            }
        waiting.RemoveAll(p => p.IsAnswered);
    }

    private void KeepHouse()
    {
        var now = time.GetUtcNow();
        foreach (var ask in housekeeping.Ask(now, needed: SomethingCanRunOut())) batch.Add(ask);
        if (housekeeping.IsOurs)
        {
            if (contact.IsLongEnough) batch.Add(new ExpireLeases(MaxExpiriesPerBatch, now - settings.LeaseTtl, now));
            batch.Add(new ExpireQueued(MaxExpiriesPerBatch, now));
        }
        // An agent whose poll is open lives, however long ago it began to wait.
        foreach (var poll in waiting.Where(p => now - p.TouchedAt >= settings.LeaseRenew))
        {
            poll.TouchedAt = now;
            batch.Add(new Touch(poll.AgentId, poll.BootId, now), poll: poll);
        }
        // Hints of what other servers wrote may get lost; and some reasons to decide anew come with time alone.
        refreshDue = true;
        poolChanged = true;
    }

    private bool SomethingCanRunOut() =>
        !viewsKnown || views.Devices.Any(d => d.Online || d.Lease is not null) || views.Groups.Any(g => g.Group.Queued > 0);

    private async Task DecideForPollsAsync()
    {
        var polls = poolChanged ? waiting : waiting.Where(p => !p.Considered).ToList();
        poolChanged = false;
        await TellAgainAsync(polls);
        Consider([.. polls.Where(p => !p.IsAnswered)]);
    }

    private void Consider(IReadOnlyList<WorkPoll> polls)
    {
        var open = new List<WorkPoll>();
        foreach (var poll in polls)
        {
            poll.Considered = true;
            if (leases.For(poll, views) is { } news)
            {
                poll.Reply(new WorkAnswer.News(news));
                continue;
            }
            // A phone that it offers belongs to an agent that is gone: it is this one's when it registers again.
            if (poll.FreeDevices.Any(id => views.FindDevice(id) is var (_, phone) && phone.AgentId != poll.AgentId && phone is { Online: false, Lease: null }))
            {
                poll.Reply(new WorkAnswer.MustRegister());
                continue;
            }
            open.Add(poll);
        }
        ClaimFor(open);
    }

    /// <summary>Decides within a commit on what its batch has changed, so that a job that comes and the claim of it are one commit.</summary>
    private IReadOnlyList<StoreCommand> Follow(Func<string, long, PoolDelta> changed)
    {
        var first = batch.BeginFollowing();
        var now = time.GetUtcNow();
        if (!views.Suppose(changed, freed => justFreed.Ended(freed, now))) return [];
        // Those with a claim in the batch get that, and ask again.
        var served = batch.Items.Select(i => i.Poll).OfType<WorkPoll>().ToHashSet();
        ClaimFor([.. waiting.Where(p => p.Considered && !p.IsAnswered && !served.Contains(p))]);
        return [.. batch.Items.Skip(first).Select(i => i.Command)];
    }

    private void ClaimFor(IReadOnlyList<WorkPoll> polls)
    {
        var now = time.GetUtcNow();
        var toLeave = justFreed.GroupsToLeave(views, now);
        var others = new List<(WorkPoll, PoolView, Device)>();
        foreach (var poll in polls)
            foreach (var id in poll.FreeDevices)
                if (views.FindDevice(id) is var (pool, device) && device.AgentId == poll.AgentId && !ServesWhatItHas(poll, pool, device, now))
                    others.Add((poll, pool, device));
        // Whoever asked before: of two free phones the one that has the app takes the job, and the other need not install it. Then whoever runs, then whoever has to be started.
        foreach (var (poll, pool, device) in others.OrderBy(o => o.Item3.Offer.StartSeconds ?? 0))
            if (Core.Scheduling.Dispatch.Decide(pool, device, now) is Decision.Claim claim && !(claim.NeedsInstall && toLeave.Contains(claim.GroupId)))
                Take(poll, pool, device, claim, now);
    }

    private bool ServesWhatItHas(WorkPoll poll, PoolView pool, Device device, DateTimeOffset now)
    {
        if (device.Offer.Residents.Count == 0) return false;
        if (Core.Scheduling.Dispatch.Decide(pool, device, now) is not Decision.Claim { NeedsInstall: false } claim) return false;
        Take(poll, pool, device, claim, now);
        return true;
    }

    private void Take(WorkPoll poll, PoolView pool, Device device, Decision.Claim claim, DateTimeOffset now)
    {
        batch.Add(pool.ClaimFor(device, claim, ids.NewId("c"), settings.LeaseTtl, now), poll: poll);
        pool.Assume(device.Id, claim.GroupId);
    }
}
