using Qgjob.Core.Devices;
using Qgjob.Core.Groups;
using Qgjob.Core.Orgs;

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
    IReadOnlySet<string> DrainingAgents);
