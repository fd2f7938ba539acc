using System.Diagnostics;
using Qgjob.Client;
using Qgjob.Client.Http;
using Qgjob.Client.Wire;
using Xunit;

namespace Qgjob.EndToEnd.Tests;

/// <summary>A server with SQLite and one agent with virtual phones, as real processes, in a folder of their own.</summary>
internal sealed class Lab : IAsyncDisposable
{
    /// <summary>The first start on a machine installs Appium, the first job the project's packages.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(6);

    private readonly string folder = Directory.CreateTempSubdirectory("qgjob-lab-").FullName;
    private readonly List<Program> programs = [];
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private Lab() { }

    /// <summary>The agent's process.</summary>
    public Program Agent => programs[^1];

    private string AgentHome => Path.Combine(folder, "agent");

    public string Url { get; private set; } = "";
    public QgjobClient Client { get; private set; } = null!;
    public IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string> { ["QGJOB_URL"] = Url };

    /// <summary>Starts the lab and waits until the phones are there.</summary>
    public static Task<Lab> StartAsync(int phones, params IEnumerable<string> agentOptions) => StartWithAsync(Checkout.Qgjob, phones, agentOptions);

    /// <summary>With another copy of the agent's program than the checkout's.</summary>
    public static Task<Lab> StartWithAsync(string agentProgram, int phones, params IEnumerable<string> agentOptions) =>
        StartAsync(agentProgram, phones, phones, new Dictionary<string, string>(), agentOptions);

    /// <summary>Of whose devices some are no phones, and whose agent has settings of its own.</summary>
    public static async Task<Lab> StartAsync(
        string agentProgram, int phones, int devices, IReadOnlyDictionary<string, string> agentEnvironment, IEnumerable<string> agentOptions)
    {
        var lab = new Lab();
        try
        {
            await lab.StartServerAsync();
            KeptPackages.GiveTo(lab.AgentHome);
            lab.programs.Add(Program.Start(agentProgram, lab.folder, new Dictionary<string, string>(lab.Environment.Concat(agentEnvironment)),
                ["agent", "--name", "lab", "--no-usb", "--data", lab.AgentHome, "--virtual-phones", $"{phones}", .. agentOptions]));
            await lab.UntilAsync(async () => (await lab.Client.ListDevicesAsync(Cancel)).Items.Count(d => d.State == "free") == devices, "the devices are there");
            return lab;
        }
        catch
        {
            await lab.DisposeAsync();
            throw;
        }
    }

    public Task<Ended> QgjobAsync(params IEnumerable<string> arguments) => QgjobInAsync(Checkout.Todo, arguments);

    public Task<Ended> QgjobInAsync(string workingFolder, params IEnumerable<string> arguments) =>
        Program.RunAsync(Checkout.Qgjob, workingFolder, Environment, Patience, arguments);

    /// <summary>What adb connects to for a virtual phone of the agent "lab".</summary>
    public string SerialOf(string deviceId) =>
        File.ReadAllText(Path.Combine(AgentHome, "phones", deviceId["lab/".Length..], "serial"));

    /// <summary>Waits for something to become true; asks the server, whose answers change on their own.</summary>
    public async Task UntilAsync(Func<Task<bool>> holds, string what)
    {
        var clock = Stopwatch.StartNew();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while (!await holds())
        {
            if (clock.Elapsed > Patience || programs.Any(HasEnded))
                Assert.Fail($"Waited in vain until {what}.\n{string.Join('\n', programs.Select(p => p.Output()))}");
            await timer.WaitForNextTickAsync();
        }
    }

    /// <summary>Files of the server and the agent, and what both have said, that have a text in them.</summary>
    public async Task<IReadOnlyList<string>> WhereIsAsync(string text)
    {
        var found = await Program.RunAsync("grep", folder, new Dictionary<string, string>(), Patience, "-rlaF", "--exclude-dir=node_modules", "--", text, ".");
        return [.. found.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries), .. programs.Where(p => p.Output().Contains(text, StringComparison.Ordinal)).Select(p => $"what process {p.Id} says")];
    }

    public async Task<IReadOnlyList<JobView>> JobsAsync(string runId) =>
        (await Client.ListJobsAsync(null, runId, null, null, 200, null, Cancel)).Items;

    public async ValueTask DisposeAsync()
    {
        // The agent first, so that it can let go of its leases.
        programs.Reverse();
        foreach (var program in programs) await program.DisposeAsync();
        Client?.Dispose();
        KeptPackages.TakeFrom(AgentHome);
        Directory.Delete(folder, recursive: true);
    }

    private async Task StartServerAsync()
    {
        var ready = Path.Combine(folder, "server.ready");
        var server = Program.Start(Checkout.Server, folder, new Dictionary<string, string>(),
            "--data", Path.Combine(folder, "server"), "--urls", "http://127.0.0.1:0", "--ready-file", ready);
        programs.Add(server);
        await UntilAsync(() => Task.FromResult(File.Exists(ready)), "the server is ready");
        Url = (await File.ReadAllTextAsync(ready)).Trim();
        Client = new QgjobClient(new Transport(new Uri(Url), null, TimeProvider.System));
    }

    private static bool HasEnded(Program program)
    {
        try
        {
            using var process = Process.GetProcessById(program.Id);
            return process.HasExited;
        }
        catch (ArgumentException)
        {
            return true;
        }
    }
}
