namespace Qgjob.Core.Video;

/// <summary>
/// Cuts an H.264 byte stream (ITU-T H.264, annex B) into pictures, each with the time at which it came: what
/// <c>screenrecord --output-format=h264 -</c> writes has no times of its own.
/// </summary>
public sealed class H264Reader
{
    /// <summary>No picture of a phone is larger; what is, is no video.</summary>
    private const int LongestUnit = 32 << 20;
    private readonly List<byte> pending = [];
    private readonly List<ReadOnlyMemory<byte>> units = [];
    private TimeSpan pendingAt;
    private TimeSpan unitsAt;
    private bool begun;
    private bool inUnit;
    private int zeros;

    /// <summary>What came before the first start code: no video, but a message perhaps.</summary>
    public string Preamble { get; private set; } = "";

    /// <summary>Takes the next bytes; a picture is complete when the next one begins.</summary>
    /// <exception cref="InvalidDataException">This is no such stream.</exception>
    public IReadOnlyList<AccessUnit> Add(ReadOnlySpan<byte> bytes, TimeSpan at)
    {
        var complete = new List<AccessUnit>();
        foreach (var b in bytes)
        {
            if (zeros >= 2 && b == 1)
            {
                EndUnit(complete, without: zeros);
                (begun, inUnit, zeros, pendingAt) = (true, true, 0, at);
                continue;
            }

            zeros = b == 0 ? zeros + 1 : 0;
            if (inUnit) pending.Add(b);
            else if (b != 0 && !begun && Preamble.Length < 500) Preamble += (char)b;
            if (pending.Count > LongestUnit) throw new InvalidDataException("A picture of the video has no end.");
        }

        return complete;
    }

    /// <summary>Nothing has come for a while, or nothing comes any more: what there is, is a whole picture.</summary>
    public IReadOnlyList<AccessUnit> Flush()
    {
        var complete = new List<AccessUnit>();
        EndUnit(complete, without: 0);
        inUnit = false;
        zeros = 0;
        if (units.Any(u => NalType.IsSlice(NalType.Of(u.Span)))) EndPicture(complete);
        return complete;
    }

    private void EndUnit(List<AccessUnit> complete, int without)
    {
        var unit = pending.Count > without ? pending[..^without].ToArray() : [];
        pending.Clear();
        if (!inUnit || unit.Length == 0) return;
        var type = NalType.Of(unit);
        // A further slice of the same picture does not begin with macroblock 0: ue(v) of 0 is one bit.
        var continues = NalType.IsSlice(type) && unit.Length > 1 && (unit[1] & 0x80) == 0;
        if (!continues && units.Any(u => NalType.IsSlice(NalType.Of(u.Span)))) EndPicture(complete);
        if (units.Count == 0) unitsAt = pendingAt;
        units.Add(unit);
    }

    private void EndPicture(List<AccessUnit> complete)
    {
        complete.Add(new AccessUnit(unitsAt, [.. units]));
        units.Clear();
    }
}
