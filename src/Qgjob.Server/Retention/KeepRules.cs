using Qgjob.Core.Orgs;
using Qgjob.Core.Runs;
using Qgjob.Core.Storage;
using Qgjob.Server.Hosting;

namespace Qgjob.Server.Retention;

/// <summary>How long what is kept, by org.</summary>
internal sealed class KeepRules(ServerSettings settings, IReadOnlyList<OrgShare> orgs)
{
    private readonly Dictionary<string, OrgShare> byOrg = orgs.ToDictionary(o => o.OrgId);

    public static async ValueTask<KeepRules> ReadAsync(ServerSettings settings, IJobStore store, CancellationToken cancel) =>
        new(settings, await store.OrgsAsync(Run.DefaultPool, cancel));

    /// <summary>Every org that submitted once or has settings.</summary>
    public IEnumerable<string> Orgs => byOrg.Keys;
    /// <summary>No org's history is kept longer.</summary>
    public TimeSpan LongestHistory => Orgs.Select(HistoryOf).Append(settings.Keep).Max();
    /// <summary>No org's logs and artifacts go earlier, unless the room for them is used up.</summary>
    public TimeSpan ShortestFiles => Orgs.Select(FilesOf).Append(settings.KeepFiles).Min();
    /// <summary>Orgs with a limit of their own, in bytes.</summary>
    public IEnumerable<(string Org, long Bytes)> Quotas =>
        byOrg.Values.Where(o => o.MaxDiskGb is not null).Select(o => (o.OrgId, o.MaxDiskGb!.Value * 1_000_000_000L));

    public TimeSpan HistoryOf(string org) => DaysOf(org) ?? settings.Keep;

    public TimeSpan FilesOf(string org) => DaysOf(org) ?? (settings.KeepFiles < settings.Keep ? settings.KeepFiles : settings.Keep);

    private TimeSpan? DaysOf(string org) => byOrg.GetValueOrDefault(org)?.KeepDays is { } days ? TimeSpan.FromDays(days) : null;
}
