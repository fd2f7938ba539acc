using Qgjob.Core.Devices;
using Qgjob.Core.Events;
using Qgjob.Core.Groups;
using Qgjob.Core.Jobs;
using Qgjob.Core.Notifications;
using Qgjob.Core.Orgs;
using Qgjob.Core.Runs;
using Qgjob.Core.Storage.Journal;

namespace Qgjob.Core.Storage.Memory;

/// <summary>
/// What a batch has changed since the last commit: every row as it was before (null: it was not there), from which
/// follow the rows to write, the way back, and what readers may see meanwhile.
/// </summary>
internal sealed class ChangeRecorder
{
    public Dictionary<string, Run?> Runs { get; } = [];
    public Dictionary<string, Job?> Jobs { get; } = [];
    public Dictionary<(string Job, int Number), Attempt?> Attempts { get; } = [];
    public List<TestsRow> Tests { get; } = [];
    public List<JobEvent> Events { get; } = [];
    public Dictionary<string, Group?> Groups { get; } = [];
    public Dictionary<(string Org, string Id), AppVersion?> AppVersions { get; } = [];
    public Dictionary<(string Pool, string Org), OrgShare?> Orgs { get; } = [];
    public Dictionary<(string Org, string Name), Resource?> Resources { get; } = [];
    public Dictionary<string, Device?> Devices { get; } = [];
    /// <summary>Devices of which more than the lease's end changed.</summary>
    public HashSet<string> WholeDevices { get; } = [];
    public Dictionary<string, Agent?> Agents { get; } = [];
    public Dictionary<string, EstimateRow?> Estimates { get; } = [];
    public Dictionary<string, Quarantine?> Quarantines { get; } = [];
    public Dictionary<string, Term?> Terms { get; } = [];
    public Dictionary<string, HookRow?> HookRows { get; } = [];
    public List<GoneRow> Gone { get; } = [];

    public void Clear()
    {
        Runs.Clear();
        Jobs.Clear();
        Attempts.Clear();
        Tests.Clear();
        Events.Clear();
        Groups.Clear();
        AppVersions.Clear();
        Orgs.Clear();
        Resources.Clear();
        Devices.Clear();
        WholeDevices.Clear();
        Agents.Clear();
        Estimates.Clear();
        Quarantines.Clear();
        Terms.Clear();
        HookRows.Clear();
        Gone.Clear();
    }
}
