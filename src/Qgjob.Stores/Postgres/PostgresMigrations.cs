using System.Globalization;
using Npgsql;

namespace Qgjob.Stores.Postgres;

/// <summary>Brings a schema up to this version: numbered scripts, each applied once, noted in schema_version.</summary>
/// <remarks>
/// A script's line <c>-- compatible_from: N</c> says which versions of the tables servers must know to go on with the ones
/// that it makes. Scripts expand first, so that servers of the version before go on; without the line, none does.
/// </remarks>
internal static class PostgresMigrations
{
    public const int OldestServer = 130000;
    private const string Prefix = "postgres/";
    private const string CompatibleFrom = "-- compatible_from:";

    private static readonly (int Number, string Resource)[] Scripts =
    [
        .. typeof(PostgresMigrations).Assembly.GetManifestResourceNames()
            .Where(n => n.StartsWith(Prefix, StringComparison.Ordinal))
            .Select(n => (int.Parse(n.AsSpan(Prefix.Length, 4), CultureInfo.InvariantCulture), n))
            .Order(),
    ];

    public static async Task ApplyAsync(NpgsqlConnection connection, PostgresUrl url, CancellationToken cancel)
    {
        var version = int.Parse((string)(await ScalarAsync(connection, "SHOW server_version_num", cancel))!, CultureInfo.InvariantCulture);
        if (version < OldestServer)
            throw new StoreOpenException($"{url.Name} is PostgreSQL {connection.PostgreSqlVersion}; version 13 or later is needed.");
        if (await VersionAsync(connection, url, cancel) == Scripts[^1].Number) return;
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        // Servers that start at the same moment do this one after the other; the key is "qgjb" and belongs to us.
        await ScalarAsync(connection, "SET LOCAL lock_timeout = '60s'; SELECT pg_advisory_xact_lock(1903651426)", cancel);
        // Not "IF NOT EXISTS": that asks for the right to create even when nothing has to be.
        if (await ScalarAsync(connection, $"SELECT 1 FROM pg_namespace WHERE nspname = '{url.Schema}'", cancel) is null)
            await ScalarAsync(connection, $"CREATE SCHEMA {url.Schema}", cancel);
        var there = await VersionAsync(connection, url, cancel);
        if (there == 0)
            await ScalarAsync(connection, $"CREATE TABLE IF NOT EXISTS {url.Schema}.schema_version (version integer PRIMARY KEY, compatible_from integer NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())", cancel);
        foreach (var (number, resource) in Scripts.Where(s => s.Number > there))
        {
            var script = Read(resource);
            await ScalarAsync(connection, script, cancel);
            await ScalarAsync(connection, string.Create(CultureInfo.InvariantCulture, $"INSERT INTO schema_version (version, compatible_from) VALUES ({number}, {Oldest(number, script)})"), cancel);
        }
        await transaction.CommitAsync(cancel);
    }

    /// <summary>The version of the tables, capped to ours when newer ones let this server go on; 0: there are none.</summary>
    private static async Task<int> VersionAsync(NpgsqlConnection connection, PostgresUrl url, CancellationToken cancel)
    {
        if (await ScalarAsync(connection, $"SELECT to_regclass('{url.Schema}.schema_version')::text", cancel) is null or DBNull) return 0;
        await using var command = new NpgsqlCommand($"SELECT version, compatible_from FROM {url.Schema}.schema_version ORDER BY version DESC LIMIT 1", connection);
        await using var reader = await command.ExecuteReaderAsync(cancel);
        if (!await reader.ReadAsync(cancel)) return 0;
        var (version, compatibleFrom) = (reader.GetInt32(0), reader.GetInt32(1));
        return compatibleFrom <= Scripts[^1].Number
            ? Math.Min(version, Scripts[^1].Number)
            : throw new StoreOpenException(
                $"{url.Name} was written by a newer qgjob (its tables are of version {version}, this server knows {Scripts[^1].Number}, at least {compatibleFrom} is needed); "
                + "start the newer server, or name another database or schema.");
    }

    private static int Oldest(int number, string script) =>
        script.Split('\n').FirstOrDefault(l => l.StartsWith(CompatibleFrom, StringComparison.Ordinal)) is { } line
            ? int.Parse(line.AsSpan(CompatibleFrom.Length), CultureInfo.InvariantCulture)
            : number;

    private static async Task<object?> ScalarAsync(NpgsqlConnection connection, string sql, CancellationToken cancel)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(cancel);
    }

    private static string Read(string resource)
    {
        using var reader = new StreamReader(typeof(PostgresMigrations).Assembly.GetManifestResourceStream(resource)!);
        return reader.ReadToEnd();
    }
}
