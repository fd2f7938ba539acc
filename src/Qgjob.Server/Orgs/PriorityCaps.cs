using System.Globalization;
using Qgjob.Client.Wire;
using Qgjob.Core.Jobs;
using Qgjob.Core.Runs;
using Qgjob.Core.Storage;

namespace Qgjob.Server.Orgs;

/// <summary>Holds jobs to their org's highest priority, and says so.</summary>
internal sealed class PriorityCaps(IJobStore store)
{
    /// <summary>The specification as it counts, and a note for the submitter when that is not what was asked for.</summary>
    public async Task<(JobSpec Spec, string? Note)> ApplyAsync(JobSpec spec, CancellationToken cancel)
    {
        if ((await store.FindOrgAsync(Run.DefaultPool, spec.OrgId, cancel))?.MaxPriority is not { } cap || spec.Priority <= cap) return (spec, null);
        return (spec with { Priority = cap }, $"Priority {Name(spec.Priority)} is above the cap of {spec.OrgId}: the jobs count as {Name(cap)}.");
    }

    private static string Name(int priority) =>
        PriorityConverter.ByName.FirstOrDefault(p => p.Value == priority).Key ?? priority.ToString(CultureInfo.InvariantCulture);
}
