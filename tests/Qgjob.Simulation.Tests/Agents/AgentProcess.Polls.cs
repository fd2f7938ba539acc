using Qgjob.Client.Wire;
using Qgjob.Core.Storage;
using Qgjob.Simulation.Tests.World;

namespace Qgjob.Simulation.Tests.Agents;

/// <summary>Polls and news.</summary>
internal sealed partial class AgentProcess
{
    private const double WaitSeconds = 10;
    private const int MostPolls = 4;

    /// <summary>As the real agent: a poll is never broken off; what none covers gets a further one.</summary>
    private async Task PollAsync()
    {
        var open = new List<(WorkRequest Request, Task Done)>();
        while (true)
        {
            await registered.Task;
            if (Uncovered(open) is { } request) open.Add((request, PollAsync(request)));
            await polls.WaitAsync(TimeSpan.FromSeconds(WaitSeconds));
            open.RemoveAll(p => p.Done.IsCompleted);
        }
    }

    private WorkRequest? Uncovered(List<(WorkRequest Request, Task Done)> open)
    {
        var free = world.Phones.Of(agent.Id).Where(d => !held.Exists(a => a.Lease.DeviceId == d)).ToList();
        var leases = held.Select(a => a.Lease.Ref).ToList();
        var covered = open.Count > 0
            && free.TrueForAll(d => open.Exists(p => p.Request.FreeDevices.Contains(d)))
            && leases.TrueForAll(l => open.Exists(p => p.Request.Leases.Contains(l)));
        return covered || open.Count >= MostPolls ? null : new WorkRequest(agent.Id, boot, free, leases, WaitSeconds);
    }

    private async Task PollAsync(WorkRequest request)
    {
        var opened = Process.Time.GetTimestamp();
        try
        {
            var answer = await CallAsync("poll", (s, gone) => s.WorkAsync(request, gone), TimeSpan.FromSeconds(WaitSeconds + 5));
            foreach (var lost in answer.Lost) Apply(lost, LeaseState.Lost);
            foreach (var canceled in answer.Cancel) Apply(canceled, LeaseState.Cancel);
            foreach (var assignment in answer.Assignments) Take(assignment);
            var empty = answer.Assignments.Count + answer.Lost.Count + answer.Cancel.Count == 0;
            if (empty && !answer.Superseded && Process.Time.GetElapsedTime(opened).TotalSeconds < WaitSeconds / 2) await PauseAsync();
        }
        catch (MustRegisterException)
        {
            Forget();
            await PauseAsync();
        }
        catch (NoAnswerException)
        {
            await PauseAsync();
        }
        // The loop sees it as ended then.
        world.After(TimeSpan.Zero, polls.Set);
    }

    /// <summary>Sends news in order, each batch until it is answered.</summary>
    private async Task TellAsync()
    {
        while (true)
        {
            if (news.Count == 0) await tell.WaitAsync(TimeSpan.FromHours(1));
            ProgressItem[] batch = [.. news.Take(20)];
            if (batch.Length == 0) continue;
            try
            {
                var states = await CallAsync("progress", (s, gone) => s.ProgressAsync(batch, gone));
                news.RemoveRange(0, batch.Length);
                for (var i = 0; i < batch.Length; i++) Apply(batch[i].Lease, states[i]);
            }
            catch (NoAnswerException)
            {
                await PauseAsync();
            }
        }
    }

    public async Task FlushAsync(LeaseRef lease)
    {
        for (var i = 0; i < 10 && news.Exists(n => n.Lease == lease); i++)
            await Task.Delay(TimeSpan.FromMilliseconds(500), Process.Time, CancellationToken.None);
    }
}
