using System.Buffers.Binary;
using System.Text;

namespace Qgjob.Core.Video;

/// <summary>Builds MP4's boxes (ISO/IEC 14496-12): length, four letters, content.</summary>
internal static class Mp4Boxes
{
    public static byte[] Box(string type, params IEnumerable<byte[]> content)
    {
        var parts = content.ToList();
        var box = new byte[8 + parts.Sum(p => p.Length)];
        BinaryPrimitives.WriteInt32BigEndian(box, box.Length);
        Encoding.ASCII.GetBytes(type, box.AsSpan(4));
        var at = 8;
        foreach (var part in parts)
        {
            part.CopyTo(box, at);
            at += part.Length;
        }

        return box;
    }

    /// <summary>A box with a version and flags.</summary>
    public static byte[] Full(string type, uint versionAndFlags, params IEnumerable<byte[]> content) => Box(type, content.Prepend(U32(versionAndFlags)));

    public static byte[] U32(params ReadOnlySpan<uint> values)
    {
        var bytes = new byte[4 * values.Length];
        for (var i = 0; i < values.Length; i++) BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(4 * i), values[i]);
        return bytes;
    }

    public static byte[] U16(params ReadOnlySpan<ushort> values)
    {
        var bytes = new byte[2 * values.Length];
        for (var i = 0; i < values.Length; i++) BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2 * i), values[i]);
        return bytes;
    }

    public static byte[] U64(ulong value) => U32((uint)(value >> 32), (uint)value);
}
