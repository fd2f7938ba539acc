using Qgjob.Client.Wire;
using Qgjob.Core.Devices;
using Qgjob.Core.Jobs;
using Qgjob.Core.Storage;

namespace Qgjob.Server.Dispatch;

/// <summary>What other servers on the same store do, and what they left undone.</summary>
internal sealed partial class Dispatcher
{
    private static readonly TimeSpan PauseAfterError = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LastWord = TimeSpan.FromSeconds(2);

    /// <summary>On news the pools are read at once, and followers of the runs are woken.</summary>
    private async Task FollowNewsAsync(CancellationToken stop)
    {
        while (true)
            try
            {
                var runs = await store.NewsAsync(stop);
                Post(new Message.News());
                foreach (var run in runs) pulses.Ring(run);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            // News are hints; the loop looks every second anyway.
            catch (Exception e)
            {
                LogNews(e.Message);
                try
                {
                    await Task.Delay(PauseAfterError, time, stop);
                }
                catch (OperationCanceledException)
                {
                    return;
                }
            }
    }

    /// <summary>Gives polls the assignments whose answer was lost with the server that made them.</summary>
    private async Task TellAgainAsync(IReadOnlyList<WorkPoll> polls)
    {
        var now = time.GetUtcNow();
        foreach (var poll in polls)
        {
            var again = new List<Assignment>();
            foreach (var (device, lease) in leases.Unheard(poll, views, now).ToList())
                if (await AssignmentOfAsync(poll.AgentId, device, lease) is { } assignment) again.Add(assignment);
            if (again.Count == 0) continue;
            foreach (var assignment in again)
            {
                leases.Assigned(assignment, poll.AgentId);
                LogAgain(assignment.JobId, assignment.Attempt, assignment.Lease.DeviceId);
            }
            poll.Reply(new WorkAnswer.News(new WorkResponse(again, [], [])));
        }
    }

    private async Task<Assignment?> AssignmentOfAsync(string agentId, Device device, Lease lease)
    {
        using var limit = new CancellationTokenSource(CommitLimit, time);
        try
        {
            // The device may have come from another agent, which has the lease and drives it still.
            if ((await store.FindAttemptAsync(new LeaseRef(device.Id, lease.Token), limit.Token))?.AgentId != agentId) return null;
            // An attempt that has begun was heard of.
            if (await store.FindJobAsync(lease.JobId, limit.Token) is not ({ Status: JobStatus.Leased } job, { } spec)) return null;
            var version = await store.FindAppVersionAsync(lease.OrgId, lease.AppVersionId, limit.Token);
            return AssignmentOf(device, lease, job, spec, version?.Builds ?? []);
        }
        catch (Exception e) when (e is StoreUnavailableException or OperationCanceledException)
        {
            return null; // The next second tries again.
        }
    }

    private async Task GiveUpHousekeepingAsync()
    {
        if (housekeeping.GiveUp(time.GetUtcNow()) is not { } last) return;
        using var limit = new CancellationTokenSource(LastWord, time);
        try
        {
            await store.CommitAsync([last], limit.Token);
        }
        // It ends by itself in a moment.
        catch (Exception e)
        {
            LogNews(e.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "The store did not take or give news: {Reason}")]
    private partial void LogNews(string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Job {Job}, attempt {Attempt}, on {Device} is told again: its agent never heard of it.")]
    private partial void LogAgain(string job, int attempt, string device);
}
