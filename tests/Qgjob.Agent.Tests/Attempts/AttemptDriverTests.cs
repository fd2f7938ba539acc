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
    private readonly FakeServer server = new();
    private readonly RecordedConsole console = new();
    private readonly string folder = Directory.CreateTempSubdirectory("qgjob-driver-").FullName;
    private readonly CancellationTokenSource end = new();
    private readonly CancellationTokenSource quit = new();
    private readonly LeaseKeeper leases;
    private readonly AttemptDriver driver;
    private readonly List<FinishItem> finished = [];
    private readonly List<ProgressItem> news = [];
    private readonly TaskCompletionSource running = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Func<AppWrightRun, IAttemptSink, CancellationToken, Task<AttemptEnded>> run;
    private int runs;
    private LeaseState state = LeaseState.Ok;

    public AttemptDriverTests()
    {
        var (time, random) = (server.Time, new Random(1));
        var news = new ServerNews(console);
        leases = new LeaseKeeper(server.Agent, "a-1", news, time, random);
        var progress = new ProgressSender(server.Agent, leases, console, time, random);
        var residents = new Residents(Path.Combine(folder, "residents.json"), new Installer("adb", new InstallRecords(Path.Combine(folder, "installs.json")), time));
        var phones = new PhoneBook("lab", [], Target.Any, residents, console, time);
        phones.Put(new Phone("phone-1", new AdbDevice(1, "x"), false, Offers.Phone("phone-1"), CancellationToken.None));
        var workspace = Path.Combine(folder, "workspace");
        Directory.CreateDirectory(Path.Combine(workspace, "node_modules"));
        this.run = (_, _, _) => Task.FromResult(Ended(AttemptOutcome.Passed));
        driver = new AttemptDriver(new AttemptTools(
            new AgentIdentity("a-1", "b-1", "lab", "1", null), server.Agent, leases, progress,
            new Outbox(server.Agent, Path.Combine(folder, "outbox"), news, console, time, random), phones, residents,
            new AttemptPreparation(
                new QgjobClient(server.Transport), new CacheFolder(Path.Combine(folder, "builds"), 1000, time, CancellationToken.None),
                new WorkspaceCache(Path.Combine(folder, "w"), Path.Combine(folder, "m"), 1000, time, random, CancellationToken.None), workspace, time, random),
            (run, sink, cancel) =>
            {
                Interlocked.Increment(ref runs);
                running.TrySetResult();
                return this.run(run, sink, cancel);
            },
            Path.Combine(folder, "attempts"), console, new TimeOrderedIds(time), time, random));
        server.On("/agent/v1/renew", Json.RenewRequest, Json.RenewResponse, r => new RenewResponse([.. r.Leases.Select(_ => state)]));
        server.Answers["/agent/v1/log"] = (path, body, _) => Task.FromResult(new HttpResponseMessage
        {
            Content = new StringContent(JsonSerializer.Serialize(new LogAppended(
                long.Parse(path[(path.IndexOf("offset=", StringComparison.Ordinal) + 7)..], System.Globalization.CultureInfo.InvariantCulture) + body.Length), Json.LogAppended)),
        });
        server.On("/agent/v1/progress", Json.ProgressRequest, Json.ProgressResponse, r =>
        {
            lock (this.news) this.news.AddRange(r.Items);
            return new ProgressResponse([.. r.Items.Select(_ => LeaseState.Ok)]);
        });
        server.On("/agent/v1/finish", Json.FinishRequest, Json.FinishResponse, r =>
        {
            lock (finished) finished.AddRange(r.Items);
            return new FinishResponse([.. r.Items.Select(_ => true)]);
        });
        _ = leases.RunAsync(end.Token);
        _ = progress.RunAsync(end.Token);
    }

    public void Dispose()
    {
        end.Cancel();
        quit.Cancel();
        end.Dispose();
        quit.Dispose();
        leases.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_good_attempt_is_finished_and_its_device_is_free()
    {
        await EndAsync(Start());
        var finish = Assert.Single(finished);
        Assert.Equal(AttemptOutcome.Passed, finish.End.Outcome);
        Assert.NotNull(finish.End.DownloadSeconds);
        Assert.Null(finish.End.SessionSeconds);
        Assert.False(leases.IsBusy("phone-1"));
    }

    [Fact]
    public async Task Nothing_starts_before_the_first_renewal()
    {
        server.Unreachable = true;
        var driving = Start();
        var start = server.Time.GetTimestamp();
        await server.UntilAsync(() => server.Time.GetElapsedTime(start) > TimeSpan.FromSeconds(30), TimeSpan.FromMilliseconds(200));
        Assert.Equal(0, runs);
        server.Unreachable = false;
        await EndAsync(driving);
        Assert.Equal(1, runs);
    }

    [Fact]
    public async Task A_lost_lease_kills_the_attempt_and_reports_nothing()
    {
        run = WaitForKillAsync;
        var driving = Start();
        await server.UntilAsync(() => running.Task.IsCompleted);
        state = LeaseState.Lost;
        await EndAsync(driving);
        Assert.Empty(finished);
        Assert.False(leases.IsBusy("phone-1"));
    }

    [Fact]
    public async Task A_lost_attempt_sends_what_it_has_all_the_same()
    {
        var put = TakeArtifacts();
        run = async (run, sink, cancel) =>
        {
            await WriteAsync(run, "screenshots/a.png");
            return await WaitForKillAsync(run, sink, cancel);
        };
        var driving = Start();
        await server.UntilAsync(() => running.Task.IsCompleted);
        state = LeaseState.Lost;
        await EndAsync(driving);
        Assert.Equal("/agent/v1/artifacts/screenshots/a.png?device=phone-1&token=1", Assert.Single(put).Split("&sha256=")[0]);
        Assert.Empty(Leavings.Old(Path.Combine(folder, "attempts")));
    }

    [Fact]
    public async Task What_a_killed_agent_had_is_sent_by_its_next_start()
    {
        var put = TakeArtifacts();
        server.Refuse("/agent/v1/artifacts", System.Net.HttpStatusCode.ServiceUnavailable);
        run = async (run, sink, _) =>
        {
            sink.Log("the last line");
            await WriteAsync(run, "logcat.txt");
            await WriteAsync(run, "output.log");
            return Ended(AttemptOutcome.Failed);
        };
        var driving = Start();
        await server.UntilAsync(() => server.Count("/agent/v1/artifacts") > 0);
        await quit.CancelAsync(); // From here on nothing reaches the server: as if it had been killed.
        await EndAsync(driving);
        var left = Assert.Single(Leavings.Old(Path.Combine(folder, "attempts")));

        put = TakeArtifacts();
        var sending = new Leavings(server.Agent, console, server.Time, new Random(1)).SendOldAsync([left], TestContext.Current.CancellationToken);
        await EndAsync(sending);
        Assert.Equal("/agent/v1/artifacts/logcat.txt?device=phone-1&token=1", Assert.Single(put).Split("&sha256=")[0]);
        Assert.Empty(Leavings.Old(Path.Combine(folder, "attempts")));
    }

    [Fact]
    public async Task A_phone_is_free_for_the_next_attempt_before_all_is_sent()
    {
        server.Refuse("/agent/v1/artifacts", System.Net.HttpStatusCode.ServiceUnavailable);
        run = async (run, _, _) =>
        {
            await WriteAsync(run, "video-01.mp4");
            return Ended(AttemptOutcome.Failed);
        };
        var released = false;
        var driving = driver.DriveAsync(leases.Take(FakeServer.Assignment(), server.Time.GetTimestamp())!, quit.Token, () => released = true);
        await server.UntilAsync(() => server.Count("/agent/v1/artifacts") > 1);
        Assert.True(released);
        Assert.False(driving.IsCompleted);
    }

    [Fact]
    public async Task A_cancel_kills_the_attempt_and_then_finishes_it_as_canceled()
    {
        run = WaitForKillAsync;
        var driving = Start();
        await server.UntilAsync(() => running.Task.IsCompleted);
        state = LeaseState.Cancel;
        await EndAsync(driving);
        Assert.Equal(AttemptOutcome.Canceled, Assert.Single(finished).End.Outcome);
    }

    [Fact]
    public async Task When_the_server_is_away_too_long_the_attempt_stops_and_says_lost_later()
    {
        run = WaitForKillAsync;
        var driving = Start();
        await server.UntilAsync(() => running.Task.IsCompleted);
        server.Unreachable = true;
        await server.UntilAsync(() => console.Lines.Any(l => l.Contains("lost", StringComparison.Ordinal)), TimeSpan.FromMilliseconds(200));
        Assert.False(driving.IsCompleted);
        server.Unreachable = false;
        await EndAsync(driving);
        Assert.Equal(AttemptOutcome.Lost, Assert.Single(finished).End.Outcome);
    }

    [Fact]
    public async Task A_result_that_cannot_be_delivered_before_the_end_waits_on_disk()
    {
        run = (_, _, _) =>
        {
            server.Unreachable = true;
            return Task.FromResult(Ended(AttemptOutcome.Failed));
        };
        var driving = Start();
        await server.UntilAsync(() => Directory.Exists(Path.Combine(folder, "outbox")) && Directory.GetFiles(Path.Combine(folder, "outbox"), "*.json").Length == 1, TimeSpan.FromMilliseconds(200));
        await quit.CancelAsync();
        await EndAsync(driving);
        Assert.Single(Directory.GetFiles(Path.Combine(folder, "outbox"), "*.json"));
    }

    [Fact]
    public async Task A_log_that_cannot_be_written_changes_no_verdict()
    {
        // A file where the folders of attempts should be.
        await File.WriteAllTextAsync(Path.Combine(folder, "attempts"), "", TestContext.Current.CancellationToken);
        run = (_, sink, _) =>
        {
            sink.Log("a line");
            return Task.FromResult(Ended(AttemptOutcome.Passed));
        };
        await EndAsync(Start());
        Assert.Equal(AttemptOutcome.Passed, Assert.Single(finished).End.Outcome);
        Assert.False(leases.IsBusy("phone-1"));
        Assert.Contains(console.Lines, l => l.Contains("the log of j-1, attempt 1, is not whole", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_log_is_as_long_as_the_server_takes()
    {
        leases.Terms = leases.Terms with { MaxLogBytes = 4096 };
        run = (_, sink, _) =>
        {
            for (var i = 0; i < 100; i++) sink.Log(new string('x', 100));
            return Task.FromResult(Ended(AttemptOutcome.Passed));
        };
        await EndAsync(Start());
        var log = await File.ReadAllTextAsync(Directory.GetFiles(folder, "log.txt", SearchOption.AllDirectories)[0], TestContext.Current.CancellationToken);
        Assert.InRange(log.Length, 2800, 4096);
        Assert.Contains("The tests' output ends here", log, StringComparison.Ordinal);
        Assert.EndsWith("[qgjob] passed\n", log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failed_try_that_is_tried_again_is_told_once()
    {
        TestResult Result(TestStatus status, int retry) => new(["a", "b"], "tests/a.spec.ts", 3, status, 1, retry, status == TestStatus.Failed ? "boom" : null);
        run = (_, sink, _) =>
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
        Assert.Equal([TestStatus.Flaky, TestStatus.Failed], news.Where(n => n.Test is not null).Select(n => n.Test!.Status));
    }

    [Fact]
    public async Task A_mistake_in_the_agent_ends_the_attempt_as_infra_and_frees_the_device()
    {
        run = (_, _, _) => throw new ArgumentException("unexpected");
        await EndAsync(Start());
        var finish = Assert.Single(finished);
        Assert.Equal(AttemptOutcome.Infra, finish.End.Outcome);
        Assert.Contains("unexpected", finish.End.Reason, StringComparison.Ordinal);
    }

    private Task Start()
    {
        var lease = leases.Take(FakeServer.Assignment(), server.Time.GetTimestamp())!;
        return driver.DriveAsync(lease, quit.Token);
    }

    private List<string> TakeArtifacts()
    {
        var put = new List<string>();
        server.Answers["/agent/v1/artifacts"] = (path, _, _) =>
        {
            put.Add(path);
            return Task.FromResult(new HttpResponseMessage(System.Net.HttpStatusCode.NoContent));
        };
        return put;
    }

    private static async Task WriteAsync(AppWrightRun run, string name)
    {
        var file = Path.Combine(run.OutFolder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        await File.WriteAllTextAsync(file, name, CancellationToken.None);
    }

    private async Task EndAsync(Task driving)
    {
        await server.UntilAsync(() => driving.IsCompleted, TimeSpan.FromMilliseconds(100));
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
