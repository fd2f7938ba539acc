using Qgjob.Core.Video;

namespace Qgjob.Core.Tests.Video;

public sealed class H264ReaderTests
{
    private static readonly byte[] Start = [0, 0, 0, 1];
    private static readonly byte[] Parameters = [.. Start, 0x67, 1, 2, .. Start, 0x68, 3];
    private static readonly byte[] Key = [.. Start, 0x65, 0x88, 7];
    private static readonly byte[] Next = [0, 0, 1, 0x41, 0x9a, 8];
    private static readonly byte[] SecondSlice = [0, 0, 1, 0x41, 0x12, 9];

    [Fact]
    public void A_picture_ends_where_the_next_begins_and_has_the_time_of_its_first_byte()
    {
        var stream = new H264Reader();
        Assert.Empty(stream.Add([.. Parameters, .. Key], TimeSpan.FromSeconds(1)));
        var first = Assert.Single(stream.Add([.. Next, .. SecondSlice, .. Next, 0, 0, 1], TimeSpan.FromSeconds(2)).Take(1));
        Assert.Equal((TimeSpan.FromSeconds(1), true, 3), (first.At, first.IsKey, first.Units.Count));
        Assert.Equal([0x65, 0x88, 7], first.Units[2].ToArray());
    }

    [Fact]
    public void It_does_not_matter_how_the_bytes_are_cut()
    {
        byte[] all = [.. Parameters, .. Key, .. Next, .. SecondSlice, .. Next];
        var whole = new H264Reader();
        var expected = Units([.. whole.Add(all, TimeSpan.Zero), .. whole.Flush()]);
        var single = new H264Reader();
        var pictures = all.SelectMany(b => single.Add([b], TimeSpan.Zero)).ToList();
        Assert.Equal(expected, Units([.. pictures, .. single.Flush()]));
        Assert.Equal("67-01-02 68-03 65-88-07 | 41-9A-08 41-12-09 | 41-9A-08", expected);
    }

    [Fact]
    public void Words_instead_of_a_video_are_kept_as_words()
    {
        var stream = new H264Reader();
        Assert.Empty(stream.Add("Unable to open display"u8, TimeSpan.Zero));
        Assert.Empty(stream.Flush());
        Assert.Equal("Unable to open display", stream.Preamble);
    }

    private static string Units(IEnumerable<AccessUnit> pictures) =>
        string.Join(" | ", pictures.Select(p => string.Join(' ', p.Units.Select(u => BitConverter.ToString(u.ToArray())))));
}
