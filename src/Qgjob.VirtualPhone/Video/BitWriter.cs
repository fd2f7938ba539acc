using System.Numerics;

namespace Qgjob.Phones.Video;

/// <summary>Writes bits, highest first, as H.264 has them (ITU-T H.264, 7.2 and 9.1).</summary>
internal sealed class BitWriter
{
    private readonly List<byte> bytes = [];
    private int pending;
    private int count;

    public void Bits(uint value, int length)
    {
        for (var bit = length - 1; bit >= 0; bit--)
        {
            pending = (pending << 1) | (int)((value >> bit) & 1);
            if (++count < 8)
                continue;
            bytes.Add((byte)pending);
            (pending, count) = (0, 0);
        }
    }

    /// <summary>ue(v): small numbers are short.</summary>
    public void Unsigned(int value)
    {
        var code = (uint)value + 1;
        var length = BitOperations.Log2(code);
        Bits(0, length);
        Bits(code, length + 1);
    }

    /// <summary>se(v), which is only ever zero here.</summary>
    public void SignedZero() => Bits(1, 1);

    public void AlignZero()
    {
        while (count > 0)
            Bits(0, 1);
    }

    /// <summary>Whole bytes; the writer is aligned.</summary>
    public void Bytes(ReadOnlySpan<byte> values) => bytes.AddRange(values);

    /// <summary>As a NAL unit with its start code: rbsp_trailing_bits, and no 00 00 0x inside.</summary>
    public void AppendNal(byte header, List<byte> stream)
    {
        Bits(1, 1);
        AlignZero();
        stream.AddRange([0, 0, 0, 1, header]);
        var zeros = 0;
        foreach (var b in bytes)
        {
            if (zeros == 2 && b <= 3)
            {
                stream.Add(3);
                zeros = 0;
            }

            stream.Add(b);
            zeros = b == 0 ? zeros + 1 : 0;
        }
    }
}
