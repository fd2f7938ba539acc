using Qgjob.Agent.Tests.Leases;
using Qgjob.Agent.Updates;

namespace Qgjob.Agent.Tests.Updates;

[Collection(VirtualTime.Name)]
public sealed class ProgramWatchTests : IDisposable
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(500);
    private readonly FakeServer server = new();
    private readonly RecordedConsole console = new();
    private readonly CancellationTokenSource end = new();
    private readonly ProgramWatch watch;
    private string? file = "old";
    private int asked;

    public ProgramWatchTests() => watch = new ProgramWatch(() => file, AnswerAsync, console, server.Time);

    private Func<string?, ProgramAnswer> Answer { get; set; } = f => new ProgramAnswer(true, $"qgjob {f}");

    public void Dispose()
    {
        end.Cancel();
        end.Dispose();
    }

    [Fact]
    public async Task A_new_program_that_answers_is_noticed_once_it_stays_the_same()
    {
        var replaced = watch.ReplacedAsync(end.Token);
        await PassAsync(30);
        Assert.Equal(0, asked);
        // Half copied, then whole.
        file = "new, half";
        await PassAsync(4);
        file = null;
        await PassAsync(4);
        file = "new";
        await PassAsync(4);
        Assert.Equal(0, asked);
        await server.UntilAsync(() => replaced.IsCompleted, Step);
        Assert.Equal("qgjob new", await replaced);
        Assert.Equal(1, asked);
    }

    [Fact]
    public async Task A_program_that_does_not_work_is_named_once_and_the_next_one_has_its_chance()
    {
        Answer = f => f == "broken" ? new ProgramAnswer(false, "exit code 134") : new ProgramAnswer(true, "qgjob 2");
        var replaced = watch.ReplacedAsync(end.Token);
        file = "broken";
        await PassAsync(60);
        Assert.Equal(1, asked);
        Assert.Contains("exit code 134", Assert.Single(console.Lines), StringComparison.Ordinal);
        // Taken back: nothing new.
        file = "old";
        await PassAsync(60);
        Assert.Equal(1, asked);
        Assert.False(replaced.IsCompleted);
        file = "mended";
        await server.UntilAsync(() => replaced.IsCompleted, Step);
        Assert.Single(console.Lines);
    }

    [Fact]
    public async Task What_changes_while_it_is_asked_is_asked_again()
    {
        Answer = f =>
        {
            if (f == "new") file = "newer";
            return new ProgramAnswer(true, $"qgjob {f}");
        };
        var replaced = watch.ReplacedAsync(end.Token);
        file = "new";
        await server.UntilAsync(() => replaced.IsCompleted, Step);
        Assert.Equal("qgjob newer", await replaced);
        Assert.Equal(2, asked);
    }

    private Task<ProgramAnswer> AnswerAsync(CancellationToken cancel)
    {
        asked++;
        return Task.FromResult(Answer(file));
    }

    private async Task PassAsync(double seconds)
    {
        var start = server.Time.GetTimestamp();
        await server.UntilAsync(() => server.Time.GetElapsedTime(start) >= TimeSpan.FromSeconds(seconds), Step);
    }
}
