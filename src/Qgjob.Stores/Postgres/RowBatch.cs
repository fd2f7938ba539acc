using Npgsql;
using NpgsqlTypes;
using Qgjob.Core.Storage.Journal;

namespace Qgjob.Stores.Postgres;

/// <summary>Changed rows as one batch of statements, one per kind of row: one round trip, one transaction.</summary>
/// <remarks>
/// Every statement does nothing unless the transaction's setting <c>qgjob.commit</c> is the given commit's id. The first statement
/// sets it with the head, if the commit follows the latest one; if it does not, none of the others writes anything. An import has no id.
/// </remarks>
internal sealed partial class RowBatch(NpgsqlBatch batch, string commitId, RowTexts texts)
{
    // Not the head's row itself: while a transaction stays open somewhere, every reading of it passes all its former versions.
    public const string Gate = "WHERE coalesce(current_setting('qgjob.commit', true), '') = $1";
    /// <summary>Opens the gate for the id in $1, until the transaction ends.</summary>
    public const string Open = "set_config('qgjob.commit', $1, true)";

    public void Add(RowChanges rows)
    {
        AddRuns(rows);
        AddJobs(rows);
        AddAttempts(rows);
        AddEvents(rows);
        AddFleet(rows);
    }

    private void Statement<T>(string sql, IReadOnlyList<T> rows, params ReadOnlySpan<NpgsqlParameter> columns)
    {
        if (rows.Count > 0) Statement(sql, columns);
    }

    public void Statement(string sql, params ReadOnlySpan<NpgsqlParameter> columns)
    {
        var command = new NpgsqlBatchCommand(sql);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = commitId, NpgsqlDbType = NpgsqlDbType.Text });
        foreach (var column in columns) command.Parameters.Add(column);
        batch.BatchCommands.Add(command);
    }

    private static NpgsqlParameter<string?[]> Texts<T>(IReadOnlyList<T> rows, Func<T, string?> of) => Column(rows, of, NpgsqlDbType.Text);

    private static NpgsqlParameter<long[]> Longs<T>(IReadOnlyList<T> rows, Func<T, long> of) => Column(rows, of, NpgsqlDbType.Bigint);

    private static NpgsqlParameter<long?[]> LongsOrNull<T>(IReadOnlyList<T> rows, Func<T, long?> of) => Column(rows, of, NpgsqlDbType.Bigint);

    private static NpgsqlParameter<int[]> Ints<T>(IReadOnlyList<T> rows, Func<T, int> of) => Column(rows, of, NpgsqlDbType.Integer);

    private static NpgsqlParameter<bool[]> Flags<T>(IReadOnlyList<T> rows, Func<T, bool> of) => Column(rows, of, NpgsqlDbType.Boolean);

    /// <summary>The rows as JSON, in UTF-8 already: the driver copies it.</summary>
    private NpgsqlParameter<ReadOnlyMemory<byte>[]> Json<T>(IReadOnlyList<T> rows, Func<T, object>? of = null)
        where T : class => Column(rows, r => texts[of?.Invoke(r) ?? r], NpgsqlDbType.Text);

    private static NpgsqlParameter<TValue[]> Column<T, TValue>(IReadOnlyList<T> rows, Func<T, TValue> of, NpgsqlDbType type)
    {
        var values = new TValue[rows.Count];
        for (var i = 0; i < values.Length; i++) values[i] = of(rows[i]);
        return new NpgsqlParameter<TValue[]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | type };
    }
}
