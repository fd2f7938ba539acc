using static Qgjob.Core.Video.Mp4Boxes;

namespace Qgjob.Core.Video;

/// <summary>A picture in a file.</summary>
/// <param name="Offset">Of its bytes.</param>
/// <param name="Size">How many bytes.</param>
/// <param name="At">Milliseconds from the start.</param>
/// <param name="IsKey">Decoding can start here.</param>
internal sealed record Mp4Sample(long Offset, int Size, uint At, bool IsKey);

/// <summary>The description of a file with one video track (ISO/IEC 14496-12 and -15). Times are milliseconds.</summary>
/// <param name="Sps">The sequence parameter set.</param>
/// <param name="Pps">The picture parameter set.</param>
internal sealed record Mp4Track(byte[] Sps, byte[] Pps)
{
    private const uint TimeScale = 1000;
    private static readonly byte[] Matrix = U32(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000);

    public static byte[] FileType { get; } = Box("ftyp", "isom"u8.ToArray(), U32(0x200), "isomiso2avc1mp41iso5"u8.ToArray());

    /// <summary>Says that fragments follow.</summary>
    public byte[] Open() => Movie([], 0, 0, Box("mvex", Full("trex", 0, U32(1, 1, 0, 0, 0))));

    /// <summary>Has all samples, whose bytes follow in order from <paramref name="dataAt"/> on.</summary>
    public byte[] Closed(IReadOnlyList<Mp4Sample> samples, uint end, uint dataAt) => Movie(samples, end, dataAt, []);

    /// <summary>One picture that has just come; how long it stays is not known yet.</summary>
    public static byte[] Fragment(uint number, Mp4Sample sample, uint duration)
    {
        // 0x02000000: needs no other picture; 0x01010000: needs one, no place to start at.
        var flags = sample.IsKey ? 0x02000000u : 0x01010000u;
        byte[] Moof(uint dataOffset) => Box("moof",
            Full("mfhd", 0, U32(number)),
            Box("traf",
                Full("tfhd", 0x020000, U32(1)), // default-base-is-moof
                Full("tfdt", 0x01000000, U64(sample.At)),
                Full("trun", 0x000701, U32(1, dataOffset, duration, (uint)sample.Size, flags)))); // offset; duration, size, flags of each
        return [.. Moof((uint)Moof(0).Length + 8), .. U32((uint)sample.Size + 8), .. "mdat"u8];
    }

    private byte[] Movie(IReadOnlyList<Mp4Sample> samples, uint end, uint dataAt, byte[] extends)
    {
        var (width, height) = SpsReader.Size(Sps);
        return Box("moov",
            Full("mvhd", 0, U32(0, 0, TimeScale, end, 0x10000), U16(0x100, 0), U32(0, 0), Matrix, new byte[24], U32(2)),
            Box("trak",
                Full("tkhd", 3, U32(0, 0, 1, 0, end, 0, 0), new byte[8], Matrix, U32((uint)width << 16, (uint)height << 16)),
                Box("mdia",
                    Full("mdhd", 0, U32(0, 0, TimeScale, end), U16(0x55c4, 0)), // language: undetermined
                    Full("hdlr", 0, U32(0), "vide"u8.ToArray(), new byte[12], "screen\0"u8.ToArray()),
                    Box("minf",
                        Full("vmhd", 1, new byte[8]),
                        Box("dinf", Full("dref", 0, U32(1), Full("url ", 1))),
                        Tables(samples, end, dataAt, (ushort)width, (ushort)height)))),
            extends);
    }

    private byte[] Tables(IReadOnlyList<Mp4Sample> samples, uint end, uint dataAt, ushort width, ushort height)
    {
        var configuration = Box("avcC",
            [1, Sps[1], Sps[2], Sps[3], 0xff, 0xe1], U16((ushort)Sps.Length), Sps, [1], U16((ushort)Pps.Length), Pps);
        var entry = Box("avc1",
            new byte[6], U16(1), new byte[16], U16(width, height), U32(0x480000, 0x480000, 0), U16(1), new byte[32], U16(0x18, 0xffff), configuration);
        var lasts = samples.Select((s, i) => (i + 1 < samples.Count ? samples[i + 1].At : Math.Max(end, s.At + 1)) - s.At);
        return Box("stbl",
            Full("stsd", 0, U32(1), entry),
            Full("stts", 0, U32((uint)samples.Count), U32([.. lasts.SelectMany(d => (uint[])[1, d])])),
            Full("stsc", 0, samples.Count == 0 ? U32(0) : U32(1, 1, (uint)samples.Count, 1)),
            Full("stsz", 0, U32(0, (uint)samples.Count), U32([.. samples.Select(s => (uint)s.Size)])),
            Full("stco", 0, samples.Count == 0 ? U32(0) : U32(1, dataAt)),
            samples.Count == 0 ? [] : Full("stss", 0, U32((uint)samples.Count(s => s.IsKey)), U32([.. samples.Index().Where(s => s.Item.IsKey).Select(s => (uint)s.Index + 1)])));
    }
}
