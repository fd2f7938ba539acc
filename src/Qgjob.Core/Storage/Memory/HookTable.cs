using Qgjob.Core.Notifications;

namespace Qgjob.Core.Storage.Memory;

/// <summary>Rows of notifications, found by what their keys begin with.</summary>
internal sealed class HookTable
{
    // Sorts after every character of a key that follows a prefix.
    private const char AfterAll = '\uffff';
    private readonly Dictionary<string, HookRow> rows = [];
    private readonly SortedSet<string> keys = new(StringComparer.Ordinal);

    public int Count => rows.Count;

    public HookRow? Find(string key) => rows.GetValueOrDefault(key);

    public IEnumerable<HookRow> BeginningWith(string prefix) =>
        rows.Count == 0 ? [] : keys.GetViewBetween(prefix, prefix + AfterAll).Select(k => rows[k]);

    /// <summary>Inserts, replaces, or with null removes.</summary>
    public void Set(string key, HookRow? row)
    {
        if (row is null)
        {
            rows.Remove(key);
            keys.Remove(key);
            return;
        }
        if (rows.TryAdd(key, row)) keys.Add(key);
        else rows[key] = row;
    }
}
