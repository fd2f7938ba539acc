using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using StackExchange.Redis;

namespace Qgjob.Stores.Redis;

/// <summary>Writes as arguments of a function: operation, key, packed arguments; over and over. Packed, as there can be millions.</summary>
internal sealed class Writes
{
    // Lua's stack takes some thousand values at once.
    private const int MostArguments = 2000;

    private readonly Dictionary<(string Operation, string Key), List<object>> groups = [];

    public void Set(string hash, string field, string value) => Of("HSET", hash, field, value);
    public void Set(string hash, string field, ReadOnlyMemory<byte> value) => Of("HSET", hash, field, value);
    public void Delete(string hash, string field) => Of("HDEL", hash, field);
    public void List(string list, string member) => Of("ZADD", list, "0", member);
    public void ListAt(string list, int score, string member) => Of("ZADD", list, score.ToString(CultureInfo.InvariantCulture), member);
    public void Unlist(string list, string member) => Of("ZREM", list, member);
    public void Include(string set, string member) => Of("SADD", set, member);
    public void Exclude(string set, string member) => Of("SREM", set, member);
    public void Unlink(string key) => Of("UNLINK", key);

    /// <summary>Adds an entry with these fields, all of the same name, to a stream.</summary>
    public void Append(string stream, string id, IEnumerable<ReadOnlyMemory<byte>> values)
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
        var packed = new ArrayBufferWriter<byte>(64 * 1024);
        var parts = new List<(string Operation, string Key, Range Place)>();
        foreach (var ((operation, key), values) in groups)
            for (var at = 0; at == 0 || at < values.Count; at += MostArguments)
            {
                var start = packed.WrittenCount;
                Pack(CollectionsMarshal.AsSpan(values).Slice(at, Math.Min(MostArguments, values.Count - at)), packed);
                parts.Add((operation.StartsWith("XADD", StringComparison.Ordinal) ? "XADD" : operation, key, start..packed.WrittenCount));
            }
        foreach (var (operation, key, place) in parts)
        {
            arguments.Add(operation);
            arguments.Add(key);
            arguments.Add((RedisValue)packed.WrittenMemory[place]);
        }
    }

    /// <summary>A MessagePack array of strings: an array with a 32-bit length, of strings with 32-bit lengths.</summary>
    private static void Pack(ReadOnlySpan<object> values, ArrayBufferWriter<byte> to)
    {
        Head(0xdd, values.Length, to);
        foreach (var value in values)
            if (value is string text)
            {
                var length = Encoding.UTF8.GetByteCount(text);
                Head(0xdb, length, to);
                to.Advance(Encoding.UTF8.GetBytes(text, to.GetSpan(length)));
            }
            else
            {
                var bytes = ((ReadOnlyMemory<byte>)value).Span;
                Head(0xdb, bytes.Length, to);
                to.Write(bytes);
            }
    }

    private static void Head(byte kind, int length, ArrayBufferWriter<byte> to)
    {
        var head = to.GetSpan(5);
        head[0] = kind;
        BinaryPrimitives.WriteInt32BigEndian(head[1..], length);
        to.Advance(5);
    }

    private void Of(string operation, string key, params ReadOnlySpan<object> values)
    {
        if (!groups.TryGetValue((operation, key), out var group)) groups.Add((operation, key), group = []);
        group.AddRange(values);
    }
}
