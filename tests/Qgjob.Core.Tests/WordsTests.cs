using Qgjob.Core.Jobs;
using Qgjob.Core.Scheduling;

namespace Qgjob.Core.Tests;

public sealed class WordsTests
{
    [Fact]
    public void Members_are_written_in_snake_case()
    {
        Assert.Equal("timed_out", Words.Of(JobStatus.TimedOut));
        Assert.Equal(["any", "device", "emulator", "browserstack"], Words.All<Target>());
        Assert.Equal("nothing_fits", Words.Of(IdleReason.NothingFits));
    }

    [Fact]
    public void Every_word_reads_as_its_member()
    {
        foreach (var status in Enum.GetValues<AttemptOutcome>())
        {
            Assert.True(Words.TryParse<AttemptOutcome>(Words.Of(status), out var read));
            Assert.Equal(status, read);
        }
    }

    [Theory]
    [InlineData("TimedOut")]
    [InlineData("TIMED_OUT")]
    [InlineData("5")]
    [InlineData("")]
    public void Nothing_else_reads_as_a_member(string text) => Assert.False(Words.TryParse<JobStatus>(text, out _));
}
