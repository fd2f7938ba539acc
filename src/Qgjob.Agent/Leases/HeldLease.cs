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
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _confirmed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private readonly ITimer _fuse;
    private bool _disposed;

    /// <param name="receivedAt">Timestamp of the assignment's arrival.</param>
    /// <param name="trust">How long after a renewal the lease is surely valid: ttl − margin.</param>
    public HeldLease(Assignment assignment, long receivedAt, TimeSpan trust, TimeProvider time)
    {
        (Assignment, _time) = (assignment, time);
        _fuse = time.CreateTimer(_ => Stop(StopCause.Expired), null, Left(receivedAt, trust), Timeout.InfiniteTimeSpan);
    }

    public Assignment Assignment { get; }

    public LeaseRef Ref => Assignment.Lease;

    public string DeviceId => Assignment.Lease.DeviceId;

    /// <summary>Cancelled when the attempt must stop; <see cref="Cause"/> says why.</summary>
    public CancellationToken Stopped => _stop.Token;

    public StopCause Cause { get; private set; }

    /// <summary>Ends after the first successful renewal: before that nothing may be done with the device.</summary>
    public Task Confirmed => _confirmed.Task;

    /// <param name="sentAt">Timestamp before the renewal was sent: the server's clock started later.</param>
    public void Renewed(long sentAt, TimeSpan trust)
    {
        lock (_gate)
        {
            if (_disposed) return;
            _fuse.Change(Left(sentAt, trust), Timeout.InfiniteTimeSpan);
        }

        _confirmed.TrySetResult();
    }

    /// <summary>The first cause stands.</summary>
    public void Stop(StopCause cause)
    {
        lock (_gate)
        {
            if (_disposed || Cause != StopCause.None) return;
            Cause = cause;
        }

        _confirmed.TrySetCanceled();
        // Not disposed with the lease: a fuse that burns at this moment would find it gone. It holds nothing that needs it.
        _stop.Cancel();
    }

    public void Dispose()
    {
        lock (_gate) _disposed = true;
        _fuse.Dispose();
    }

    private TimeSpan Left(long since, TimeSpan trust)
    {
        var left = trust - _time.GetElapsedTime(since);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }
}
