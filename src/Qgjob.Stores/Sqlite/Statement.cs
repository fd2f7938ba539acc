using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Qgjob.Stores.Sqlite;

/// <summary>
/// A prepared statement. SqliteCommand looks every parameter up by name on every execution, which costs more than most
/// of our statements; here parameters are bound in order.
/// </summary>
internal sealed class Statement(sqlite3 database, sqlite3_stmt handle) : IDisposable
{
    private int bound;

    /// <summary>Ready to be bound, also after a use that an exception cut short.</summary>
    public Statement Anew()
    {
        bound = 0;
        return this;
    }

    public Statement Bind(long value) => Checked(raw.sqlite3_bind_int64(handle, ++bound, value));

    public Statement Bind(double value) => Checked(raw.sqlite3_bind_double(handle, ++bound, value));

    public Statement Bind(bool value) => Bind(value ? 1L : 0L);

    public Statement Bind(DateTimeOffset value) => Bind(value.UtcTicks);

    public Statement Bind(string? value)
    {
        if (value is null) return BindNull();
        // Nearly all are short: no array for each of them.
        const int Short = 512;
        if (value.Length * 3 > Short) return Checked(raw.sqlite3_bind_text(handle, ++bound, value));
        Span<byte> utf8 = stackalloc byte[Short];
        return Bind(utf8[..Encoding.UTF8.GetBytes(value, utf8)]);
    }

    public Statement Bind(scoped ReadOnlySpan<byte> utf8) => Checked(raw.sqlite3_bind_text(handle, ++bound, utf8));

    public Statement Bind(long? value) => value is { } v ? Bind(v) : BindNull();

    public Statement Bind(double? value) => value is { } v ? Bind(v) : BindNull();

    public Statement Bind(DateTimeOffset? value) => value is { } v ? Bind(v) : BindNull();

    public Statement BindNull() => Checked(raw.sqlite3_bind_null(handle, ++bound));

    /// <summary>Runs a statement that gives no rows.</summary>
    public void Run()
    {
        while (Next()) { }
    }

    /// <summary>Moves to the next row; false at the end, where the statement is ready to be bound again.</summary>
    public bool Next()
    {
        var code = raw.sqlite3_step(handle);
        if (code == raw.SQLITE_ROW) return true;
        Reset();
        if (code != raw.SQLITE_DONE) SqliteException.ThrowExceptionForRC(code, database);
        return false;
    }

    /// <summary>The first row, or default. Nothing of the statement stays open.</summary>
    public T? One<T>(Func<Statement, T> read)
    {
        if (!Next()) return default;
        try
        {
            return read(this);
        }
        finally
        {
            Reset();
        }
    }

    public List<T> All<T>(Func<Statement, T> read)
    {
        var rows = new List<T>();
        try
        {
            while (Next()) rows.Add(read(this));
        }
        finally
        {
            Reset();
        }
        return rows;
    }

    /// <summary>The next rows, at most <paramref name="max"/>; fewer only at the end. The statement stays open until then.</summary>
    public List<T> Some<T>(Func<Statement, T> read, int max)
    {
        var rows = new List<T>();
        while (rows.Count < max && Next()) rows.Add(read(this));
        return rows;
    }

    public bool IsNull(int column) => raw.sqlite3_column_type(handle, column) == raw.SQLITE_NULL;

    public long Long(int column) => raw.sqlite3_column_int64(handle, column);

    public int Int(int column) => raw.sqlite3_column_int(handle, column);

    public double Double(int column) => raw.sqlite3_column_double(handle, column);

    public int? IntOrNull(int column) => IsNull(column) ? null : Int(column);

    public double? DoubleOrNull(int column) => IsNull(column) ? null : Double(column);

    public bool Flag(int column) => Long(column) != 0;

    public string Text(int column) => raw.sqlite3_column_text(handle, column).utf8_to_string();

    public string? TextOrNull(int column) => IsNull(column) ? null : Text(column);

    /// <summary>The column's UTF-8 bytes, valid until the next step.</summary>
    public ReadOnlySpan<byte> Bytes(int column) => raw.sqlite3_column_blob(handle, column);

    public DateTimeOffset Time(int column) => new(Long(column), TimeSpan.Zero);

    public DateTimeOffset? TimeOrNull(int column) => IsNull(column) ? null : Time(column);

    public void Dispose() => handle.Dispose();

    private void Reset()
    {
        bound = 0;
        raw.sqlite3_reset(handle); // its code repeats the last step's, which was looked at
    }

    private Statement Checked(int code)
    {
        if (code != raw.SQLITE_OK) SqliteException.ThrowExceptionForRC(code, database);
        return this;
    }
}
