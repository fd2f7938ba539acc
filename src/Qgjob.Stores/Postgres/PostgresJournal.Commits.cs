using Npgsql;
using NpgsqlTypes;
using Qgjob.Core.Storage.Journal;

namespace Qgjob.Stores.Postgres;

/// <summary>Commits, and what follows them.</summary>
internal sealed partial class PostgresJournal
{
    private const int TrimEvery = 256;
    private const int MostAtOnce = 100;
    // PostgreSQL's class of integrity violations.
    private const string Contradictions = "23";

    // The latest commit that this journal wrote or read.
    private Head seen = Head.Empty;

    public async ValueTask<bool> CommitAsync(RowChanges changes, CancellationToken cancel)
    {
        try
        {
            await using var connection = await writing.OpenConnectionAsync(cancel);
            if (hints is not null) hints.OwnProcess = connection.ProcessID;
            await using var batch = new NpgsqlBatch(connection);
            var head = changes.Head;
            var after = IdOf(head.Commit - 1);
            // Of a predecessor that this journal never saw only the number is known.
            var advance = new NpgsqlBatchCommand(
                $"UPDATE head SET commit = $2, commit_id = $1, revision = $3, event = $4 WHERE commit = $2 - 1 AND commit_id = coalesce($5, commit_id) RETURNING {RowBatch.Open}");
            advance.Parameters.Add(Text(head.CommitId));
            advance.Parameters.Add(Number(head.Commit));
            advance.Parameters.Add(Number(head.Revision));
            advance.Parameters.Add(Number(head.Event));
            advance.Parameters.Add(new NpgsqlParameter { Value = (object?)after ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
            batch.BatchCommands.Add(advance);
            var texts = new RowTexts(changes with { After = after });
            var rows = new RowBatch(batch, head.CommitId, texts);
            rows.Add(changes);
            var (bytes, packed) = Packed.Of(texts.Whole);
            rows.Statement(
                $"INSERT INTO feed (commit, packed, changes) SELECT $2, $3, $4 {RowBatch.Gate}",
                Number(head.Commit), new NpgsqlParameter<bool> { TypedValue = packed }, new NpgsqlParameter<ReadOnlyMemory<byte>> { TypedValue = bytes, NpgsqlDbType = NpgsqlDbType.Bytea });
            if (head.Commit % Math.Min(TrimEvery, kept) == 0)
                rows.Statement($"DELETE FROM feed {RowBatch.Gate} AND commit <= $2", Number(head.Commit - kept));
            if (hints is not null)
                rows.Statement($"SELECT pg_notify($2, '') {RowBatch.Gate}", Text(url.Schema));
            await batch.ExecuteNonQueryAsync(cancel);
            if (advance.RecordsAffected != 1) return false;
            Volatile.Write(ref seen, head);
            return true;
        }
        catch (PostgresException ex) when (ex.SqlState.StartsWith(Contradictions, StringComparison.Ordinal))
        {
            // The database is there, and nothing was written: to try again, or to wait, would not help.
            throw new InvalidDataException($"{Name} refused a commit that contradicts its rows ({ex.SqlState}: {ex.MessageText}; table {ex.TableName}, constraint {ex.ConstraintName}).", ex);
        }
        catch (Exception ex) when (PostgresFailure.Is(ex))
        {
            throw PostgresFailure.Of(Name, ex, cancel);
        }
    }

    public async ValueTask<IReadOnlyList<RowChanges>?> ReadSinceAsync(long commit, CancellationToken cancel) => await AskAsync<IReadOnlyList<RowChanges>?>(async connection =>
    {
        await using var command = new NpgsqlCommand(
            "SELECT h.commit, f.commit, f.packed, f.changes, h.commit_id FROM (SELECT * FROM head ORDER BY commit DESC LIMIT 1) h LEFT JOIN LATERAL (SELECT * FROM feed WHERE commit > $1 ORDER BY commit LIMIT $2) f ON true ORDER BY f.commit", connection);
        command.Parameters.Add(Number(commit));
        command.Parameters.Add(Number(MostAtOnce));
        await using var reader = await command.ExecuteReaderAsync(cancel);
        var missed = new List<RowChanges>();
        var id = IdOf(commit);
        while (await reader.ReadAsync(cancel))
        {
            var head = reader.GetInt64(0);
            if (head == commit) return id is null || id == reader.GetString(4) ? [] : null;
            // Restored from an older backup, or trimmed away.
            if (head < commit || await reader.IsDBNullAsync(1, cancel) || reader.GetInt64(1) != commit + missed.Count + 1) return null;
            missed.Add(Packed.Read(reader.GetFieldValue<byte[]>(3), reader.GetBoolean(2)));
            // The same number in another history: somebody restored a backup under the running servers.
            if (missed[0].After is { } after && id is not null && after != id) return null;
        }
        if (missed.Count > 0) Volatile.Write(ref seen, missed[^1].Head);
        return missed;
    }, cancel);

    private string? IdOf(long commit) => Volatile.Read(ref seen) is var known && known.Commit == commit ? known.CommitId : null;

    private static NpgsqlParameter<string> Text(string value) => new NpgsqlParameter<string> { TypedValue = value, NpgsqlDbType = NpgsqlDbType.Text };

    private static NpgsqlParameter<long> Number(long value) => new NpgsqlParameter<long> { TypedValue = value, NpgsqlDbType = NpgsqlDbType.Bigint };

    private static NpgsqlParameter<string[]> Texts(IEnumerable<string> values) =>
        new NpgsqlParameter<string[]> { TypedValue = [.. values], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text };
}
