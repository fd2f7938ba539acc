using System.Globalization;
using Qgjob.Core.Jobs;
using Qgjob.Core.Storage;
using Qgjob.Server.Hosting;
using Qgjob.Server.Http;

namespace Qgjob.Server.Retention;

/// <summary>Says that logs and artifacts were there, and why they are not any more.</summary>
internal sealed class RemovedFiles(JobFiles files, IJobStore store, ServerSettings settings, TimeProvider time)
{
    /// <exception cref="RefusedException">410: retention removed them.</exception>
    public async ValueTask RefuseAsync(Job job, CancellationToken cancel)
    {
        if (!job.IsFinal || !await files.AreRemovedAsync(job.Id, cancel)) return;
        var keep = (await KeepRules.ReadAsync(settings, store, cancel)).FilesOf(job.OrgId);
        var run = await store.FindRunAsync(job.RunId, cancel);
        throw RefusedException.Gone(run?.FinishedAt < time.GetUtcNow() - keep
            ? string.Create(CultureInfo.InvariantCulture, $"Logs and artifacts of job {job.Id} were removed by retention after {keep.TotalDays:0.##} days.")
            : $"Logs and artifacts of job {job.Id} were removed by retention: they were the oldest when the room for them was used up.");
    }
}
