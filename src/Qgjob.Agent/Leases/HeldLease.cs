using Qgjob.Client.Wire;
using Qgjob.Core.Storage;

namespace Qgjob.Agent.Leases;

/// <summary>Why an attempt must stop before it is done.</summary>
internal enum StopCause
{
    None,
    /// <summary>The server says that the lease is not ours any more.</summary>
    Lost,
    /// <summary>Renewals failed so long that the server may give the job away.</summary>
    Expired,
    /// <summary>The job is canceled.</summary>
    Canceled,
    /// <summary>The agent stops.</summary>
    AgentStopping,
}

/// <summary>A lease from its assignment until its finish is delivered. Stops its attempt by itself when it may have expired.</summary>
internal sealed class HeldLease : IDisposable
{
    private readonly TimeProvider time;
    private readonly CancellationTokenSource stop = new();
    private readonly TaskCompletionSource confirmed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock gate = new();
    private readonly ITimer fuse;
    private (long Since, TimeSpan Trust) sure;
    private bool disposed;

    /// <param name="receivedAt">Timestamp of the assignment's arrival.</param>
    /// <param name="trust">How long after a renewal the lease is surely valid: ttl − margin.</param>
    public HeldLease(Assignment assignment, long receivedAt, TimeSpan trust, TimeProvider time)
    {
        (Assignment, this.time, sure) = (assignment, time, (receivedAt, trust));
        fuse = time.CreateTimer(_ => Stop(StopCause.Expired), null, Left(receivedAt, trust), Timeout.InfiniteTimeSpan);
    }

    public Assignment Assignment { get; }

    public LeaseRef Ref => Assignment.Lease;

    public string DeviceId => Assignment.Lease.DeviceId;

    /// <summary>Cancelled when the attempt must stop; <see cref="Cause"/> says why.</summary>
    public CancellationToken Stopped => stop.Token;

    public StopCause Cause { get; private set; }

    /// <summary>The lease may be somebody else's. True at once where <see cref="Stopped"/> waits for a timer: after the process stood still.</summary>
    public bool IsOver
    {
        get
        {
            lock (gate) return Cause != StopCause.None || time.GetElapsedTime(sure.Since) >= sure.Trust;
        }
    }

    /// <summary>Ends after the first successful renewal: before that nothing may be done with the device.</summary>
    public Task Confirmed => confirmed.Task;

    /// <param name="sentAt">Timestamp before the renewal was sent: the server's clock started later.</param>
    public void Renewed(long sentAt, TimeSpan trust)
    {
        lock (gate)
        {
            if (disposed) return;
            sure = (sentAt, trust);
            fuse.Change(Left(sentAt, trust), Timeout.InfiniteTimeSpan);
        }

        confirmed.TrySetResult();
    }

    /// <summary>The first cause stands.</summary>
    public void Stop(StopCause cause)
    {
        lock (gate)
        {
            if (disposed || Cause != StopCause.None) return;
            Cause = cause;
        }

        confirmed.TrySetCanceled();
        // Not disposed with the lease: a fuse that burns at this moment would find it gone. It holds nothing that needs it.
        stop.Cancel();
    }

    public void Dispose()
    {
        lock (gate) disposed = true;
        fuse.Dispose();
    }

    private TimeSpan Left(long since, TimeSpan trust)
    {
        var left = trust - time.GetElapsedTime(since);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }
}
