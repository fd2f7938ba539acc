namespace Qgjob.Core.Video;

/// <summary>Reads the picture's size from a sequence parameter set (ITU-T H.264, 7.3.2.1.1).</summary>
internal static class SpsReader
{
    /// <exception cref="InvalidDataException">It is cut off.</exception>
    public static (int Width, int Height) Size(ReadOnlySpan<byte> unit)
    {
        var bits = new Bits(Unescaped(unit[1..]));
        var profile = bits.Read(8);
        bits.Read(16);
        bits.Unsigned();
        var chroma = 1;
        if (profile is 100 or 110 or 122 or 244 or 44 or 83 or 86 or 118 or 128)
        {
            chroma = bits.Unsigned();
            if (chroma == 3) bits.Read(1);
            bits.Unsigned();
            bits.Unsigned();
            bits.Read(1);
            if (bits.Read(1) == 1) SkipScaling(bits, chroma == 3 ? 12 : 8);
        }

        bits.Unsigned();
        var order = bits.Unsigned();
        if (order == 0) bits.Unsigned();
        else if (order == 1)
        {
            bits.Read(1);
            bits.Unsigned();
            bits.Unsigned();
            for (var left = bits.Unsigned(); left > 0; left--) bits.Unsigned();
        }

        bits.Unsigned();
        bits.Read(1);
        var width = (bits.Unsigned() + 1) * 16;
        var rows = bits.Unsigned() + 1;
        var frames = bits.Read(1);
        var height = rows * 16 * (2 - frames);
        if (frames == 0) bits.Read(1);
        bits.Read(1);
        if (bits.Read(1) == 0) return (width, height);
        var (unitX, unitY) = (chroma is 1 or 2 ? 2 : 1, (chroma == 1 ? 2 : 1) * (2 - frames));
        width -= (bits.Unsigned() + bits.Unsigned()) * unitX;
        return (width, height - (bits.Unsigned() + bits.Unsigned()) * unitY);
    }

    private static void SkipScaling(Bits bits, int lists)
    {
        for (var list = 0; list < lists; list++)
        {
            if (bits.Read(1) == 0) continue;
            var (last, next) = (8, 8);
            for (var i = 0; i < (list < 6 ? 16 : 64) && next != 0; i++)
            {
                var code = bits.Unsigned();
                next = (last + (code % 2 == 0 ? -code / 2 : (code + 1) / 2) + 256) % 256;
                last = next == 0 ? last : next;
            }
        }
    }

    private static byte[] Unescaped(ReadOnlySpan<byte> unit)
    {
        var bytes = new List<byte>(unit.Length);
        var zeros = 0;
        foreach (var b in unit)
        {
            if (zeros >= 2 && b == 3)
            {
                zeros = 0;
                continue;
            }

            bytes.Add(b);
            zeros = b == 0 ? zeros + 1 : 0;
        }

        return [.. bytes];
    }

    private sealed class Bits(byte[] bytes)
    {
        private int at;

        public int Read(int count)
        {
            var value = 0;
            for (; count > 0; count--, at++)
            {
                if (at / 8 >= bytes.Length) throw new InvalidDataException("The video's parameters are cut off.");
                value = (value << 1) | ((bytes[at / 8] >> (7 - (at % 8))) & 1);
            }

            return value;
        }

        public int Unsigned()
        {
            var zeros = 0;
            while (Read(1) == 0)
                if (++zeros > 30) throw new InvalidDataException("The video's parameters make no sense.");
            return (1 << zeros) - 1 + Read(zeros);
        }
    }
}
