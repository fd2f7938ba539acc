using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Qgjob.Core;

/// <summary>Makes the ids of runs, jobs, claims and finishes. Injected, so that simulations replay.</summary>
public interface IIdSource
{
    /// <summary>A new id: the prefix, a dash and 26 lower-case base-32 characters that sort by creation time.</summary>
    string NewId(string prefix);
}

/// <summary>Ids in the manner of ULID: 48 bits of milliseconds, 80 random bits, Crockford's base 32.</summary>
/// <remarks>
/// Ids from one source always rise, within a millisecond too and when the clock is set back, so that the jobs of a
/// submission sort in its order.
/// </remarks>
public sealed class TimeOrderedIds(TimeProvider time) : IIdSource
{
    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
    private readonly Lock gate = new();
    private UInt128 last;

    /// <inheritdoc/>
    public string NewId(string prefix)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteInt64BigEndian(bytes, time.GetUtcNow().ToUnixTimeMilliseconds() << 16);
        RandomNumberGenerator.Fill(bytes[6..]);
        var value = BinaryPrimitives.ReadUInt128BigEndian(bytes);
        lock (gate)
        {
            // A step of random size within the millisecond: the next id cannot be guessed from this one.
            if (value >> 80 <= last >> 80) value = last + 1 + BinaryPrimitives.ReadUInt32BigEndian(bytes[12..]);
            last = value;
        }
        return string.Create(prefix.Length + 27, (prefix, value), static (span, state) =>
        {
            state.prefix.CopyTo(span);
            span[state.prefix.Length] = '-';
            var rest = state.value;
            for (var i = span.Length - 1; i > state.prefix.Length; i--, rest >>= 5) span[i] = Alphabet[(int)(rest & 31)];
        });
    }
}
