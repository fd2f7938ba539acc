using Qgjob.Core.Jobs;
using Qgjob.Core.Storage;
using Qgjob.Server.Http;

namespace Qgjob.Server.Agents;

/// <summary>Which attempt a lease's token may still write files for.</summary>
internal sealed class AttemptAccess(IJobStore store, TimeProvider time)
{
    /// <summary>So long after its end an attempt may still deliver artifacts.</summary>
    public static readonly TimeSpan AfterFinish = TimeSpan.FromMinutes(10);

    /// <summary>The attempt: running, or ended by its agent (not lost) less than ten minutes ago.</summary>
    /// <exception cref="RefusedException">409: the token is not valid any more.</exception>
    public async Task<Attempt> FindAsync(string? device, string? token, CancellationToken cancel)
    {
        if (string.IsNullOrEmpty(device) || device.Length > Check.MaxIdLength) throw RefusedException.Invalid("device", "must be a device's id");
        var number = Check.Number("token", token, 1, long.MaxValue) ?? throw RefusedException.Invalid("token", "is missing");
        Check.RefuseControls("device", device, allowLines: false);
        return await store.FindAttemptAsync(new LeaseRef(device, number), cancel) is { } attempt
            && (attempt.EndedAt is not { } ended || (attempt.FinishId is not null && time.GetUtcNow() - ended < AfterFinish))
            ? attempt
            : throw RefusedException.Conflict($"Token {number} of device {device} is not valid any more: the attempt was lost, or ended too long ago.");
    }
}
