using System.Text;

namespace Qgjob.Core.Apps;

/// <summary>The strings of a compiled XML file, decoded one by one as they are asked for, so that a lying count costs nothing.</summary>
internal sealed class StringPool(byte[] chunk)
{
    private const int Utf8Flag = 0x100;

    private readonly uint count = BinaryXml.U32(chunk, 8);
    private readonly bool utf8 = (BinaryXml.U32(chunk, 16) & Utf8Flag) != 0;
    private readonly int start = checked((int)BinaryXml.U32(chunk, 20));
    private readonly int offsets = BinaryXml.U16(chunk, 2);

    /// <returns>The string, or null for "no string" (all bits set).</returns>
    public string? Get(uint index)
    {
        if (index == uint.MaxValue)
            return null;
        if (index >= count)
            throw BinaryXml.Damaged("it uses a string that it does not have");
        var at = checked(start + (int)BinaryXml.U32(chunk, checked(offsets + (4 * (int)index))));
        return utf8 ? Utf8(at) : Utf16(at);
    }

    private string Utf16(int at)
    {
        int length = BinaryXml.U16(chunk, at);
        at += 2;
        if ((length & 0x8000) != 0)
        {
            length = ((length & 0x7fff) << 16) | BinaryXml.U16(chunk, at);
            at += 2;
        }

        return Encoding.Unicode.GetString(chunk.AsSpan(at, checked(2 * length)));
    }

    private string Utf8(int at)
    {
        ReadLength(ref at); // in UTF-16 units; the second one, in bytes, is ours
        var length = ReadLength(ref at);
        return Encoding.UTF8.GetString(chunk.AsSpan(at, length));
    }

    private int ReadLength(ref int at)
    {
        int length = chunk[at++];
        return (length & 0x80) == 0 ? length : ((length & 0x7f) << 8) | chunk[at++];
    }
}
