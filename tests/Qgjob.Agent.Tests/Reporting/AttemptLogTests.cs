using System.Text;
using Qgjob.Agent.Reporting;

namespace Qgjob.Agent.Tests.Reporting;

public sealed class AttemptLogTests : IDisposable
{
    private readonly FickleFile file = new();

    public void Dispose() => file.Dispose();

    [Fact]
    public void A_full_disk_costs_lines_and_the_log_says_where()
    {
        using var log = new AttemptLog("log.txt", open: _ => file);
        log.Write("one");
        file.Full = true;
        log.Write("two, of which the disk takes a piece");
        log.Say("three");
        file.Full = false;
        log.Write("four");
        log.Dispose();
        Assert.Equal("one\n[qgjob] 2 lines are missing here: No space left on device\nfour\n", file.Text);
        Assert.Equal(file.Text.Length, log.Length);
        Assert.Equal("lines of the log are missing: No space left on device", log.Trouble);
        Assert.True(log.Unsaid.IsEmpty);
    }

    [Fact]
    public void A_gap_at_the_end_is_told_when_there_is_room_again_at_the_close()
    {
        using var log = new AttemptLog("log.txt", open: _ => file);
        file.Full = true;
        log.Write("one");
        file.Full = false;
        log.Dispose();
        Assert.Equal("[qgjob] 1 line is missing here: No space left on device\n", file.Text);
    }

    [Fact]
    public void A_disk_that_stays_full_leaves_the_gap_to_be_told_from_memory()
    {
        using var log = new AttemptLog("log.txt", open: _ => file);
        log.Write("one");
        file.Full = true;
        log.Write("two");
        log.Dispose();
        Assert.Equal("one\n", file.Text);
        Assert.Equal("[qgjob] 1 line is missing here: No space left on device\n", Encoding.UTF8.GetString(log.Unsaid.Span));
    }

    [Fact]
    public void A_file_that_cannot_be_opened_costs_lines_only()
    {
        using var log = new AttemptLog("log.txt", open: _ => throw new UnauthorizedAccessException("not allowed"));
        log.Say("one");
        Assert.Equal(0, log.Length);
        Assert.Equal("lines of the log are missing: not allowed", log.Trouble);
    }

    [Fact]
    public void A_log_without_end_is_cut_and_says_so_and_the_verdict_still_fits()
    {
        using var log = new AttemptLog("log.txt", limit: 1 << 20, _ => file);
        for (var i = 0; i < 20_000; i++) log.Write(new string('y', 100));
        log.Write("short enough, but no more of the tests' lines comes");
        log.Say("passed");
        log.Dispose();
        Assert.EndsWith("yyy\n[qgjob] The tests' output ends here: a log is at most 1 MiB long (--max-log of the server).\n[qgjob] passed\n", file.Text, StringComparison.Ordinal);
        Assert.InRange(log.Length, (1 << 20) - (20 << 10), 1 << 20);
        Assert.Null(log.Trouble);
    }

    [Fact]
    public void However_much_is_said_the_server_can_take_it_all()
    {
        using var log = new AttemptLog("log.txt", limit: 1000, _ => file);
        for (var i = 0; i < 100; i++)
        {
            log.Write("out");
            log.Say("a line of the agent's own");
        }

        Assert.InRange(log.Length, 900, 1000);
    }

    /// <summary>A file on a disk that is full at times; what it takes of a write before it fails stays there.</summary>
    private sealed class FickleFile : MemoryStream
    {
        public bool Full { get; set; }

        public string Text => Encoding.UTF8.GetString(ToArray());

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            base.Write(Full ? buffer[..2] : buffer);
            if (Full) throw new IOException("No space left on device");
        }
    }
}
