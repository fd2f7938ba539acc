using System.Collections.Concurrent;
using Qgjob.Agent.Processes;

namespace Qgjob.Agent.Tests.Processes;

public sealed class OwnedProcessTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static ProcessSpec Shell(string script, ProcessMark mark, Dictionary<string, string?>? environment = null) =>
        new("/bin/sh", ["-c", script], Path.GetTempPath(), environment ?? [], mark);

    [Fact]
    public async Task Output_comes_by_line_and_the_exit_code_is_the_programs()
    {
        var lines = new ConcurrentQueue<string>();
        await using var process = OwnedProcess.Start(Shell("echo one; echo two; exit 7", ProcessMark.Once("test")), lines.Enqueue, TimeProvider.System);
        Assert.Equal(7, await process.Exited.WaitAsync(Limit, Cancel));
        Assert.Equal(["one", "two"], lines);
    }

    [Fact]
    public async Task A_listener_that_fails_does_not_stop_the_program()
    {
        // More than a pipe holds: a program whose output nobody reads would stand still.
        const string script = "i=0; while [ $i -lt 20000 ]; do echo 'a line that goes nowhere'; i=$((i+1)); done; exit 3";
        await using var process = OwnedProcess.Start(Shell(script, ProcessMark.Once("test")), _ => throw new IOException("No space left on device"), TimeProvider.System);
        Assert.Equal(3, await process.Exited.WaitAsync(Limit, Cancel));
    }

    [Fact]
    public async Task The_environment_can_be_added_to_and_taken_from()
    {
        var lines = new ConcurrentQueue<string>();
        var mark = ProcessMark.Once("test");
        var spec = Shell("echo \"$ADDED ${HOME-none} $QGJOB_SERVER_OF\"", mark, new() { ["ADDED"] = "a b", ["HOME"] = null });
        await using var process = OwnedProcess.Start(spec, lines.Enqueue, TimeProvider.System);
        await process.Exited.WaitAsync(Limit, Cancel);
        Assert.Equal([$"a b none {mark.Value}"], lines);
    }

    [Fact]
    public async Task Killing_takes_the_whole_tree_with_it()
    {
        Assert.SkipUnless(MarkedProcesses.CanFind, "Only Linux shows which processes carry a mark.");
        var mark = ProcessMark.Once("test");
        // A child, a grandchild, one that ignores SIGTERM, and one that left the session.
        const string script =
            "sleep 300 & sh -c 'sleep 300 & wait' & sh -c 'trap \"\" TERM; echo deaf; while :; do sleep 1; done' & "
            + "setsid sh -c 'sleep 300 & wait' & echo ready; wait";
        var said = new ConcurrentDictionary<string, bool>();
        var ready = new TaskCompletionSource();
        await using var process = OwnedProcess.Start(Shell(script, mark), line =>
        {
            said[line] = true;
            if (said.Count == 2) ready.TrySetResult();
        }, TimeProvider.System);
        await ready.Task.WaitAsync(Limit, Cancel);
        Assert.True(MarkedProcesses.Find(mark).Count >= 5);

        await process.KillAsync(TimeSpan.FromMilliseconds(300), Cancel);

        Assert.Empty(MarkedProcesses.Find(mark));
        Assert.True(process.Exited.IsCompleted);
    }

    [Fact]
    public async Task What_a_program_leaves_behind_goes_when_it_is_disposed()
    {
        Assert.SkipUnless(MarkedProcesses.CanFind, "Only Linux shows which processes carry a mark.");
        var mark = ProcessMark.Once("test");
        var process = OwnedProcess.Start(Shell("setsid sleep 300 </dev/null >/dev/null 2>&1 & exit 0", mark), _ => { }, TimeProvider.System);
        Assert.Equal(0, await process.Exited.WaitAsync(Limit, Cancel));
        Assert.NotEmpty(MarkedProcesses.Find(mark));
        await process.DisposeAsync();
        Assert.Empty(MarkedProcesses.Find(mark));
    }

    [Fact]
    public async Task A_mark_is_not_mistaken_for_a_longer_one()
    {
        Assert.SkipUnless(MarkedProcesses.CanFind, "Only Linux shows which processes carry a mark.");
        var mark = ProcessMark.Once("test");
        var longer = new ProcessMark(mark.Name, mark.Value + "0");
        await using var process = OwnedProcess.Start(Shell("echo up; sleep 300", longer), _ => { }, TimeProvider.System);
        Assert.Empty(MarkedProcesses.Find(mark));
    }

    [Fact]
    public async Task A_short_run_that_takes_too_long_is_ended()
    {
        var mark = ProcessMark.Once("test");
        await Assert.ThrowsAsync<TimeoutException>(() =>
            ShortRun.RunAsync(Shell("sleep 300", mark), TimeSpan.FromMilliseconds(50), null, TimeProvider.System, Cancel));
        Assert.Empty(MarkedProcesses.Find(mark));
    }
}
