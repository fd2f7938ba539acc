using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using Qgjob.Client;
using Qgjob.Client.Http;
using Qgjob.Client.Wire;
using Qgjob.Core.Jobs;
using Xunit;

namespace Qgjob.EndToEnd.Tests;

/// <summary>A server and agents that a test kills and starts again, with a project of its own: the todo app with tests that misbehave.</summary>
internal sealed class Fleet : IAsyncDisposable
{
    public const int LeaseSeconds = 20;

    /// <summary>In the environment of each agent and of all that it starts: the agent's folder.</summary>
    public const string Mark = "FLEET_AGENT";

    /// <summary>Runs until a file is there: whoever submits it says when it ends.</summary>
    private const string Gated = "test('waits for its gate', async () => { console.log('account: ' + (process.env.QGJOB_RESOURCE_ACCOUNT_X ?? 'none')); await gate(); });";

    private static readonly Dictionary<string, string> Tests = new()
    {
        ["quick"] = "test('is quick', async () => {});",
        ["steady"] = "test('takes its time', async () => { test.setTimeout(0); for (let i = 1; i <= Number(process.env.SECONDS); i++) { await rest(1); console.log('second ' + i); } });",
        // Its child left the session: only its mark tells whose it is.
        ["silent"] = "test('says nothing', async () => { test.setTimeout(0); spawn('setsid', ['sleep', '600'], { stdio: 'ignore' }); await rest(600); });",
        ["endless"] = "test('talks', async () => { test.setTimeout(0); for (;;) { console.log('still here'); await rest(0.3); } });",
        ["fails"] = "test('fails at its gate', async () => { await gate(); expect(1).toBe(2); });",
        ["gated"] = Gated,
        ["gated-too"] = Gated,
        // Notes each test that runs; one fails the first time only, one always.
        ["four"] = """
            const runs = (name) => {
              appendFileSync(process.env.TALLY, name + '\n');
              return readFileSync(process.env.TALLY, 'utf8').split('\n').filter((line) => line === name).length;
            };
            test('passes', async () => { runs('passes'); });
            test.describe('of (a+b)', () => {
              test('fails once? [1]', async () => { expect(runs('fails once')).toBeGreaterThan(1); });
              test('fails always', async () => { expect(runs('fails always')).toBe(0); });
              test('fails', async () => { runs('fails'); });
            });
            """,
        // Takes its tests from a list in a file, so that a test can change it; notes which run.
        ["divided"] = """
            for (const name of readFileSync('tests/divided.txt', 'utf8').trim().split('\n'))
              test(name, async () => { appendFileSync(process.env.TALLY, name + '\n'); await rest(name.startsWith('slow') ? 2 : 0.2); expect(name).not.toBe('slow and fails'); });
            """,
        ["in-a-row"] = "test.describe.configure({ mode: 'serial' });\ntest('first', async () => {});\ntest('second', async () => {});",
        ["app"] = "test('sees the app', async ({ device }) => { await expect(device.getByText('Skip', { exact: true })).toBeVisible(); });",
    };

    private readonly string folder = Directory.CreateTempSubdirectory("qgjob-fleet-").FullName;
    private readonly Dictionary<string, (Program Program, string[] Options)> agents = [];
    private Program? server;
    private string? bundle;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public string Url { get; private set; } = "http://127.0.0.1:0";
    public QgjobClient Client { get; private set; } = null!;
    public Program Server => server!;
    public string Project => Path.Combine(folder, "project");
    private Dictionary<string, string> Environment => new() { ["QGJOB_URL"] = Url };

    public static async Task<Fleet> StartAsync()
    {
        var fleet = new Fleet();
        try
        {
            fleet.WriteProject();
            await fleet.StartServerAsync();
            return fleet;
        }
        catch
        {
            await fleet.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the server, on the port that it had before.</summary>
    public async Task StartServerAsync()
    {
        var ready = Path.Combine(folder, "server.ready");
        File.Delete(ready);
        if (server is not null) await server.DisposeAsync();
        server = Program.Start(Checkout.Server, folder, new Dictionary<string, string>(), "--data", Path.Combine(folder, "server"), "--urls", Url,
            "--ready-file", ready, "--lease-ttl", $"{LeaseSeconds}s", "--lease-renew", "1s", "--lease-margin", "2s");
        await UntilAsync(() => Task.FromResult(File.Exists(ready) && File.ReadAllText(ready).Trim().Length > 0), "the server is ready");
        Url = (await File.ReadAllTextAsync(ready, Cancel)).Trim();
        Client ??= new QgjobClient(new Transport(new Uri(Url), null, TimeProvider.System));
    }

    /// <summary>Starts an agent with one phone and waits until that is free. Its devices have its name as a tag.</summary>
    public async Task StartAgentAsync(string name, params IEnumerable<string> options)
    {
        var agent = LaunchAgent(name, options);
        // What the server says of the phone may be older than this start.
        await UntilAsync(async () => agent.Output().Contains("Offering 1 device", StringComparison.Ordinal) && await IsFreeAsync(name), $"{name}'s phone is free");
    }

    /// <summary>Starts an agent and waits for nothing.</summary>
    public Program LaunchAgent(string name, params IEnumerable<string> options)
    {
        var all = options.ToArray();
        KeptPackages.GiveTo(Home(name));
        var agent = Program.Start(Checkout.Qgjob, folder, new Dictionary<string, string>(Environment) { [Mark] = Home(name) },
            ["agent", "--name", name, "--tag", name, "--no-usb", "--data", Home(name), "--virtual-phones", "1", .. all]);
        agents[name] = (agent, all);
        return agent;
    }

    /// <summary>Starts again what has ended, so that tests can share a fleet; returns when all phones are free.</summary>
    public async Task MakeWholeAsync()
    {
        if (Server.HasEnded) await StartServerAsync();
        await Task.WhenAll(agents.Where(a => a.Value.Program.HasEnded).ToList().Select(a => StartAgentAsync(a.Key, a.Value.Options)));
        foreach (var name in agents.Keys) await UntilAsync(() => IsFreeAsync(name), $"{name}'s phone is free");
    }

    /// <summary>Runs something short on an agent: its packages are installed then, the app is on the phone and Appium runs.</summary>
    public async Task WarmAsync(string name)
    {
        var warm = await EndAsync(await SubmitAsync("quick", r => r with { Device = $"tag={name}" }));
        Assert.True(warm.Status is JobStatus.Passed, warm.Reason);
    }

    public async Task<bool> IsFreeAsync(string name) =>
        (await Client.ListDevicesAsync(Cancel)).Items.Any(d => d.State == "free" && d.Tags.Contains(name));

    public Program Agent(string name) => agents[name].Program;

    /// <summary>What adb connects to for an agent's phone.</summary>
    public string Serial(string name) => File.ReadAllText(Path.Combine(Home(name), "phones", "phone-1", "serial"));

    /// <summary>How many seconds a "steady" test has counted, as the agent's own copy of its log says.</summary>
    public int SecondsOf(string name, JobView job)
    {
        var attempt = Directory.GetDirectories(Path.Combine(Home(name), "attempts"), $"{job.JobId}-{job.Attempt}-*").Single();
        using var log = new StreamReader(new FileStream(Path.Combine(attempt, "log.txt"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return Regex.Count(log.ReadToEnd(), @"\bsecond \d+\b");
    }

    public string Home(string name) => Path.Combine(folder, name);

    /// <summary>The processes that attempts of an agent have started and that still run.</summary>
    public List<int> AttemptProcesses(string name)
    {
        var mark = $"QGJOB_ATTEMPT={File.ReadAllText(Path.Combine(Home(name), "agent-id")).Trim()}.";
        return Processes(e => e.StartsWith(mark, StringComparison.Ordinal));
    }

    /// <summary>Processes with an environment variable that is looked for (Linux).</summary>
    public static List<int> Processes(Func<string, bool> has)
    {
        var found = new List<int>();
        foreach (var process in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(process), out var id)) continue;
            try
            {
                if (File.ReadAllText(Path.Combine(process, "environ")).Split('\0').Any(has)) found.Add(id);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It ended meanwhile.
            }
        }

        return found;
    }

    /// <summary>Submits one of the project's tests; the project is uploaded the first time.</summary>
    public async Task<string> SubmitAsync(string test, Func<SubmitRun, SubmitRun>? with = null) => Assert.Single((await SubmitRunAsync(test, with)).JobIds);

    public async Task<RunAccepted> SubmitRunAsync(string test, Func<SubmitRun, SubmitRun>? with = null)
    {
        if (bundle is null)
        {
            // A phone that does not exist: this submission only brings the project.
            var pushed = await QgjobAsync("submit", "--org-id", "acme", "--app-version-id", "todo-1.0", "--app", "builds/todo-1.0.apk",
                "--test", "tests/quick.spec.js", "--device", "tag=nobody", "--json");
            Assert.True(pushed.ExitCode == 0, pushed.All);
            using var answer = JsonDocument.Parse(pushed.Out);
            await Client.CancelRunAsync(answer.RootElement.GetProperty("run_id").GetString()!, Cancel);
            bundle = answer.RootElement.GetProperty("bundle_sha256").GetString();
        }

        var run = new SubmitRun { OrgId = "acme", AppVersionId = "todo-1.0", Tests = [$"tests/{test}.spec.js"], BundleSha256 = bundle, InfraAttempts = 3 };
        return await Client.SubmitAsync(with?.Invoke(run) ?? run, Guid.CreateVersion7().ToString(), Cancel);
    }

    public Task<Ended> QgjobAsync(params IEnumerable<string> arguments) => Program.RunAsync(Checkout.Qgjob, Project, Environment, Lab.Patience, arguments);

    public Program StartQgjob(params IEnumerable<string> arguments) => Program.Start(Checkout.Qgjob, Project, Environment, arguments);

    public async Task<JobView> JobAsync(string job) => (await Client.FindJobAsync(job, Cancel))!;

    /// <summary>Waits until a job has reached something.</summary>
    public async Task<JobView> UntilAsync(string job, Func<JobView, bool> holds, string what)
    {
        var seen = await JobAsync(job);
        await UntilAsync(async () => holds(seen = await JobAsync(job)), $"{job} {what}");
        return seen;
    }

    public Task<JobView> EndAsync(string job) => UntilAsync(job, j => j.FinishedAt is not null, "has ended");

    /// <summary>Waits until a test of a job has begun.</summary>
    public Task<JobView> RunningAsync(string job) => UntilAsync(job, j => j is { Status: JobStatus.Running, TestsTotal: > 0 }, "runs");

    public async Task UntilAsync(Func<Task<bool>> holds, string what, TimeSpan? limit = null)
    {
        var clock = Stopwatch.StartNew();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while (!await holds())
        {
            if (clock.Elapsed > (limit ?? TimeSpan.FromMinutes(3)))
                Assert.Fail($"Waited in vain until {what}.\n{server?.Output()}\n{string.Join('\n', agents.Select(a => $"{a.Key}: {a.Value.Program.Output()}"))}");
            await timer.WaitForNextTickAsync(Cancel);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var (name, (agent, _)) in agents)
        {
            await agent.DisposeAsync();
            KeptPackages.TakeFrom(Home(name));
        }
        if (server is not null) await server.DisposeAsync();
        Client?.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private void WriteProject()
    {
        foreach (var name in new[] { "package.json", "package-lock.json", "appwright.config.ts", "builds/todo-1.0.apk", "builds/todo-1.1.apk" })
        {
            var file = Path.Combine(Project, name);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.Copy(Path.Combine(Checkout.Todo, name), file);
        }

        Directory.CreateDirectory(Path.Combine(Project, "tests"));
        File.WriteAllText(Path.Combine(Project, "tests", "divided.txt"), "slow one\nslow and fails\nquick one\nquick two\ngoes\n");
        foreach (var (name, body) in Tests)
        {
            File.WriteAllText(Path.Combine(Project, "tests", $"{name}.spec.js"),
                "import { spawn } from 'node:child_process';\nimport { appendFileSync, existsSync, readFileSync } from 'node:fs';\nimport { test, expect } from 'appwright';\n"
                + $"const rest = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));\n"
                + $"const gate = async () => {{ test.setTimeout(0); while (!existsSync(process.env.GATE)) await rest(0.1); }};\n{body}\n");
        }
    }
}
