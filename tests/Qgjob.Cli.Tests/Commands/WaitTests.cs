using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using Qgjob.Client.Wire;
using Qgjob.Core.Events;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;

namespace Qgjob.Cli.Tests.Commands;

public sealed class WaitTests : IAsyncDisposable
{
    private readonly FakeServer server = new();
    private readonly FakeTimeProvider time = new(CliRun.Now);
    private bool finished;

    public ValueTask DisposeAsync() => server.DisposeAsync();

    private void Serve(params JobEvent[][] streams)
    {
        var connections = 0;
        server.On("GET /api/v1/runs/r-1", _ => Json(
            finished ? Views.Run("failed", 10, 1, new TestCounts(1, 1, 0, 0), CliRun.Now) : Views.Run(), WireJson.Default.RunView));
        server.On("GET /api/v1/jobs", _ => Json(
            new ListOf<JobView>([Views.Job("j-1", "tests/wrong-title.spec.ts", finished ? JobStatus.Failed : JobStatus.Running)]), WireJson.Default.ListOfJobView));
        server.On("GET /api/v1/runs/r-1/results", _ => Json(
            new RunResults("r-1", "failed", 10, new TestCounts(1, 1, 0, 0), [new JobResults("j-1", "tests/wrong-title.spec.ts", JobStatus.Failed, 1, [Views.FailedTest])]), WireJson.Default.RunResults));
        server.On("GET /api/v1/runs/r-1/report.junit.xml", 200, "<testsuites/>");
        server.On("POST /api/v1/runs/r-1/cancel", 200, """{"canceled":1}""");
        server.On("GET /api/v1/runs/r-1/events", _ =>
        {
            var number = connections++;
            if (number >= streams.Length) return new Answer(200, "data:\n\n", StaysOpen: true);
            if (streams[number].Any(e => e.Kind == "run_finished")) finished = true;
            return new Answer(200, string.Concat(streams[number].Select(e => $"data: {JsonSerializer.Serialize(e, WireJson.Default.JobEvent)}\n\n")));
        });
    }

    private static Answer Json<T>(T value, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type) => new(200, JsonSerializer.Serialize(value, type));

    private Task<CliRun> Start(CancellationToken cancel, params string[] args) => CliRun.OfAsync(args, server.Url, time: time, cancel: cancel);

    /// <summary>
    /// Moves the clock until the command ends or what is waited for has come. Not further, and not faster than answers come:
    /// those come over real sockets, and against a clock that runs ahead of them every limit would be over at once.
    /// </summary>
    private async Task<CliRun> DriveAsync(Task<CliRun> running, Func<bool>? until = null)
    {
        server.On("GET /pace", 200, "{}");
        using var pacer = new HttpClient();
        while (!running.IsCompleted && until?.Invoke() is not true)
        {
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
            time.Advance(TimeSpan.FromMilliseconds(50));
            await pacer.GetStringAsync(new Uri(server.Url, "pace"), TestContext.Current.CancellationToken);
        }
        return await running;
    }

    private IEnumerable<string> EventRequests() => server.Requests.Where(r => r.Contains("/events", StringComparison.Ordinal));

    private static readonly JobEvent[] Beginning =
    [
        Views.Event(1, "queued", status: "queued"), Views.Event(2, "leased", status: "leased"), Views.Event(3, "installing", status: "installing"),
        Views.Event(4, "installed", status: "installing", seconds: 3.1), Views.Event(5, "running", status: "running"),
    ];

    private static readonly JobEvent[] End =
    [
        Views.Event(6, "test_started", status: "running", message: "the list › has another title"),
        Views.Event(7, "test_ended", status: "running", message: "failed: the list › has another title", seconds: 2.1),
        Views.Event(8, "finished", status: "failed", message: "1 of 2 tests failed"),
        new(9, "r-1", null, CliRun.Now, "run_finished", Status: "tests_failed"),
    ];

    [Fact]
    public async Task A_failed_test_is_exit_code_10_with_name_file_line_and_message()
    {
        Serve([.. Beginning, .. End]);
        var run = await Start(TestContext.Current.CancellationToken, "wait", "r-1");
        Assert.Equal(10, run.ExitCode);
        Golden.Check("wait-out.txt", run.Out);
        string[] told = ["queued", "leased on desk/phone-1", "installing", "installed in 3.1 s", "running", "test failed: the list › has another title (2.1 s)", "failed: 1 of 2 tests failed"];
        var lines = run.Err.Split('\n', StringSplitOptions.RemoveEmptyEntries)[1..];
        Assert.Equal(told, lines.Select(l => l.Split("tests/wrong-title.spec.ts  ")[1]));
    }

    [Fact]
    public async Task The_outcomes_json_is_golden_and_alone_on_standard_output()
    {
        Serve([.. Beginning, .. End]);
        Golden.Check("wait.json", (await Start(TestContext.Current.CancellationToken, "wait", "r-1", "--json")).Out);
    }

    [Fact]
    public async Task A_broken_stream_is_taken_up_after_the_last_event()
    {
        Serve(Beginning, [], End);
        var run = await DriveAsync(Start(TestContext.Current.CancellationToken, "wait", "r-1"), until: () => EventRequests().Count() == 3);
        Assert.Equal(10, run.ExitCode);
        Assert.Equal(8, run.Err.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Equal(["after=0", "after=5", "after=5"], EventRequests().Select(r => r.Split('?')[1]));
    }

    [Fact]
    public async Task A_finished_run_needs_no_events()
    {
        Serve();
        finished = true;
        var report = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName(), "junit.xml");
        var run = await Start(TestContext.Current.CancellationToken, "wait", "r-1", "--report", $"junit={report}");
        Assert.Equal(10, run.ExitCode);
        Assert.Equal("<testsuites/>", await File.ReadAllTextAsync(report, TestContext.Current.CancellationToken));
        Directory.Delete(Path.GetDirectoryName(report)!, true);
        Assert.DoesNotContain(server.Requests, r => r.Contains("/events", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_superseded_run_is_exit_code_19_and_says_by_which()
    {
        server.On("GET /api/v1/runs/r-1", Views.Run("canceled", 19, 1, finishedAt: CliRun.Now) with { SupersededBy = "r-2" }, WireJson.Default.RunView);
        server.On("GET /api/v1/jobs", new ListOf<JobView>([Views.Job("j-1", "a.spec.ts", JobStatus.Canceled) with { Reason = "Superseded by run r-2." }]), WireJson.Default.ListOfJobView);
        server.On("GET /api/v1/runs/r-1/results", new RunResults("r-1", "canceled", 19, TestCounts.None, []), WireJson.Default.RunResults);
        var run = await Start(TestContext.Current.CancellationToken, "wait", "r-1");
        Assert.Equal(19, run.ExitCode);
        Assert.Contains("superseded by run r-2", run.Out, StringComparison.Ordinal);
        Assert.Contains("\"superseded_by\":\"r-2\"", (await Start(TestContext.Current.CancellationToken, "wait", "r-1", "--json")).Out, StringComparison.Ordinal);
        Assert.Contains("superseded   by run r-2", (await Start(TestContext.Current.CancellationToken, "status", "r-1")).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_wait_has_its_own_limit()
    {
        Serve();
        var run = await DriveAsync(Start(TestContext.Current.CancellationToken, "wait", "r-1", "--timeout", "30s"));
        Assert.Equal(124, run.ExitCode);
        Assert.Contains("qgjob wait r-1", run.Err, StringComparison.Ordinal);
        Assert.DoesNotContain(server.Requests, r => r.Contains("cancel", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_interrupt_leaves_the_run_alone_unless_told(bool cancels)
    {
        Serve();
        using var interrupt = new CancellationTokenSource();
        var running = Start(interrupt.Token, cancels ? ["wait", "r-1", "--cancel-on-interrupt"] : ["wait", "r-1"]);
        while (!server.Requests.Any(r => r.Contains("/events", StringComparison.Ordinal))) await Task.Yield();
        await interrupt.CancelAsync();
        var run = await running;
        Assert.Equal(130, run.ExitCode);
        Assert.Equal(cancels, server.Requests.Contains("POST /api/v1/runs/r-1/cancel"));
        Assert.Contains(cancels ? "is canceled (1 job)" : "qgjob wait r-1", run.Err, StringComparison.Ordinal);
    }
}
