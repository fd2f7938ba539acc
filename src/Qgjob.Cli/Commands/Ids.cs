namespace Qgjob.Cli.Commands;

/// <summary>Ids of jobs and runs tell themselves apart by how they begin.</summary>
internal static class Ids
{
    public static bool IsRun(string id) => id.StartsWith("r-", StringComparison.Ordinal);

    public static bool IsJob(string id) => id.StartsWith("j-", StringComparison.Ordinal);

    public static CliException UnknownJob(string id) => CliException.Unknown("job", id, "'qgjob list --jobs' shows the jobs.");

    public static CliException UnknownRun(string id) => CliException.Unknown("run", id, "'qgjob list' shows the runs.");

    public static string RequireRun(string id) => IsRun(id)
        ? id
        : throw (IsJob(id) ? CliException.Usage($"{id} is a job, not a run.", $"'qgjob status {id}' names its run.") : CliException.Usage($"{id} is not a run: ids of runs begin with r-.", "'qgjob list' shows the runs."));

    public static string RequireJob(string id) => IsRun(id)
        ? throw CliException.Usage($"{id} is a run.", $"Name one of its jobs; 'qgjob list --jobs --run-id {id}' shows them.")
        : id;
}
