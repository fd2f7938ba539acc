using Microsoft.Extensions.Time.Testing;
using Qgjob.Cli.Watching;
using Qgjob.Core.Jobs;

namespace Qgjob.Cli.Tests.Watching;

public sealed class LiveViewTests : IDisposable
{
    private readonly StringWriter screen = new();
    private readonly FakeTimeProvider time = new(CliRun.Now);
    private int width = 40;

    public void Dispose() => screen.Dispose();

    private LiveView View() => new(new Surroundings
    {
        Out = TextWriter.Null,
        Err = screen,
        OpenOut = () => Stream.Null,
        Size = () => (width, 30),
        CurrentFolder = "",
        ConfigFolder = "",
        Environment = _ => null,
        Time = time,
        Ids = new Core.TimeOrderedIds(time),
    });

    private static RunModel Model()
    {
        var model = new RunModel(Views.Run(total: 1));
        model.Refresh([Views.Job("j-1", "tests/a-name-that-is-longer-than-the-terminal.spec.ts", JobStatus.Queued)]);
        return model;
    }

    private string Draw(LiveView view, RunModel model)
    {
        screen.GetStringBuilder().Clear();
        time.Advance(TimeSpan.FromSeconds(2));
        view.Tick(model);
        return screen.ToString();
    }

    [Fact]
    public void A_line_that_fills_the_terminal_keeps_its_last_letter()
    {
        using var view = View();
        var frame = Draw(view, Model());
        Assert.Contains("1 job waits: tests/a-name-that-is-longe…\r\n", frame, StringComparison.Ordinal);
        Assert.Contains("xyz123\u001b[0m\u001b[K\r\n", frame, StringComparison.Ordinal);
    }

    [Fact]
    public void A_narrower_terminal_has_broken_the_lines_of_the_last_frame()
    {
        using var view = View();
        var model = Model();
        var lines = Draw(view, model).Split("\r\n").Length - 1;
        Assert.Contains($"\r\u001b[{lines}A", Draw(view, model), StringComparison.Ordinal);
        width = 39;
        var up = Draw(view, model);
        Assert.DoesNotContain($"\u001b[{lines}A", up, StringComparison.Ordinal);
        Assert.Matches($"\\[({lines + 1}|{lines + 2}|{lines + 3})A", up);
    }
}
