namespace Qgjob.Stores.Sqlite;

/// <summary>Rows that were read or written, and which of them the file does not have yet. Absence is remembered too.</summary>
internal sealed class Remembered<TKey, TRow>
    where TKey : notnull
    where TRow : class
{
    private readonly Dictionary<TKey, TRow?> rows = [];
    private readonly HashSet<TKey> unwritten = [];

    public int Count => rows.Count;

    /// <summary>Rows that are known to be there.</summary>
    public IEnumerable<TRow> Rows => rows.Values.OfType<TRow>();

    public TRow? Find(TKey key, Func<TRow?> read)
    {
        if (!rows.TryGetValue(key, out var row)) rows[key] = row = read();
        return row;
    }

    /// <summary>Notes a row that the file has.</summary>
    public void Remember(TKey key, TRow row) => rows[key] = row;

    /// <summary>Changes a row; the file gets it at the next flush.</summary>
    public void Put(TKey key, TRow row)
    {
        rows[key] = row;
        unwritten.Add(key);
    }

    /// <summary>Changes a row that is known to be there; false when it is not.</summary>
    public bool Replace(TKey key, TRow row)
    {
        if (rows.GetValueOrDefault(key) is null) return false;
        Put(key, row);
        return true;
    }

    public void Flush(Action<TKey, TRow> write)
    {
        foreach (var key in unwritten) write(key, rows[key]!);
        unwritten.Clear();
    }

    public void Clear()
    {
        rows.Clear();
        unwritten.Clear();
    }
}
