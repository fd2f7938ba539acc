using Qgjob.Cli.Output;

namespace Qgjob.Cli.Tests.Output;

public sealed class DurationsTests
{
    [Theory]
    [InlineData("90s", 90)]
    [InlineData("10m", 600)]
    [InlineData("1h", 3600)]
    [InlineData("1h30m", 5400)]
    [InlineData("1.5s", 1.5)]
    [InlineData("800ms", 0.8)]
    [InlineData("2d", 172_800)]
    public void Reads_numbers_with_units(string text, double seconds) => Assert.Equal(seconds, Durations.Parse("--timeout", text).TotalSeconds, 6);

    [Theory]
    [InlineData("90")]
    [InlineData("")]
    [InlineData("s")]
    [InlineData("-5s")]
    [InlineData("0s")]
    [InlineData("1x")]
    [InlineData("1.2.3s")]
    [InlineData("9999999999999d")]
    public void Refuses_everything_else_by_the_options_name(string text)
    {
        var e = Assert.Throws<CliException>(() => Durations.Parse("--timeout", text));
        Assert.Equal(Core.Runs.ExitCode.Usage, e.Code);
        Assert.StartsWith("--timeout:", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0.04, "0.0 s")]
    [InlineData(9.96, "10 s")]
    [InlineData(59.4, "59 s")]
    [InlineData(59.6, "0 min 59 s")]
    [InlineData(125, "2 min 05 s")]
    [InlineData(3725, "1 h 02 min")]
    [InlineData(-3, "0.0 s")]
    public void Shows_them_short(double seconds, string text) => Assert.Equal(text, Durations.Show(seconds));
}
