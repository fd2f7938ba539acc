using Qgjob.Cli.Output;

namespace Qgjob.Cli.Tests.Output;

public sealed class ColumnsTests
{
    private static readonly string[] Headers = ["JOB", "STATUS", "TEST", "DEVICE", "REASON"];

    private static readonly string?[][] Rows =
    [
        ["j-01k9zq3v5t8w2x4y6a", "timed_out", "tests/checkout/pays-with-a-card.spec.ts", "desk/phone-1", "The tests ran for more than 8 s.\nLine two"],
        ["j-01k9zq3v5t8w2x4y6b", "passed", "tests/a.spec.ts", null, null],
    ];

    private static string[] Lines(int? width)
    {
        using var output = new StringWriter { NewLine = "\n" };
        Columns.Write(output, Headers, Rows, width);
        return output.ToString().TrimEnd('\n').Split('\n');
    }

    [Fact]
    public void A_pipe_gets_everything_but_further_lines()
    {
        Assert.Equal(
        [
            "JOB                   STATUS     TEST                                     DEVICE        REASON",
            "j-01k9zq3v5t8w2x4y6a  timed_out  tests/checkout/pays-with-a-card.spec.ts  desk/phone-1  The tests ran for more than 8 s. …",
            "j-01k9zq3v5t8w2x4y6b  passed     tests/a.spec.ts                          -             -",
        ], Lines(null));
    }

    [Fact]
    public void At_80_columns_later_columns_are_cut_and_the_cut_is_marked()
    {
        var lines = Lines(80);
        Assert.All(lines, l => Assert.InRange(l.Length, 1, 80));
        Assert.Equal("JOB                   STATUS     TEST                 DEVICE        REASON", lines[0]);
        Assert.Equal("j-01k9zq3v5t8w2x4y6a  timed_out  tests/checkout/pay…  desk/phone-1  The tests r…", lines[1]);
    }

    [Fact]
    public void Columns_without_room_are_left_out_and_ids_stay_whole()
    {
        var lines = Lines(50);
        Assert.All(lines, l => Assert.InRange(l.Length, 1, 50));
        Assert.Equal("JOB                   STATUS     TEST", lines[0]);
        Assert.Equal("j-01k9zq3v5t8w2x4y6a  timed_out  tests/checkout/p…", lines[1]);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(100)]
    public void A_sentence_with_room_stands_in_its_row(int? width) =>
        Assert.Equal("GROUP  QUEUED  WAITS BECAUSE\ng-1    3       all 2 devices that fit are busy\ng-2    0       -\n", WithSentence(width));

    [Fact]
    public void A_sentence_without_room_is_below_its_row() =>
        Assert.Equal("GROUP  QUEUED\ng-1    3\n    all 2 devices\n    that fit are\n    busy\ng-2    0\n", WithSentence(20));

    private static string WithSentence(int? width)
    {
        using var output = new StringWriter { NewLine = "\n" };
        Columns.WriteWithSentence(output, ["GROUP", "QUEUED", "WAITS BECAUSE"], [["g-1", "3", "all 2 devices that fit are busy"], ["g-2", "0", null]], width);
        return output.ToString();
    }

    [Fact]
    public void An_id_further_right_is_whole_too()
    {
        using var output = new StringWriter { NewLine = "\n" };
        Columns.Write(output, ["DEVICE", "STATE", "JOB", "MODEL", "NOTE"], [["desk/phone-1", "busy", "j-01k9zq3v5t8w2x4y6a1b2c3d4e", "Pixel 7 Professional", "the screen is broken"]], 64);
        Assert.Equal("desk/phone-1  busy   j-01k9zq3v5t8w2x4y6a1b2c3d4e  Pixel 7 Prof…", output.ToString().TrimEnd('\n').Split('\n')[1]);
    }

    [Theory]
    [InlineData("short", 10, "short")]
    [InlineData("\n\n  first \nsecond", 40, "  first …")]
    [InlineData("12345678901", 10, "123456789…")]
    [InlineData("1234567😀9012", 9, "1234567…")]
    [InlineData("\u001b[31mred\u001b[0m", 10, "red")]
    [InlineData(" \n ", 10, "")]
    public void The_first_line_stands_for_all(string text, int most, string expected) => Assert.Equal(expected, SafeText.FirstLine(text, most));

    [Fact]
    public void A_number_agrees_with_its_noun() =>
        Assert.Equal(["0 jobs", "1 job", "2 jobs"], new[] { 0, 1, 2 }.Select(n => Quantity.Of(n, "job")));
}
