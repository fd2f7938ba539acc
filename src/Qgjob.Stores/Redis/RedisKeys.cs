using System.Globalization;
using Qgjob.Core.Storage;

namespace Qgjob.Stores.Redis;

/// <summary>The names of a store's keys. All begin with one hash tag, so that a cluster keeps the store on one shard.</summary>
/// <remarks>Rows are fields of one hash per kind. Members of lists have score 0, so that the list is sorted by bytes, as ids are.</remarks>
internal sealed class RedisKeys(string? name)
{
    public string Prefix { get; } = name is null ? "{qgjob}:" : $"{{qgjob:{name}}}:";

    public string Head => Prefix + "head";
    /// <summary>Commits as they were written, by number; the latest ones.</summary>
    public string Feed => Prefix + "feed";
    /// <summary>Ids of those commits, and of the one before the first of them, by number.</summary>
    public string Ids => Prefix + "ids";
    public string Importing => Prefix + "importing";
    public string Hints => Prefix + "hints";

    public string Runs => Prefix + "runs";
    public string Jobs => Prefix + "jobs";
    public string Specs => Prefix + "specs";
    public string Attempts => Prefix + "attempts";
    public string Tests => Prefix + "tests";
    public string Groups => Prefix + "groups";
    public string AppVersions => Prefix + "app_versions";
    public string Orgs => Prefix + "orgs";
    public string Resources => Prefix + "resources";
    public string Devices => Prefix + "devices";
    /// <summary>Heartbeats since the device was written: they come too often to write the whole device.</summary>
    public string LeaseEnds => Prefix + "lease_ends";
    public string Agents => Prefix + "agents";
    public string Estimates => Prefix + "estimates";
    public string Quarantines => Prefix + "quarantines";
    public string Terms => Prefix + "terms";
    public string HookRows => Prefix + "hook_rows";

    /// <summary>Jobs that are not final.</summary>
    public string LiveJobs => Prefix + "live_jobs";
    public string LiveRuns => Prefix + "live_runs";
    /// <summary>Runs of the leases, by device.</summary>
    public string Held => Prefix + "held";
    /// <summary>Runs by idempotency key.</summary>
    public string RunKeys => Prefix + "run_keys";
    /// <summary>Attempts by lease.</summary>
    public string Leases => Prefix + "leases";

    /// <summary>Ids of runs, of one org or of all.</summary>
    public string RunList(string? org) => org is null ? Prefix + "run_list" : $"{Prefix}run_list:{org}";
    /// <summary>Ids of jobs, of one org or of all.</summary>
    public string JobList(string? org) => org is null ? Prefix + "job_list" : $"{Prefix}job_list:{org}";
    /// <summary>Finished runs by their end, of one org or of all.</summary>
    public string FinishedRuns(string? org) => org is null ? Prefix + "finished" : $"{Prefix}finished:{org}";
    /// <summary>Test files of which the org has results.</summary>
    public string TestPaths(string org) => $"{Prefix}test_paths:{org}";
    /// <summary>Attempts at a test file, by their end.</summary>
    public string PastTests(string org, string path) => $"{Prefix}past_tests:{Pair(org, path)}";
    /// <summary>Ids of the run's jobs by their place in it.</summary>
    public string JobsOf(string run) => $"{Prefix}jobs_of:{run}";
    /// <summary>Stream of the run's events; an entry has those of one commit under the number of the last.</summary>
    public string EventsOf(string run) => $"{Prefix}events_of:{run}";

    /// <summary>An attempt's field; also of its tests.</summary>
    public static string Attempt(string job, int number) => string.Create(CultureInfo.InvariantCulture, $"{job}/{number}");

    /// <summary>A lease's field.</summary>
    public static string Lease(LeaseRef lease) => Pair(lease.DeviceId, lease.Token.ToString(CultureInfo.InvariantCulture));

    /// <summary>A field of two names, of which each may have any character.</summary>
    public static string Pair(string first, string second) => string.Create(CultureInfo.InvariantCulture, $"{first.Length}.{first}{second}");

    /// <summary>A finished run's place: by its end, then by id.</summary>
    public static string Finished(DateTimeOffset at, string run) => string.Create(CultureInfo.InvariantCulture, $"{at.UtcTicks:d19}{run}");

    /// <summary>An attempt's place among others at its test file: by its end, then by job.</summary>
    public static string Past(DateTimeOffset endedAt, string attempt) => Finished(endedAt, attempt);

    /// <summary>The run at a place that <see cref="Finished"/> wrote.</summary>
    public static string RunOf(string finished) => finished[19..];
}
