using System.Text.Json;
using System.Text.Json.Serialization;
using Qgjob.Core.Runs;
using Qgjob.Core.Storage;

namespace Qgjob.Stores.Tests;

/// <summary>Records as text, so that lists in them compare by what they hold.</summary>
internal static class State
{
    private static readonly JsonSerializerOptions Options = new() { WriteIndented = true, Converters = { new JsonStringEnumConverter() } };

    public static string Text(object? value) => value is null ? "null" : $"{value.GetType().Name} {JsonSerializer.Serialize(value, value.GetType(), Options)}";

    /// <summary>All that a store can tell.</summary>
    public static async Task<string> OfAsync(IJobStore store, CancellationToken cancel)
    {
        var parts = new List<object?>();
        var delta = await store.ReadPoolAsync(Run.DefaultPool, 0, cancel);
        parts.Add(delta.Revision);
        parts.AddRange(delta.Groups.OrderBy(g => g.Id, StringComparer.Ordinal));
        parts.AddRange(delta.Devices.OrderBy(d => d.Id, StringComparer.Ordinal));
        parts.AddRange(delta.Orgs.OrderBy(o => o.OrgId, StringComparer.Ordinal));
        parts.AddRange(delta.Resources.OrderBy(r => r.OrgId, StringComparer.Ordinal).ThenBy(r => r.Name, StringComparer.Ordinal));
        parts.AddRange(await store.OrgsAsync(Run.DefaultPool, cancel));
        parts.AddRange(await store.ResourcesAsync(null, cancel));
        parts.AddRange(await store.HookRowsAsync("", cancel));
        foreach (var org in delta.Orgs.Select(o => o.OrgId).Distinct().Order(StringComparer.Ordinal)) parts.Add(await store.QuarantineAsync(org, cancel));
        parts.AddRange(delta.DrainingAgents.Order(StringComparer.Ordinal));
        parts.AddRange(await store.AgentsAsync(cancel));
        parts.AddRange(await Ledger.AllAsync(p => store.ListAppVersionsAsync(null, p, cancel), 2));
        foreach (var org in delta.Orgs.Select(o => o.OrgId).Distinct().Order(StringComparer.Ordinal))
            foreach (var path in await store.TestPathsAsync(org, null, 1000, cancel)) parts.AddRange(await store.PastTestsAsync(org, path, 1000, cancel));
        foreach (var run in await Ledger.AllAsync(p => store.ListRunsAsync(null, p, cancel), 7))
        {
            parts.Add(run);
            parts.AddRange(await store.EventsAsync(run.Id, null, 0, 10_000, cancel));
            foreach (var job in await Ledger.AllAsync(p => store.ListJobsAsync(new JobFilter(RunId: run.Id), p, cancel), 3))
            {
                parts.Add(job);
                parts.Add(await store.PositionInGroupAsync(job.Job.Id, cancel));
                foreach (var attempt in await store.AttemptsAsync(job.Job.Id, cancel))
                {
                    parts.Add(attempt);
                    parts.AddRange(await store.TestResultsAsync(job.Job.Id, attempt.Number, cancel));
                }
            }
        }
        return string.Join('\n', parts.Select(Text));
    }
}
