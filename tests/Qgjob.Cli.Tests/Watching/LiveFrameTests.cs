using Qgjob.Cli.Watching;
using Qgjob.Core.Jobs;

namespace Qgjob.Cli.Tests.Watching;

public sealed class LiveFrameTests
{
    private static RunModel Model()
    {
        var model = new RunModel(Views.Run(total: 5) with { Installs = 2 });
        model.Refresh(
        [
            Views.Job("j-1", "tests/login.spec.ts", JobStatus.Running) with { TestsTotal = 4, TestsDone = 1 },
            Views.Job("j-2", "tests/items.spec.ts", JobStatus.Installing) with { DeviceId = "desk/phone-2", Attempt = 2 },
            Views.Job("j-3", "tests/session.spec.ts", JobStatus.Passed) with { TestsTotal = 1, TestsDone = 1, FinishedAt = CliRun.Now },
            Views.Job("j-4", "tests/wrong-title.spec.ts", JobStatus.Failed) with { TestsTotal = 1, TestsDone = 1, TestsFailed = 1, Reason = "1 of 1 tests failed", FinishedAt = Views.Start },
            Views.Job("j-5", "tests/logout.spec.ts", JobStatus.Queued) with { Reason = "all 2 devices that fit are busy" },
        ]);
        model.Apply(Views.Event(9, "test_started", message: "the right password\u001b[2J opens the list"));
        return model;
    }

    private static IReadOnlyList<string> Render(int width, int height, bool colour = false, string? notice = null) =>
        LiveFrame.Render(Model(), CliRun.Now, width, height, notice, colour);

    [Fact]
    public void Shows_devices_failures_first_and_the_queue() => Golden.Check("live-frame.txt", string.Join('\n', Render(110, 30)) + "\n");

    [Theory]
    [InlineData(40, 30)]
    [InlineData(20, 10)]
    [InlineData(110, 6)]
    [InlineData(80, 12)]
    public void Never_exceeds_the_terminal(int width, int height)
    {
        var lines = Render(width, height);
        Assert.True(lines.Count <= height, $"{lines.Count} lines");
        Assert.All(lines, line => Assert.True(line.Length <= width, line));
    }

    [Fact]
    public void Colours_do_not_change_the_text()
    {
        var coloured = Render(110, 30, colour: true).Select(Output.SafeTextForTests.WithoutColours);
        Assert.Equal(Render(110, 30), coloured.Select(l => l.TrimEnd()));
        Assert.Contains(Render(110, 30, colour: true), line => line.Contains("\u001b[31m✗ failed\u001b[0m", StringComparison.Ordinal));
    }

    [Fact]
    public void Says_that_the_server_is_away() =>
        Assert.Contains("no answer from the server for 12 s; trying again", Render(110, 30, notice: "no answer from the server for 12 s; trying again"));

    [Fact]
    public void Many_devices_leave_room_for_the_queue()
    {
        var model = new RunModel(Views.Run(total: 60));
        model.Refresh([.. Enumerable.Range(0, 50).Select(i => Views.Job($"j-{i}", $"tests/t{i}.spec.ts", JobStatus.Running)),
            .. Enumerable.Range(50, 10).Select(i => Views.Job($"j-{i}", $"tests/t{i}.spec.ts", JobStatus.Queued))]);
        var lines = LiveFrame.Render(model, CliRun.Now, 100, 20, null, colour: false);
        Assert.InRange(lines.Count, 15, 20);
        Assert.Contains(lines, l => l.StartsWith("and ", StringComparison.Ordinal));
        Assert.StartsWith("10 jobs wait: tests/t50.spec.ts", lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void A_long_reason_is_told_in_several_lines_not_cut()
    {
        var model = new RunModel(Views.Run() with { ExpectedRoughly = true });
        const string Reason = "no device of this kind was seen yet (target any, model=Pixel*,os>=14): desk/phone-1 and 3 more lack os>=14";
        model.Refresh([Views.Job("j-1", "tests/a.spec.ts", JobStatus.Queued) with { Reason = Reason }]);
        var lines = LiveFrame.Render(model, CliRun.Now, 80, 20, null, colour: false);
        Assert.Contains("because " + Reason, string.Join(' ', lines), StringComparison.Ordinal);
        Assert.All(lines, l => Assert.InRange(l.Length, 0, 80));
        Assert.Contains("very roughly 40 s left", lines[2], StringComparison.Ordinal);
        Assert.EndsWith("…", LiveFrame.Render(model, CliRun.Now, 20, 20, null, colour: false)[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void History_does_not_bring_a_finished_job_back()
    {
        var model = Model();
        model.Apply(Views.Event(1, "running", "j-3", "running"));
        Assert.Equal(JobStatus.Passed, model.Find("j-3")!.Status);
    }
}
