namespace Qgjob.Stores.Redis;

/// <summary>Writes as arguments of a function: operation, key, number of arguments, arguments; over and over.</summary>
internal sealed class Writes
{
    // Lua's stack takes some thousand values at once.
    private const int MostArguments = 2000;

    private readonly Dictionary<(string Operation, string Key), List<object>> groups = [];

    public bool IsEmpty => groups.Count == 0;

    public void Set(string hash, string field, object value) => Of("HSET", hash, field, value);
    public void Delete(string hash, string field) => Of("HDEL", hash, field);
    public void List(string list, string member) => Of("ZADD", list, "0", member);
    public void ListAt(string list, int score, string member) => Of("ZADD", list, score, member);
    public void Unlist(string list, string member) => Of("ZREM", list, member);
    public void Include(string set, string member) => Of("SADD", set, member);
    public void Exclude(string set, string member) => Of("SREM", set, member);
    public void Unlink(string key) => Of("UNLINK", key);

    /// <summary>Adds an entry with these fields, all of the same name, to a stream.</summary>
    public void Append(string stream, string id, IReadOnlyList<object> values)
    {
        List<object> entry = [id];
        foreach (var value in values)
        {
            entry.Add("e");
            entry.Add(value);
        }
        // Entries cannot be joined: the stream may get several.
        groups.Add(("XADD " + id, stream), entry);
    }

    /// <summary>Puts the writes after the other arguments, in the order in which each operation on a key first came.</summary>
    public void AppendTo(List<object> arguments)
    {
        foreach (var ((operation, key), values) in groups)
            for (var at = 0; at == 0 || at < values.Count; at += MostArguments)
            {
                var count = Math.Min(MostArguments, values.Count - at);
                arguments.Add(operation.StartsWith("XADD", StringComparison.Ordinal) ? "XADD" : operation);
                arguments.Add(key);
                arguments.Add(count);
                arguments.AddRange(values.GetRange(at, count));
            }
    }

    private void Of(string operation, string key, params ReadOnlySpan<object> values)
    {
        if (!groups.TryGetValue((operation, key), out var group)) groups.Add((operation, key), group = []);
        group.AddRange(values);
    }
}
