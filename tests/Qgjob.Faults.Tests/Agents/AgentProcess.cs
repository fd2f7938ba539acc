using Qgjob.Agent;
using Qgjob.Agent.Attempts;
using Qgjob.Agent.Devices;
using Qgjob.Agent.Downloads;
using Qgjob.Agent.Installs;
using Qgjob.Agent.Leases;
using Qgjob.Agent.Phones;
using Qgjob.Agent.Reporting;
using Qgjob.Agent.Workspaces;
using Qgjob.Client;
using Qgjob.Client.Http;
using Qgjob.Core;
using Qgjob.Core.Devices;
using Qgjob.Core.Jobs;

namespace Qgjob.Faults.Tests.Agents;

/// <summary>
/// The other role of this executable: an agent made of the real agent's parts (leases, polls, outbox, news, attempts),
/// with phones that only write down what reaches them. Works until it is killed, or its stdin closes.
/// </summary>
internal sealed class AgentProcess : IDisposable
{
    private readonly TimeProvider time = TimeProvider.System;
    private readonly AgentSettings settings;
    private readonly LeaseKeeper leases;
    private readonly ProgressSender progress;
    private readonly Outbox outbox;
    private readonly Registration registration;
    private readonly WorkPolls polls;
    private readonly AttemptDriver driver;
    private readonly PhoneBook phones;

    private AgentProcess(AgentSettings settings, AgentHome home, Transport transport)
    {
        this.settings = settings;
        var console = new ToStandardOutput();
        var ids = new TimeOrderedIds(time);
        var identity = new AgentIdentity(home.AgentId, ids.NewId("b"), settings.Name, "0.1.0", null);
        var random = new Random(string.GetHashCode(identity.BootId, StringComparison.Ordinal));
        var news = new ServerNews(console);
        var client = new AgentClient(transport);
        var residents = new Residents(home.ResidentsFile, new Installer("adb", new InstallRecords(home.InstallsFile), time));
        phones = new PhoneBook(settings.Name, [], Target.Any, residents, console, time);
        foreach (var id in settings.Ids)
            phones.Put(new Phone(id, new AdbDevice(1, id), false, new DeviceOffer(id, Target.Device, Platform.Android, "13", "Fake", [], [], Virtual: true), CancellationToken.None));
        leases = new LeaseKeeper(client, identity.AgentId, news, time, random);
        progress = new ProgressSender(client, leases, console, time, random);
        outbox = new Outbox(client, home.Outbox, news, console, time, random);
        registration = new Registration(client, identity, () => phones.Offers, leases, news, console, time, random);
        polls = new WorkPolls(client, identity, registration, leases, FreePhones, lease => _ = DriveAsync(lease), news, time, random);
        var workspace = Path.Combine(settings.Folder, "workspace");
        Directory.CreateDirectory(Path.Combine(workspace, "node_modules"));
        var preparation = new AttemptPreparation(
            new QgjobClient(transport), new CacheFolder(home.Builds, 1 << 20, time, CancellationToken.None),
            new WorkspaceCache(home.Workspaces, home.NodeModules, 1 << 20, time, random, CancellationToken.None), workspace, time, random);
        driver = new AttemptDriver(new AttemptTools(
            identity, client, leases, progress, outbox, phones, residents, preparation,
            new FakePhone(settings.PhoneLogs, time).RunAsync, home.Attempts, console, ids, time, random));
        leases.Unknown = registration.Forget;
        leases.Changed = polls.Refresh;
    }

    public static async Task RunAsync(AgentSettings settings)
    {
        Directory.CreateDirectory(settings.Folder);
        // As the real agent's.
        using var handler = new FinishRecorder(settings.Finishes, new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(5) });
        using var transport = new Transport(settings.Servers, null, TimeProvider.System, handler);
        using var home = AgentHome.Open(settings.Folder, new TimeOrderedIds(TimeProvider.System));
        using var agent = new AgentProcess(settings, home, transport);
        await Task.WhenAny(agent.WorkAsync(), StandardInputClosesAsync());
    }

    public void Dispose() => leases.Dispose();

    /// <summary>In the real agent's order.</summary>
    private async Task WorkAsync()
    {
        try
        {
            await outbox.DeliverOldAsync(CancellationToken.None);
            await await Task.WhenAny(
                leases.RunAsync(CancellationToken.None), progress.RunAsync(CancellationToken.None),
                registration.RunAsync(CancellationToken.None), polls.RunAsync(CancellationToken.None));
        }
        catch (Exception e)
        {
            await Console.Error.WriteLineAsync($"the agent broke: {e}");
            Environment.Exit(3);
        }
    }

    private IReadOnlyList<string> FreePhones() => [.. phones.All.Select(p => p.Id).Where(id => !leases.IsBusy(id))];

    private async Task DriveAsync(HeldLease lease)
    {
        try
        {
            await Task.Run(() => driver.DriveAsync(lease, CancellationToken.None));
        }
        catch (Exception e)
        {
            await Console.Error.WriteLineAsync($"{settings.Name}: an attempt broke: {e}");
        }
    }

    private static async Task StandardInputClosesAsync()
    {
        await using var input = Console.OpenStandardInput();
        var buffer = new byte[16];
        while (await input.ReadAsync(buffer) > 0)
        {
            // Nobody says anything.
        }
    }

    private sealed class ToStandardOutput : IAgentConsole
    {
        public void Say(string line) => Console.WriteLine(line);

        public void Warn(string line) => Console.WriteLine("warning: " + line);
    }
}
