using System.Net;
using Qgjob.Agent.Reporting;
using Qgjob.Client;
using Qgjob.Client.Http;
using Qgjob.Client.Wire;
using Qgjob.Core.Storage;

namespace Qgjob.Agent.Leases;

/// <summary>What the server said with the registration.</summary>
/// <param name="Trust">How long after a renewal a lease is surely valid: ttl − margin.</param>
/// <param name="MaxLogBytes">The longest log of an attempt that it takes.</param>
/// <param name="MaxArtifactBytes">The largest artifact that it takes.</param>
/// <param name="MaxAttemptBytes">The most that it takes of an attempt's artifacts together.</param>
internal sealed record LeaseTerms(
    TimeSpan RenewEvery, TimeSpan Trust, long MaxLogBytes = AttemptLog.UsualLimit, long MaxArtifactBytes = long.MaxValue, long MaxAttemptBytes = long.MaxValue)
{
    public static LeaseTerms Of(RegisterResponse answer) => new(
        TimeSpan.FromSeconds(answer.RenewEverySeconds), TimeSpan.FromSeconds(answer.LeaseTtlSeconds - answer.MarginSeconds),
        answer.MaxLogBytes ?? AttemptLog.UsualLimit, answer.MaxArtifactBytes ?? long.MaxValue, answer.MaxAttemptBytes ?? long.MaxValue);
}

/// <summary>Holds the agent's leases and renews them, all in one call.</summary>
internal sealed class LeaseKeeper(AgentClient client, string agentId, ServerNews news, TimeProvider time, Random random) : IDisposable
{
    private readonly Lock gate = new();
    private readonly List<HeldLease> held = [];
    private readonly Pulse wake = new(time);

    public LeaseTerms Terms { get; set; } = new(TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(50));

    /// <summary>Called when the server does not know this agent.</summary>
    public Action Unknown { get; set; } = () => { };

    /// <summary>Called when a lease was taken or let go.</summary>
    public Action Changed { get; set; } = () => { };

    public IReadOnlyList<HeldLease> Held
    {
        get { lock (gate) return [.. held]; }
    }

    public bool IsBusy(string deviceId)
    {
        lock (gate) return held.Exists(l => l.DeviceId == deviceId);
    }

    /// <summary>
    /// Null when the lease, or a later one of its device, is held already: two polls brought the same one, or one came late.
    /// An earlier one of the device is lost: the server would not have given the device away otherwise.
    /// </summary>
    public HeldLease? Take(Assignment assignment, long receivedAt)
    {
        HeldLease lease;
        List<HeldLease> former;
        lock (gate)
        {
            former = held.FindAll(l => l.DeviceId == assignment.Lease.DeviceId);
            if (former.Exists(l => l.Ref.Token >= assignment.Lease.Token)) return null;
            lease = new HeldLease(assignment, receivedAt, Terms.Trust, time);
            held.Add(lease);
        }

        foreach (var earlier in former) earlier.Stop(StopCause.Lost);
        Changed();
        wake.Set();
        return lease;
    }

    public void LetGo(HeldLease lease)
    {
        lock (gate) held.Remove(lease);
        lease.Dispose();
        Changed();
    }

    public void Apply(LeaseRef reference, LeaseState state)
    {
        if (state == LeaseState.Ok) return;
        HeldLease? lease;
        lock (gate) lease = held.Find(l => l.Ref == reference);
        lease?.Stop(state == LeaseState.Lost ? StopCause.Lost : StopCause.Canceled);
    }

    /// <summary>Renews until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        var backoff = new Backoff(time, random);
        var wait = Terms.RenewEvery;
        while (true)
        {
            await wake.WaitAsync(wait, cancel).ConfigureAwait(false);
            wait = await RenewAsync(cancel).ConfigureAwait(false) ? Terms.RenewEvery : backoff.Next();
            if (wait == Terms.RenewEvery) backoff.Reset();
        }
    }

    public void Dispose()
    {
        foreach (var lease in Held) lease.Dispose();
    }

    /// <returns>False when it should be tried again soon.</returns>
    private async Task<bool> RenewAsync(CancellationToken cancel)
    {
        var held = Held;
        if (held.Count == 0) return true;
        var sentAt = time.GetTimestamp();
        try
        {
            var answer = await client.RenewAsync(new RenewRequest(agentId, [.. held.Select(l => l.Ref)]), cancel).ConfigureAwait(false);
            news.Up();
            for (var i = 0; i < held.Count && i < answer.States.Count; i++)
            {
                if (answer.States[i] == LeaseState.Ok) held[i].Renewed(sentAt, Terms.Trust);
                else Apply(held[i].Ref, answer.States[i]);
            }

            return true;
        }
        catch (ApiException e) when (e.Status == HttpStatusCode.Conflict)
        {
            Unknown();
            return false;
        }
        catch (Exception e) when (e is ApiException or ServerUnreachableException)
        {
            news.Down(e.Message);
            return false;
        }
    }
}
