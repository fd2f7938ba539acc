using System.Globalization;

namespace Qgjob.Stores.Sqlite;

/// <summary>Brings a file's tables up to this version: numbered scripts, each applied once, counted in user_version.</summary>
internal static class Migrations
{
    /// <summary>"qgjb": marks the file as ours.</summary>
    private const long ApplicationId = 0x71676a62;

    private static readonly (int Number, string Resource)[] Scripts =
    [
        .. typeof(Migrations).Assembly.GetManifestResourceNames()
            .Where(n => n.EndsWith(".sql", StringComparison.Ordinal))
            .Select(n => (int.Parse(n[..4], CultureInfo.InvariantCulture), n))
            .Order(),
    ];

    /// <summary>Refuses a file of a newer version or of another program, before anything in it is changed.</summary>
    public static void CheckOurs(SqliteSession session, string path)
    {
        // In this order: a server that makes the tables at this moment commits them together with the mark.
        var isEmpty = session.Sql("SELECT count(*) FROM sqlite_schema").One(static r => r.Long(0)) == 0;
        var owner = session.Sql("PRAGMA application_id").One(static r => r.Long(0));
        if (owner != ApplicationId && !isEmpty)
            throw new StoreOpenException($"{path} is a SQLite database of another program; name another file.");
        var version = Version(session);
        if (version > Scripts[^1].Number)
        {
            throw new StoreOpenException(
                $"{path} was written by a newer qgjob (its tables are of version {version}, this server knows {Scripts[^1].Number}); "
                + "start the newer server, or name another file.");
        }
    }

    public static void Apply(SqliteSession session, string path)
    {
        if (Version(session) == Scripts[^1].Number) return;
        // The lock keeps a second server that starts at the same moment from doing the same.
        session.Script("BEGIN IMMEDIATE");
        try
        {
            CheckOurs(session, path);
            var version = Version(session);
            foreach (var (number, resource) in Scripts.Where(s => s.Number > version))
            {
                session.Script(Read(resource));
                session.Script(string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version = {number}"));
            }
            session.Script(string.Create(CultureInfo.InvariantCulture, $"PRAGMA application_id = {ApplicationId}"));
            session.Script("COMMIT");
        }
        finally
        {
            if (session.InTransaction) session.Script("ROLLBACK");
        }
    }

    private static long Version(SqliteSession session) => session.Sql("PRAGMA user_version").One(static r => r.Long(0));

    private static string Read(string resource)
    {
        using var reader = new StreamReader(typeof(Migrations).Assembly.GetManifestResourceStream(resource)!);
        return reader.ReadToEnd();
    }
}
