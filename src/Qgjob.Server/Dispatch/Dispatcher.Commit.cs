using Qgjob.Client.Wire;
using Qgjob.Core.Devices;
using Qgjob.Core.Groups;
using Qgjob.Core.Jobs;
using Qgjob.Core.Storage;
using Qgjob.Server.Resources;

namespace Qgjob.Server.Dispatch;

/// <summary>Commits a batch and tells everyone what became of it.</summary>
internal sealed partial class Dispatcher
{
    // Nothing that takes longer than this is going to succeed; the callers may try again.
    private static readonly TimeSpan CommitLimit = TimeSpan.FromSeconds(30);

    private async Task CommitAsync()
    {
        if (batch.Items.Count == 0) return;
        var answers = await CommitAsync(batch.Items, viewsKnown && waiting.Count > 0 && batch.BringsWork ? Follow : null);
        if (answers is null) return;
        var polls = batch.Items.Select(i => i.Poll).OfType<WorkPoll>().ToHashSet();
        var changes = batch.ChangesPool;
        // Before anyone hears of a write, the view has it: who asks next reads what was written.
        var runs = changes ? RunsOf(answers) : [];
        if (changes) await RefreshAsync();
        for (var i = 0; i < answers.Count; i++) Take(batch.Items[i], answers[i]);
        foreach (var poll in polls.Where(p => p.Won.Count > 0)) poll.Reply(new WorkAnswer.News(new WorkResponse(poll.Won, [], [])));
        if (runs is null) pulses.RingAll();
        else foreach (var run in runs) pulses.Ring(run);
    }

    /// <summary>One commit; when a command of the batch is malformed, one commit each, so that it fails alone. Null when all failed.</summary>
    private async Task<IReadOnlyList<object>?> CommitAsync(IReadOnlyList<Batch.Item> items, Follow? follow = null)
    {
        using var limit = new CancellationTokenSource(CommitLimit, time);
        try
        {
            var answers = await store.CommitAsync([.. items.Select(i => i.Command)], follow, limit.Token);
            contact.Heard();
            return answers;
        }
        catch (ArgumentException e) when (items.Count > 1)
        {
            LogMalformed(e);
            var answers = new List<object>();
            foreach (var item in items) answers.Add((await CommitAsync([item]))?[0] ?? NoAnswer);
            return answers;
        }
        catch (StoreUnavailableException e)
        {
            LogUncommitted(items.Count, e.Message);
            Fail(items, e);
            return null;
        }
        // A store that fails in a way that nobody foresaw must not end the loop, which serves everyone.
        catch (Exception e)
        {
            LogCommit(e, items.Count);
            Fail(items, e);
            return null;
        }
    }

    private void FailBatch(Exception cause) => Fail(batch.Items, cause);

    private void Fail(IReadOnlyList<Batch.Item> items, Exception cause)
    {
        var error = cause as StoreUnavailableException ?? new StoreUnavailableException("the store failed", cause);
        foreach (var item in items) item.Answer?.TrySetException(error);
        // Guesses about claims that never were must go.
        views.Forget();
        refreshDue = true;
    }

    private static readonly object NoAnswer = new();
    private bool storeAway;

    private void Take(Batch.Item item, object answer)
    {
        switch (item.Command, answer)
        {
            case (Claim, ClaimAnswer.Claimed claimed):
                var lease = claimed.Device.Lease!;
                var assignment = AssignmentOf(claimed.Device, lease, claimed.Job, claimed.Spec, claimed.Builds);
                leases.Assigned(assignment, item.Poll!.AgentId);
                item.Poll!.Won.Add(assignment);
                LogAssigned(claimed.Job.Id, lease.Attempt, claimed.Device.Id);
                break;
            case (Touch touch, TouchAnswer { Known: true }):
                agents.Heard(touch.AgentId, touch.BootId, touch.Now);
                break;
            case (Touch touch, _):
                agents.Forget(touch.AgentId);
                item.Poll?.Reply(new WorkAnswer.MustRegister());
                break;
            case (Register register, _):
                agents.Forget(register.AgentId);
                views.Add(register.Pool);
                refreshDue = true;
                break;
            case (Renew renew, _):
                foreach (var renewed in renew.Leases) leases.Seen(renewed);
                break;
            case (Progress progress, _):
                leases.Seen(progress.Lease);
                break;
            case (Finish finish, FinishAnswer.Accepted):
                leases.Seen(finish.Lease);
                leases.Ended(finish.Lease);
                break;
            case (TakeTerm, TakeTermAnswer term):
                housekeeping.Take(term);
                break;
            // As much again may be due.
            case (ExpireLeases or ExpireQueued, ExpireAnswer { Ended: >= MaxExpiriesPerBatch }):
                Post(new Message.Tick());
                break;
        }
        if (!ReferenceEquals(answer, NoAnswer)) item.Answer?.TrySetResult(answer);
    }

    private static Assignment AssignmentOf(Device device, Lease lease, Job job, JobSpec spec, IReadOnlyList<Build> builds) => new(
        new LeaseRef(device.Id, lease.Token), job.Id, job.RunId, lease.Attempt,
        ResourceEnvironment.With(job.SoFar is { } soFar ? spec with { Tests = TestSelection.Rest(spec.Tests, spec.TestPath, soFar, job.TestsTotal) } : spec, lease.Units),
        builds, job.EstimateSeconds);

    /// <summary>The runs that the batch changed, as far as it shows; null when it may be any.</summary>
    private HashSet<string>? RunsOf(IReadOnlyList<object> answers)
    {
        var runs = new HashSet<string>();
        for (var i = 0; i < answers.Count; i++)
            switch (batch.Items[i].Command, answers[i])
            {
                // Which runs it superseded only the store knows.
                case (Enqueue { Run.SupersedeKey: not null }, _):
                    return null;
                case (Enqueue enqueue, _):
                    runs.Add(enqueue.Run.Id);
                    break;
                case (Cancel cancel, _):
                    runs.Add(cancel.RunId);
                    break;
                case (_, ClaimAnswer.Claimed claimed):
                    runs.Add(claimed.Job.RunId);
                    break;
                case (_, FinishAnswer.Accepted accepted):
                    runs.Add(accepted.Job.RunId);
                    break;
                case (Progress progress, _) when views.FindDevice(progress.Lease.DeviceId)?.Device.Lease is { } lease:
                    runs.Add(lease.RunId);
                    break;
                case (_, ExpireAnswer { Ended: > 0 } or RegisterAnswer { LostLeases: > 0 }):
                case (OrderDevice { Order: FleetOrder.Release } or Progress, _):
                    return null;
            }
        return runs;
    }

    private async Task RefreshAsync()
    {
        using var limit = new CancellationTokenSource(CommitLimit, time);
        try
        {
            refreshDue = false;
            var now = time.GetUtcNow();
            poolChanged |= await views.RefreshAsync(store, freed => justFreed.Ended(freed, now), limit.Token);
            contact.Heard();
            if (storeAway) LogBack();
            viewsKnown = true;
            storeAway = false;
        }
        // As above: the next tick tries again.
        catch (Exception e)
        {
            if (e is not StoreUnavailableException) LogRefresh(e);
            else if (!storeAway) LogAway(e.Message);
            storeAway = true;
            views.Forget();
            // Empty views would say that every lease is lost and every phone gone; nobody is told anything until the store answers.
            viewsKnown = false;
            poolChanged = false;
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Job {Job}, attempt {Attempt}, goes to {Device}.")]
    private partial void LogAssigned(string job, int attempt, string device);

    [LoggerMessage(Level = LogLevel.Error, Message = "The dispatcher met a bug; it goes on with a fresh view of the pools.")]
    private partial void LogBug(Exception error);

    [LoggerMessage(Level = LogLevel.Error, Message = "A command that no store can apply reached the dispatcher.")]
    private partial void LogMalformed(Exception error);

    [LoggerMessage(Level = LogLevel.Error, Message = "A batch of {Count} commands failed; its callers were told to try again.")]
    private partial void LogCommit(Exception error, int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} commands were not committed, and their callers told to try again: {Reason}")]
    private partial void LogUncommitted(int count, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "The pool could not be read; the next second tries again.")]
    private partial void LogRefresh(Exception error);

    [LoggerMessage(Level = LogLevel.Error, Message = "The store does not answer; callers get 503 until it does: {Reason}")]
    private partial void LogAway(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The store answers again.")]
    private partial void LogBack();
}
