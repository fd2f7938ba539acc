using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Qgjob.Phones.Drawing;

namespace Qgjob.Phones.Tests.Drawing;

public sealed class PngTests
{
    [Fact]
    public void A_picture_holds_its_pixels_behind_correct_checksums()
    {
        byte[] pixels = [0, 1, 2, 2, 1, 0];

        var png = Png.Encode(pixels, 3, [255, 255, 255, 0, 0, 0, 255, 0, 0]);

        Assert.Equal([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a], png[..8]);
        var chunks = new Dictionary<string, byte[]>();
        for (var at = 8; at < png.Length;)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(at));
            Assert.Equal(BinaryPrimitives.ReadUInt32BigEndian(png.AsSpan(at + 8 + length)), Crc(png.AsSpan(at + 4, 4 + length)));
            chunks[Encoding.ASCII.GetString(png, at + 4, 4)] = png[(at + 8)..(at + 8 + length)];
            at += 12 + length;
        }

        Assert.Equal(["IHDR", "PLTE", "IDAT", "IEND"], chunks.Keys);
        Assert.Equal([0, 0, 0, 3, 0, 0, 0, 2, 8, 3, 0, 0, 0], chunks["IHDR"]);
        using var rows = new MemoryStream();
        using (var zlib = new ZLibStream(new MemoryStream(chunks["IDAT"]), CompressionMode.Decompress))
            zlib.CopyTo(rows);
        Assert.Equal([0, 0, 1, 2, 0, 2, 1, 0], rows.ToArray());
    }

    [Fact]
    public void Letters_are_drawn()
    {
        var canvas = new Canvas(6, 8);

        canvas.Text(0, 0, "H", 1, 1);

        Assert.Equal("#...#.", Row(0));
        Assert.Equal("#####.", Row(3));
        Assert.Equal("#...#.", Row(6));
        Assert.Equal("......", Row(7));

        string Row(int y) => string.Concat(canvas.Pixels.Slice(y * 6, 6).ToArray().Select(p => p == 0 ? '.' : '#'));
    }

    /// <summary>The checksum bit by bit, as the PNG specification describes it.</summary>
    private static uint Crc(ReadOnlySpan<byte> data)
    {
        var crc = 0xffffffff;
        foreach (var b in data)
        {
            crc ^= b;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0xedb88320 : crc >> 1;
        }

        return ~crc;
    }
}
