using Qgjob.Core.Jobs;
using Qgjob.Core.Storage;
using Qgjob.Server.Http;

namespace Qgjob.Server.Agents;

/// <summary>Which attempt a lease's token may still write files for.</summary>
internal sealed class AttemptAccess(IJobStore store, TimeProvider time)
{
    /// <summary>So long after its end an attempt may still deliver artifacts.</summary>
    public static readonly TimeSpan AfterFinish = TimeSpan.FromMinutes(10);

    /// <summary>
    /// So long after its loss: an agent that was killed sends what it had when it is started again, perhaps the next morning.
    /// Nothing but this attempt's own files can be written so, whoever has its job by now.
    /// </summary>
    public static readonly TimeSpan AfterLoss = TimeSpan.FromHours(24);

    /// <summary>The attempt: running, ended by its agent less than ten minutes ago, or lost less than a day ago.</summary>
    /// <exception cref="RefusedException">409: the token is not valid any more.</exception>
    public async Task<Attempt> FindAsync(string? device, string? token, CancellationToken cancel)
    {
        if (string.IsNullOrEmpty(device) || device.Length > Check.MaxIdLength) throw RefusedException.Invalid("device", "must be a device's id");
        var number = Check.Number("token", token, 1, long.MaxValue) ?? throw RefusedException.Invalid("token", "is missing");
        Check.RefuseControls("device", device, allowLines: false);
        return await store.FindAttemptAsync(new LeaseRef(device, number), cancel) is { } attempt
            && (attempt.EndedAt is not { } ended || time.GetUtcNow() - ended < (attempt.FinishId is null ? AfterLoss : AfterFinish))
            ? attempt
            : throw RefusedException.Conflict($"Token {number} of device {device} is not valid any more: the attempt ended too long ago.");
    }
}
