using Qgjob.Server.Hosting;

namespace Qgjob.Server.Dispatch;

/// <summary>
/// Since when agents could renew their leases here without a break. A server ends a lease only after it was there itself
/// for as long as a lease lasts: whoever renewed elsewhere meanwhile did so in the store, and who renewed nowhere is gone.
/// </summary>
/// <remarks>
/// One rule for everything that keeps agents from renewing: a start, a process that was suspended, a store that was away.
/// A second server that takes over housekeeping has been there long before, so nothing is put off then.
/// </remarks>
internal sealed class Contact(ServerSettings settings, TimeProvider time)
{
    private readonly Lock gate = new();
    private long heard = time.GetTimestamp();
    private long unbrokenSince = time.GetTimestamp();

    /// <summary>The store answered this server's loop just now.</summary>
    public void Heard()
    {
        lock (gate)
        {
            var now = time.GetTimestamp();
            // Agents may have tried in vain meanwhile. What is shorter than the margin, their own patience covers.
            if (time.GetElapsedTime(heard, now) > settings.LeaseMargin) Break(now);
            heard = now;
        }
    }

    /// <summary>Other servers follow the step at their next reading, and agents renew once more by the new time.</summary>
    public void ClockStepped()
    {
        lock (gate) Break(time.GetTimestamp() + (long)(StoreClock.ReadEvery.TotalSeconds * time.TimestampFrequency));
    }

    /// <summary>Who is silent now was silent of his own accord.</summary>
    public bool IsLongEnough
    {
        get
        {
            lock (gate)
                return time.GetElapsedTime(heard) <= settings.LeaseMargin && time.GetElapsedTime(unbrokenSince) >= settings.LeaseTtl;
        }
    }

    private void Break(long timestamp) => unbrokenSince = Math.Max(unbrokenSince, timestamp);
}
