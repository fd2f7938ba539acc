namespace Qgjob.Core.Video;

/// <summary>One coded picture of an H.264 stream, with what comes before it: parameter sets and the like.</summary>
/// <param name="At">When its first byte came, from the stream's start.</param>
/// <param name="Units">NAL units without start codes.</param>
public sealed record AccessUnit(TimeSpan At, IReadOnlyList<ReadOnlyMemory<byte>> Units)
{
    /// <summary>Decoding can start here.</summary>
    public bool IsKey => Units.Any(u => NalType.Of(u.Span) == NalType.KeySlice);

    /// <summary>Has a picture, not only parameter sets.</summary>
    public bool HasPicture => Units.Any(u => NalType.IsSlice(NalType.Of(u.Span)));
}

/// <summary>nal_unit_type (ITU-T H.264, table 7-1), as far as it matters here.</summary>
internal static class NalType
{
    public const int Slice = 1, KeySlice = 5, Sps = 7, Pps = 8;

    public static int Of(ReadOnlySpan<byte> unit) => unit.Length == 0 ? 0 : unit[0] & 0x1f;

    public static bool IsSlice(int type) => type is Slice or KeySlice;
}
