using Qgjob.Core.Devices;
using Qgjob.Core.Events;
using Qgjob.Core.Groups;
using Qgjob.Core.Jobs;
using Qgjob.Core.Notifications;
using Qgjob.Core.Orgs;
using Qgjob.Core.Runs;
using Qgjob.Core.Storage.Journal;

namespace Qgjob.Core.Storage.Engine;

/// <summary>
/// Rows of a store inside one transaction, for stores that live in this process. <see cref="StoreEngine"/> holds what
/// the commands mean; a store only finds and saves rows.
/// </summary>
/// <remarks>Calls are synchronous: there is no wire between the engine and these rows.</remarks>
public interface IStoreRows
{
    /// <summary>The run, or null.</summary>
    Run? FindRun(string runId);
    /// <summary>The run that the org submitted under the key, or null.</summary>
    Run? FindRunByKey(string orgId, string idempotencyKey);
    /// <summary>Unfinished runs of the org with the supersede key, by id.</summary>
    IReadOnlyList<Run> UnfinishedRunsBySupersedeKey(string orgId, string supersedeKey);
    /// <summary>Inserts or replaces.</summary>
    void Save(Run run);

    /// <summary>The job, or null.</summary>
    Job? FindJob(string jobId);
    /// <summary>What was asked for; the job must exist.</summary>
    JobSpec SpecOf(string jobId);
    /// <summary>Inserts a job with its specification.</summary>
    void Add(Job job, JobSpec spec);
    /// <summary>Replaces the job's changing part.</summary>
    void Save(Job job);
    /// <summary>The queued job of the group that goes first: lowest tier, then longest estimate, then lowest id.</summary>
    Job? FirstReady(string groupId);
    /// <summary>The run's jobs that are not final.</summary>
    IReadOnlyList<Job> UnfinishedJobs(string runId);
    /// <summary>Queued jobs whose queue deadline is at or before <paramref name="now"/>.</summary>
    IReadOnlyList<Job> QueuedPast(DateTimeOffset now, int max);

    /// <summary>The group, or null.</summary>
    Group? FindGroup(string groupId);
    /// <summary>Inserts or replaces.</summary>
    void Save(Group group);

    /// <summary>The app version, or null.</summary>
    AppVersion? FindAppVersion(string orgId, string appVersionId);
    /// <summary>Inserts or replaces.</summary>
    void Save(AppVersion version);

    /// <summary>The org's share of the pool, or null.</summary>
    OrgShare? FindOrg(string pool, string orgId);
    /// <summary>All orgs of the pool, in any order.</summary>
    IReadOnlyList<OrgShare> OrgsOf(string pool);
    /// <summary>Inserts or replaces.</summary>
    void Save(OrgShare org);

    /// <summary>The named resource, or null.</summary>
    Resource? FindResource(string orgId, string name);
    /// <summary>Inserts or replaces; one without units is kept as such.</summary>
    void Save(Resource resource);

    /// <summary>The org's tests in quarantine, or null.</summary>
    Quarantine? FindQuarantine(string orgId);
    /// <summary>Every org's, in any order.</summary>
    IEnumerable<Quarantine> AllQuarantines();
    /// <summary>Inserts or replaces.</summary>
    void Save(Quarantine quarantine);

    /// <summary>The device, or null.</summary>
    Device? FindDevice(string deviceId);
    /// <summary>Devices of the pool, in any order.</summary>
    IReadOnlyList<Device> DevicesOfPool(string pool);
    /// <summary>The agent's devices.</summary>
    IReadOnlyList<Device> DevicesOf(string agentId);
    /// <summary>Devices whose lease ends at or before <paramref name="now"/>.</summary>
    IReadOnlyList<Device> LeasesPast(DateTimeOffset now, int max);
    /// <summary>Inserts or replaces.</summary>
    void Save(Device device);
    /// <summary>Replaces only the lease's end: a heartbeat, which changes nothing that a decision sees.</summary>
    void SaveLeaseEnd(Device device);

    /// <summary>The agent, or null.</summary>
    Agent? FindAgent(string agentId);
    /// <summary>Agents marked online that were last heard of before <paramref name="since"/>.</summary>
    IReadOnlyList<Agent> AgentsSilentSince(DateTimeOffset since);
    /// <summary>Inserts or replaces.</summary>
    void Save(Agent agent);

    /// <summary>The attempt, or null.</summary>
    Attempt? FindAttempt(string jobId, int number);
    /// <summary>The attempt that a lease's token made on the device, or null.</summary>
    Attempt? FindAttempt(LeaseRef lease);
    /// <summary>Inserts or replaces.</summary>
    void Save(Attempt attempt);
    /// <summary>Keeps an attempt's per-test results.</summary>
    void Save(TestsRow tests);

    /// <summary>The estimate under the key, seconds, or null.</summary>
    double? FindEstimate(string key);
    /// <summary>Inserts or replaces.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="seconds">The mean.</param>
    /// <param name="learnedAt">When it was last learned; default: unknown.</param>
    void SaveEstimate(string key, double seconds, DateTimeOffset learnedAt);

    /// <summary>Every group, in any order.</summary>
    IEnumerable<Group> AllGroups();
    /// <summary>Every app version, in any order.</summary>
    IEnumerable<AppVersion> AllAppVersions();
    /// <summary>Every device, in any order.</summary>
    IEnumerable<Device> AllDevices();
    /// <summary>Every agent, in any order.</summary>
    IEnumerable<Agent> AllAgents();
    /// <summary>Every estimate, in any order.</summary>
    IEnumerable<EstimateRow> AllEstimates();
    /// <summary>Removes a row that nothing refers to any more.</summary>
    void Remove(GoneRow gone);

    /// <summary>The row of notifications with this key, or null.</summary>
    HookRow? FindHookRow(string key);
    /// <summary>Those whose keys begin so, in the order of their characters.</summary>
    IEnumerable<HookRow> HookRows(string prefix);
    /// <summary>Inserts or replaces.</summary>
    void Save(HookRow row);

    /// <summary>The term, or null when nobody ever had it.</summary>
    Term? FindTerm(string name);
    /// <summary>Inserts or replaces.</summary>
    void Save(Term term);

    /// <summary>Appends; the store numbers it.</summary>
    void Append(JobEvent happened);
    /// <summary>The store's next revision, to stamp on rows that the policy reads.</summary>
    long NextRevision();
}
