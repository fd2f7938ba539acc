using System.Runtime.CompilerServices;
using Microsoft.Data.Sqlite;
using Qgjob.Core.Storage.Journal;

namespace Qgjob.Stores.Sqlite;

/// <summary>The unfinished part at a start, and everything for a backup.</summary>
internal sealed partial class SqliteJournal
{
    private const int RowsPerPart = 2000;
    /// <summary>An attempt may have hundreds of tests, each with an error's text.</summary>
    private const int TestsPerPart = 200;

    public ValueTask<RowChanges> LoadAsync(CancellationToken cancel) => readers.ReadMomentAsync(reader =>
    {
        // A job that is not final is of a run that is not finished; a canceled one may still hold a device. Status 4 and above is final.
        const string LiveRuns = "(SELECT id FROM runs WHERE finished_at IS NULL UNION SELECT lease_run_id FROM devices WHERE lease_run_id IS NOT NULL)";
        const string IsLive = $"j.run_id IN {LiveRuns} AND (j.status < 4 OR j.id IN (SELECT lease_job_id FROM devices WHERE lease_job_id IS NOT NULL))";
        return Fleet(reader) with
        {
            Runs = reader.Sql($"SELECT {Records.RunColumns} FROM runs WHERE id IN {LiveRuns}").All(Records.Run),
            Jobs = reader.Sql($"{Records.JobsWithSpecs} WHERE {IsLive} ORDER BY j.id").All(Records.JobRow),
            Attempts = reader.Sql($"SELECT {Records.AttemptColumns} FROM attempts WHERE job_id IN (SELECT j.id FROM jobs j WHERE {IsLive})").All(Records.Attempt),
        };
    }, cancel);

    public async IAsyncEnumerable<RowChanges> ExportAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        await Task.CompletedTask;
        using var reader = Guarded(readers.Take);
        Guarded(() => reader.Script("BEGIN"));
        var first = Guarded(() => Fleet(reader));
        yield return first;
        var empty = new RowChanges { Head = first.Head };
        foreach (var part in Parts($"SELECT {Records.RunColumns} FROM runs", Records.Run, RowsPerPart)) yield return empty with { Runs = part };
        foreach (var part in Parts(Records.JobsWithSpecs, Records.JobRow, RowsPerPart)) yield return empty with { Jobs = part };
        foreach (var part in Parts($"SELECT {Records.AttemptColumns} FROM attempts", Records.Attempt, RowsPerPart)) yield return empty with { Attempts = part };
        foreach (var part in Parts($"SELECT {Records.TestsColumns} FROM test_results", Records.TestsRow, TestsPerPart)) yield return empty with { Tests = part };
        foreach (var part in Parts($"SELECT {Records.EventColumns} FROM events", Records.Event, RowsPerPart)) yield return empty with { Events = part };

        IEnumerable<List<T>> Parts<T>(string sql, Func<Statement, T> read, int size)
        {
            var statement = Guarded(() => reader.Sql(sql));
            while (true)
            {
                cancel.ThrowIfCancellationRequested();
                var part = Guarded(() => statement.Some(read, size));
                if (part.Count > 0) yield return part;
                if (part.Count < size) yield break;
            }
        }
    }

    public async ValueTask ImportAsync(IAsyncEnumerable<RowChanges> parts, CancellationToken cancel)
    {
        var head = Head.Empty;
        await foreach (var part in parts.WithCancellation(cancel))
        {
            head = part.Head;
            await WriteAsync(() => Import(() => rows.Write(part)), cancel);
        }
        await WriteAsync(() => Import(() => rows.Write(head)), cancel);
    }

    private bool Import(Action write)
    {
        if (HeadIn(writer) != Head.Empty) throw new StoreNotEmptyException($"The store {path} is not empty; name a file that does not exist yet.");
        write();
        return true;
    }

    /// <summary>What is not history.</summary>
    private static RowChanges Fleet(SqliteSession reader) => new()
    {
        Head = HeadIn(reader),
        Groups = reader.Sql($"SELECT {Records.GroupColumns} FROM groups").All(Records.Group),
        AppVersions = reader.Sql($"SELECT {Records.VersionColumns} FROM app_versions").All(Records.Version),
        Orgs = reader.Sql($"SELECT {Records.OrgColumns} FROM org_shares").All(Records.Org),
        Resources = reader.Sql($"SELECT {Records.ResourceColumns} FROM resources").All(Records.Resource),
        Devices = reader.Sql($"SELECT {Records.DeviceColumns} FROM devices").All(Records.Device),
        Agents = reader.Sql($"SELECT {Records.AgentColumns} FROM agents").All(Records.Agent),
        Estimates = reader.Sql($"SELECT {Records.EstimateColumns} FROM estimates").All(Records.Estimate),
        Quarantines = reader.Sql($"SELECT {Records.QuarantineColumns} FROM quarantines").All(Records.Quarantine),
        Terms = reader.Sql($"SELECT {Records.TermColumns} FROM terms").All(Records.Term),
        HookRows = reader.Sql("SELECT row FROM hook_rows").All(Records.HookRow),
    };

    private T Guarded<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (SqliteException ex)
        {
            throw SqliteFile.Unavailable(path, "be read", ex);
        }
    }

    private void Guarded(Action act) => Guarded<object?>(() =>
    {
        act();
        return null;
    });
}
