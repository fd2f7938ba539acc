using Qgjob.Agent.AppWright;

namespace Qgjob.Agent.Tests.AppWright;

public sealed class AttemptOutputTests
{
    [Fact]
    public void A_full_disk_keeps_no_line_from_the_watchers()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "Only Linux has a file that is always full.");
        var sink = new Lines();
        var output = new AttemptOutput(sink, "/dev/full");
        for (var i = 0; i < 5000; i++) output.Log("a line of some length, so that buffers fill");
        output.Log("the last one");
        output.Dispose();
        Assert.Equal(5001, sink.Got.Count);
        Assert.EndsWith("the last one", output.Tail, StringComparison.Ordinal);
    }

    private sealed class Lines : IAttemptSink
    {
        public List<string> Got { get; } = [];

        public void Log(string line) => Got.Add(line);

        public void Report(AttemptEvent happened)
        {
        }
    }
}
