using Qgjob.Core.Devices;
using Qgjob.Core.Groups;
using Qgjob.Core.Orgs;
using Qgjob.Core.Storage.Journal;

namespace Qgjob.Core.Scheduling;

/// <summary>What changed in a pool since a revision.</summary>
/// <param name="Revision">The revision up to which the delta is complete.</param>
/// <param name="Groups">Groups that changed, whole.</param>
/// <param name="Devices">Devices that changed, whole.</param>
/// <param name="AppVersions">App versions that changed, whole.</param>
/// <param name="Orgs">Orgs' shares that changed, whole.</param>
/// <param name="Resources">Named resources that changed, whole.</param>
/// <param name="DrainingAgents">All agents that get no new work.</param>
public sealed record PoolDelta(
    long Revision,
    IReadOnlyList<Group> Groups,
    IReadOnlyList<Device> Devices,
    IReadOnlyList<AppVersion> AppVersions,
    IReadOnlyList<OrgShare> Orgs,
    IReadOnlyList<Resource> Resources,
    IReadOnlySet<string> DrainingAgents)
{
    /// <summary>Groups, devices and app versions that are not there any more; ones that the reader never knew may be among them.</summary>
    public IReadOnlyList<GoneRow> Gone { get; init; } = [];
    /// <summary>This is everything: the reader must forget what it knows that is not in here.</summary>
    public bool IsWhole { get; init; }
    /// <summary>Nothing changed but, possibly, which agents are draining.</summary>
    public bool IsEmpty => !IsWhole && Groups.Count + Devices.Count + AppVersions.Count + Orgs.Count + Resources.Count + Gone.Count == 0;
}
