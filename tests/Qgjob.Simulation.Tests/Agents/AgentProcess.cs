extern alias agent;

using agent::Qgjob.Agent.Leases;
using Qgjob.Client.Wire;
using Qgjob.Core.Storage;
using Qgjob.Simulation.Tests.Servers;
using Qgjob.Simulation.Tests.World;

namespace Qgjob.Simulation.Tests.Agents;

/// <summary>
/// One life of an agent: the loops of the real one (registration, polls, renewals, news, results) with the real
/// <see cref="HeldLease"/>, over the simulated network.
/// </summary>
internal sealed partial class AgentProcess
{
    private static readonly TimeSpan CallLimit = TimeSpan.FromSeconds(8);
    private readonly SimWorld world;
    private readonly SimAgent agent;
    private readonly string boot;
    private readonly List<SimAttempt> held = [];
    private readonly List<ProgressItem> news = [];
    private readonly Signal wake;
    private readonly Signal register;
    private readonly Signal polls;
    private readonly Signal tell;
    private TaskCompletionSource registered = new();
    private int server;
    private long sequence;

    public AgentProcess(SimWorld world, SimAgent agent, string boot)
    {
        (this.world, this.agent, this.boot) = (world, agent, boot);
        server = world.Random.Next(world.Servers.Count);
        Process = new SimProcess(world.Scheduler, boot)
        {
            // Standing still, it drives nothing; and before it goes on, its timers have told what ended.
            Pausing = () => held.ForEach(a => a.Suspend()),
            Resumed = () => held.ForEach(a => a.GoOn()),
        };
        (wake, register, polls, tell) = (new Signal(Process.Time), new Signal(Process.Time), new Signal(Process.Time), new Signal(Process.Time));
    }

    public SimProcess Process { get; }
    public bool IsIdle => held.Count == 0 && news.Count == 0;

    private TimeSpan Trust => world.Mutation is Mutation.NoFence ? TimeSpan.FromHours(1) : SimServer.Settings.LeaseTtl - SimServer.Settings.LeaseMargin;

    public void Start() => Process.Start(async () =>
    {
        world.History.Note(agent.Id, $"starts as {boot}");
        // Before the registration: a new boot ends the leases whose results wait here.
        foreach (var item in agent.Outbox.ToList()) await DeliverAsync(item);
        Process.Start(RegisterAsync);
        Process.Start(PollAsync);
        Process.Start(RenewAsync);
        Process.Start(TellAsync);
    });

    /// <summary>Ends it as a power cut does; what it drove is told with the time of its fence.</summary>
    public IReadOnlyList<(Action End, TimeSpan Fence)> Kill()
    {
        Process.Kill();
        return [.. held.Where(a => a.Drives).Select(a => (new Action(a.Suspend), a.Left(Trust)))];
    }

    public void PhonesChanged()
    {
        register.Set();
        polls.Set();
    }

    public void LetGo(SimAttempt attempt)
    {
        held.Remove(attempt);
        polls.Set();
    }

    public void Tell(ProgressItem item)
    {
        news.Add(item with { Sequence = ++sequence });
        tell.Set();
    }

    private async Task<T> CallAsync<T>(string what, Func<ServerApi, CancellationToken, Task<T>> call, TimeSpan? limit = null)
    {
        try
        {
            return await world.Network.CallAsync(Process, agent.Id, world.Servers[server], what, call, limit ?? CallLimit);
        }
        catch (NoAnswerException)
        {
            server = (server + 1) % world.Servers.Count;
            throw;
        }
    }

    private Task PauseAsync() => Task.Delay(world.Between(0.1, 2), Process.Time, CancellationToken.None);

    private void Forget()
    {
        if (registered.Task.IsCompleted) registered = new TaskCompletionSource();
        register.Set();
    }

    private async Task RegisterAsync()
    {
        while (true)
        {
            try
            {
                var offers = world.Phones.OffersOf(agent.Id);
                await CallAsync("register", (s, gone) => s.RegisterAsync(agent.Id, boot, offers, gone));
                world.History.Note(agent.Id, $"is registered with {string.Join(' ', offers.Select(o => o.Id))}");
                registered.TrySetResult();
                await register.WaitAsync(TimeSpan.FromHours(1));
            }
            catch (NoAnswerException)
            {
                await PauseAsync();
            }
        }
    }

    private async Task RenewAsync()
    {
        var every = SimServer.Settings.LeaseRenew;
        var wait = every;
        while (true)
        {
            await wake.WaitAsync(wait);
            wait = await TryRenewAsync() ? every : world.Between(0.1, 2);
        }
    }

    private async Task<bool> TryRenewAsync()
    {
        SimAttempt[] all = [.. held];
        if (all.Length == 0) return true;
        var sentAt = Process.Time.GetTimestamp();
        var commit = world.Journal.Head.Commit;
        try
        {
            var states = await CallAsync("renew", (s, gone) => s.RenewAsync(agent.Id, [.. all.Select(a => a.Lease.Ref)], gone), TimeSpan.FromSeconds(4));
            world.History.Note(agent.Id, $"renewed {string.Join(' ', all.Select((a, i) => $"{a.Lease.DeviceId}/{a.Lease.Ref.Token}={states[i]}"))}");
            for (var i = 0; i < all.Length; i++)
            {
                if (states[i] is not LeaseState.Lost) world.Commits.Renewed(all[i].Lease.Ref, commit);
                if (states[i] is LeaseState.Ok) all[i].Renewed(sentAt, Trust);
                else Apply(all[i].Lease.Ref, states[i]);
            }
            return true;
        }
        catch (MustRegisterException)
        {
            Forget();
            return false;
        }
        catch (NoAnswerException)
        {
            return false;
        }
    }

    private void Apply(LeaseRef lease, LeaseState state)
    {
        if (state is not LeaseState.Ok) held.Find(a => a.Lease.Ref == lease)?.Lease.Stop(state is LeaseState.Lost ? StopCause.Lost : StopCause.Canceled);
    }

    private void Take(Assignment assignment)
    {
        var former = held.FindAll(a => a.Lease.DeviceId == assignment.Lease.DeviceId);
        if (former.Exists(a => a.Lease.Ref.Token >= assignment.Lease.Token)) return;
        world.History.Note(agent.Id, $"gets {assignment.JobId}, attempt {assignment.Attempt}, on {assignment.Lease.DeviceId} by token {assignment.Lease.Token}");
        world.Commits.Assigned(assignment, agent.Id);
        var attempt = new SimAttempt(world, this, agent, new HeldLease(assignment, Process.Time.GetTimestamp(), Trust, Process.Time));
        held.Add(attempt);
        foreach (var earlier in former) earlier.Lease.Stop(StopCause.Lost);
        polls.Set();
        wake.Set();
        // As the real agent: a phone's next attempt begins when the one before has let go of it.
        Process.Start(async () =>
        {
            foreach (var earlier in former) await earlier.HasLetGo;
            await attempt.RunAsync();
        });
    }

    /// <summary>Repeats a result until there is an answer.</summary>
    public async Task DeliverAsync(FinishItem item)
    {
        while (true)
            try
            {
                var accepted = await CallAsync("finish", (s, gone) => s.FinishAsync(item, gone));
                world.History.Note(agent.Id, $"{item.FinishId} of {item.Lease.DeviceId}/{item.Lease.Token} ({item.End.Outcome}): {(accepted ? "accepted" : "too late")}");
                world.Commits.Answered(item, accepted);
                agent.Outbox.Remove(item);
                return;
            }
            catch (NoAnswerException)
            {
                await PauseAsync();
            }
    }
}
