using System.IO.Compression;
using System.Text.Json;
using Qgjob.Core.Storage.Journal;

namespace Qgjob.Stores.Postgres;

/// <summary>A commit as it stands in the feed: big ones are packed, which their many similar rows make ten times smaller.</summary>
internal static class Packed
{
    private const int WorthPacking = 2000;

    public static (ReadOnlyMemory<byte> Bytes, bool Packed) Of(ReadOnlyMemory<byte> plain)
    {
        if (plain.Length < WorthPacking) return (plain, false);
        var packed = new byte[plain.Length];
        return BrotliEncoder.TryCompress(plain.Span, packed, out var length, quality: 1, window: 18) ? (packed.AsMemory(0, length), true) : (plain, false);
    }

    public static RowChanges Read(byte[] bytes, bool packed)
    {
        if (!packed) return JsonSerializer.Deserialize(bytes, RowJson.Default.RowChanges)!;
        using var plain = new BrotliStream(new MemoryStream(bytes), CompressionMode.Decompress);
        return JsonSerializer.Deserialize(plain, RowJson.Default.RowChanges)!;
    }
}
