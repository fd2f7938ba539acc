using Qgjob.Cli.Output;

namespace Qgjob.Cli.Tests.Output;

public sealed class SafeTextTests
{
    [Theory]
    [InlineData("plain › täxt", "plain › täxt")]
    [InlineData("\u001b[31mred\u001b[0m", "red")]
    [InlineData("a\nb\tc", "a b c")]
    [InlineData("bell\a, title \u001b]0;evil\a", "bell, title ]0;evil")]
    [InlineData("carriage\rreturn\u009b2J", "carriagereturn2J")]
    public void Nothing_that_others_wrote_reaches_the_terminal_as_a_command(string text, string expected) => Assert.Equal(expected, SafeText.Line(text));

    [Fact]
    public void Tables_are_narrowed_at_their_widest_column()
    {
        var rows = new[] { new[] { new Styled("short"), new Styled(new string('x', 60)), new Styled("end") } };
        var line = Assert.Single(Styled.Table(rows, 30, colour: false));
        Assert.Equal(30, line.Length);
        Assert.StartsWith("short  xxxx", line, StringComparison.Ordinal);
        Assert.EndsWith("x…  end", line, StringComparison.Ordinal);
    }
}
