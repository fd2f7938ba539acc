using System.Text.Json;
using Qgjob.Agent.AppWright;
using Qgjob.Agent.Attempts;
using Qgjob.Agent.Devices;
using Qgjob.Agent.Downloads;
using Qgjob.Agent.Installs;
using Qgjob.Agent.Leases;
using Qgjob.Agent.Phones;
using Qgjob.Agent.Reporting;
using Qgjob.Agent.Tests.Leases;
using Qgjob.Agent.Workspaces;
using Qgjob.Client;
using Qgjob.Client.Wire;
using Qgjob.Core;
using Qgjob.Core.Jobs;
using Qgjob.Core.Storage;
using TestResult = Qgjob.Core.Results.TestResult;
using TestStatus = Qgjob.Core.Results.TestStatus;

namespace Qgjob.Agent.Tests.Attempts;

/// <summary>An attempt from its assignment to its delivered result, with a stand-in for AppWright.</summary>
[Collection(VirtualTime.Name)]
public sealed class AttemptDriverTests : IDisposable
{
    private static readonly WireJson Json = WireJson.Default;
    private readonly FakeServer _server = new();
    private readonly RecordedConsole _console = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("qgjob-driver-").FullName;
    private readonly CancellationTokenSource _end = new();
    private readonly CancellationTokenSource _quit = new();
    private readonly LeaseKeeper _leases;
    private readonly AttemptDriver _driver;
    private readonly List<FinishItem> _finished = [];
    private readonly List<ProgressItem> _news = [];
    private readonly TaskCompletionSource _running = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Func<AppWrightRun, IAttemptSink, CancellationToken, Task<AttemptEnded>> _run;
    private int _runs;
    private LeaseState _state = LeaseState.Ok;

    public AttemptDriverTests()
    {
        var (time, random) = (_server.Time, new Random(1));
        var news = new ServerNews(_console);
        _leases = new LeaseKeeper(_server.Agent, "a-1", news, time, random);
        var progress = new ProgressSender(_server.Agent, _leases, _console, time, random);
        var residents = new Residents(Path.Combine(_folder, "residents.json"), new Installer("adb", new InstallRecords(Path.Combine(_folder, "installs.json")), time));
        var phones = new PhoneBook("lab", [], Target.Any, residents, _console, time);
        phones.Put(new Phone("phone-1", new AdbDevice(1, "x"), false, Offers.Phone("phone-1"), CancellationToken.None));
        var workspace = Path.Combine(_folder, "workspace");
        Directory.CreateDirectory(Path.Combine(workspace, "node_modules"));
        _run = (_, _, _) => Task.FromResult(Ended(AttemptOutcome.Passed));
        _driver = new AttemptDriver(new AttemptTools(
            new AgentIdentity("a-1", "b-1", "lab", "1", null), _server.Agent, _leases, progress,
            new Outbox(_server.Agent, Path.Combine(_folder, "outbox"), news, _console, time, random), phones, residents,
            new AttemptPreparation(
                new QgjobClient(_server.Transport), new CacheFolder(Path.Combine(_folder, "builds"), 1000, time, CancellationToken.None),
                new WorkspaceCache(Path.Combine(_folder, "w"), Path.Combine(_folder, "m"), 1000, time, random, CancellationToken.None), workspace, time, random),
            (run, sink, cancel) =>
            {
                Interlocked.Increment(ref _runs);
                _running.TrySetResult();
                return _run(run, sink, cancel);
            },
            Path.Combine(_folder, "attempts"), _console, new TimeOrderedIds(time), time, random));
        _server.On("/agent/v1/renew", Json.RenewRequest, Json.RenewResponse, r => new RenewResponse([.. r.Leases.Select(_ => _state)]));
        _server.Answers["/agent/v1/log"] = (path, body, _) => Task.FromResult(new HttpResponseMessage
        {
            Content = new StringContent(JsonSerializer.Serialize(new LogAppended(
                long.Parse(path[(path.IndexOf("offset=", StringComparison.Ordinal) + 7)..], System.Globalization.CultureInfo.InvariantCulture) + body.Length), Json.LogAppended)),
        });
        _server.On("/agent/v1/progress", Json.ProgressRequest, Json.ProgressResponse, r =>
        {
            lock (_news) _news.AddRange(r.Items);
            return new ProgressResponse([.. r.Items.Select(_ => LeaseState.Ok)]);
        });
        _server.On("/agent/v1/finish", Json.FinishRequest, Json.FinishResponse, r =>
        {
            lock (_finished) _finished.AddRange(r.Items);
            return new FinishResponse([.. r.Items.Select(_ => true)]);
        });
        _ = _leases.RunAsync(_end.Token);
        _ = progress.RunAsync(_end.Token);
    }

    public void Dispose()
    {
        _end.Cancel();
        _quit.Cancel();
        _end.Dispose();
        _quit.Dispose();
        _leases.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_good_attempt_is_finished_and_its_device_is_free()
    {
        await EndAsync(Start());
        var finish = Assert.Single(_finished);
        Assert.Equal(AttemptOutcome.Passed, finish.End.Outcome);
        Assert.False(_leases.IsBusy("phone-1"));
    }

    [Fact]
    public async Task Nothing_starts_before_the_first_renewal()
    {
        _server.Unreachable = true;
        var driving = Start();
        var start = _server.Time.GetTimestamp();
        await _server.UntilAsync(() => _server.Time.GetElapsedTime(start) > TimeSpan.FromSeconds(30), TimeSpan.FromMilliseconds(200));
        Assert.Equal(0, _runs);
        _server.Unreachable = false;
        await EndAsync(driving);
        Assert.Equal(1, _runs);
    }

    [Fact]
    public async Task A_lost_lease_kills_the_attempt_and_reports_nothing()
    {
        _run = WaitForKillAsync;
        var driving = Start();
        await _server.UntilAsync(() => _running.Task.IsCompleted);
        _state = LeaseState.Lost;
        await EndAsync(driving);
        Assert.Empty(_finished);
        Assert.False(_leases.IsBusy("phone-1"));
    }

    [Fact]
    public async Task A_cancel_kills_the_attempt_and_then_finishes_it_as_canceled()
    {
        _run = WaitForKillAsync;
        var driving = Start();
        await _server.UntilAsync(() => _running.Task.IsCompleted);
        _state = LeaseState.Cancel;
        await EndAsync(driving);
        Assert.Equal(AttemptOutcome.Canceled, Assert.Single(_finished).End.Outcome);
    }

    [Fact]
    public async Task When_the_server_is_away_too_long_the_attempt_stops_and_says_lost_later()
    {
        _run = WaitForKillAsync;
        var driving = Start();
        await _server.UntilAsync(() => _running.Task.IsCompleted);
        _server.Unreachable = true;
        await _server.UntilAsync(() => _console.Lines.Any(l => l.Contains("lost", StringComparison.Ordinal)), TimeSpan.FromMilliseconds(200));
        Assert.False(driving.IsCompleted);
        _server.Unreachable = false;
        await EndAsync(driving);
        Assert.Equal(AttemptOutcome.Lost, Assert.Single(_finished).End.Outcome);
    }

    [Fact]
    public async Task A_result_that_cannot_be_delivered_before_the_end_waits_on_disk()
    {
        _run = (_, _, _) =>
        {
            _server.Unreachable = true;
            return Task.FromResult(Ended(AttemptOutcome.Failed));
        };
        var driving = Start();
        await _server.UntilAsync(() => Directory.Exists(Path.Combine(_folder, "outbox")) && Directory.GetFiles(Path.Combine(_folder, "outbox"), "*.json").Length == 1, TimeSpan.FromMilliseconds(200));
        await _quit.CancelAsync();
        await EndAsync(driving);
        Assert.Single(Directory.GetFiles(Path.Combine(_folder, "outbox"), "*.json"));
    }

    [Fact]
    public async Task A_log_that_cannot_be_written_changes_no_verdict()
    {
        // A file where the folders of attempts should be.
        await File.WriteAllTextAsync(Path.Combine(_folder, "attempts"), "", TestContext.Current.CancellationToken);
        _run = (_, sink, _) =>
        {
            sink.Log("a line");
            return Task.FromResult(Ended(AttemptOutcome.Passed));
        };
        await EndAsync(Start());
        Assert.Equal(AttemptOutcome.Passed, Assert.Single(_finished).End.Outcome);
        Assert.False(_leases.IsBusy("phone-1"));
        Assert.Contains(_console.Lines, l => l.Contains("the log of j-1, attempt 1, is not whole", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_log_is_as_long_as_the_server_takes()
    {
        _leases.Terms = _leases.Terms with { MaxLogBytes = 4096 };
        _run = (_, sink, _) =>
        {
            for (var i = 0; i < 100; i++) sink.Log(new string('x', 100));
            return Task.FromResult(Ended(AttemptOutcome.Passed));
        };
        await EndAsync(Start());
        var log = await File.ReadAllTextAsync(Directory.GetFiles(_folder, "log.txt", SearchOption.AllDirectories)[0], TestContext.Current.CancellationToken);
        Assert.InRange(log.Length, 2800, 4096);
        Assert.Contains("The tests' output ends here", log, StringComparison.Ordinal);
        Assert.EndsWith("[qgjob] passed\n", log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failed_try_that_is_tried_again_is_told_once()
    {
        TestResult Result(TestStatus status, int retry) => new(["a", "b"], "tests/a.spec.ts", 3, status, 1, retry, status == TestStatus.Failed ? "boom" : null);
        _run = (_, sink, _) =>
        {
            sink.Report(new TestStarted(["a", "b"], "tests/a.spec.ts", 3, 0));
            sink.Report(new TestEnded(Result(TestStatus.Failed, 0)));
            sink.Report(new TestStarted(["a", "b"], "tests/a.spec.ts", 3, 1));
            sink.Report(new TestEnded(Result(TestStatus.Flaky, 1)));
            sink.Report(new TestStarted(["c"], "tests/a.spec.ts", 9, 0));
            sink.Report(new TestEnded(new TestResult(["c"], "tests/a.spec.ts", 9, TestStatus.Failed, 1)));
            return Task.FromResult(Ended(AttemptOutcome.Failed));
        };
        await EndAsync(Start());
        Assert.Equal([TestStatus.Flaky, TestStatus.Failed], _news.Where(n => n.Test is not null).Select(n => n.Test!.Status));
    }

    [Fact]
    public async Task A_mistake_in_the_agent_ends_the_attempt_as_infra_and_frees_the_device()
    {
        _run = (_, _, _) => throw new ArgumentException("unexpected");
        await EndAsync(Start());
        var finish = Assert.Single(_finished);
        Assert.Equal(AttemptOutcome.Infra, finish.End.Outcome);
        Assert.Contains("unexpected", finish.End.Reason, StringComparison.Ordinal);
    }

    private Task Start()
    {
        var lease = _leases.Take(FakeServer.Assignment(), _server.Time.GetTimestamp())!;
        return _driver.DriveAsync(lease, _quit.Token);
    }

    private async Task EndAsync(Task driving)
    {
        await _server.UntilAsync(() => driving.IsCompleted, TimeSpan.FromMilliseconds(100));
        await driving;
    }

    private static async Task<AttemptEnded> WaitForKillAsync(AppWrightRun run, IAttemptSink sink, CancellationToken cancel)
    {
        var killed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var on = cancel.Register(() => killed.SetResult());
        await killed.Task;
        return Ended(AttemptOutcome.Canceled);
    }

    private static AttemptEnded Ended(AttemptOutcome outcome) => new(outcome, outcome == AttemptOutcome.Passed ? null : "because", [], 0, 0, 1.5, []);

    private static class Offers
    {
        public static Qgjob.Core.Devices.DeviceOffer Phone(string id) => new(id, Target.Device, Platform.Android, "13", "Virtual Pixel", [], []);
    }
}
