using Qgjob.Agent.Android;
using Qgjob.Agent.AppWright;
using Qgjob.Agent.Attempts;
using Qgjob.Agent.BrowserStack;
using Qgjob.Agent.Devices;
using Qgjob.Agent.Downloads;
using Qgjob.Agent.Emulators;
using Qgjob.Agent.Gateway;
using Qgjob.Agent.Installs;
using Qgjob.Agent.Leases;
using Qgjob.Agent.Phones;
using Qgjob.Agent.Reporting;
using Qgjob.Agent.Reports;
using Qgjob.Agent.Toolchain;
using Qgjob.Agent.Updates;
using Qgjob.Agent.Workspaces;
using Qgjob.Client;
using Qgjob.Client.Http;
using Qgjob.Core;

namespace Qgjob.Agent;

/// <summary>An agent between its start and its end: all its parts, and the order in which they begin and end.</summary>
internal sealed class RunningAgent : IAsyncDisposable
{
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan FollowUpLimit = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan FirstPhones = TimeSpan.FromSeconds(5);

    private readonly AgentOptions options;
    private readonly AgentHome home;
    private readonly AndroidSdk sdk;
    private readonly IAgentConsole console;
    private readonly TimeProvider time;
    private readonly LeaseKeeper leases;
    private readonly Registration registration;
    private readonly WorkPolls polls;
    private readonly ProgressSender progress;
    private readonly Outbox outbox;
    private readonly PhoneBook phones;
    private readonly AppiumServers appium;
    private readonly CloudParts? cloud;
    private readonly AttemptDriver driver;
    private readonly Leavings leavings;
    private readonly ReportMaker reports;
    private readonly WorkspaceCache workspaces;
    private readonly CacheFolder builds;
    private readonly Handover? handover;
    private readonly Pulse phoneCame;
    private readonly CancellationTokenSource quit = new();
    private readonly Lock gate = new();
    private readonly HashSet<Task> attempts = [];
    private readonly Dictionary<string, Task> latestAttempts = [];
    private readonly EmulatorPool? emulators;
    private VirtualPhones? virtualPhones;
    private bool stopping;

    public RunningAgent(
        AgentOptions options, AgentHome home, AgentIdentity identity, AndroidSdk sdk, AppiumToolchain toolchain, EmulatorSource? source, Transport transport,
        IAgentConsole console, TimeProvider time, IIdSource ids)
    {
        (this.options, this.home, this.sdk, this.console, this.time) = (options, home, sdk, console, time);
        // Only spreads waits; the boot id makes agents and starts differ, and a given one replays.
        var random = new Random(string.GetHashCode(identity.BootId, StringComparison.Ordinal));
        var news = new ServerNews(console);
        var agentClient = new AgentClient(transport);
        var client = new QgjobClient(transport);
        var installer = new Installer(sdk.Adb, new InstallRecords(home.InstallsFile), time);
        var residents = new Residents(home.ResidentsFile, installer);
        phoneCame = new Pulse(time);
        appium = new AppiumServers(toolchain, sdk, home.Logs, time);
        phones = new PhoneBook(options.Name, options.Tags, options.Target, residents, console, time);
        leases = new LeaseKeeper(agentClient, identity.AgentId, news, time, random);
        progress = new ProgressSender(agentClient, leases, console, time, random);
        outbox = new Outbox(agentClient, home.Outbox, news, console, time, random);
        if (source is not null)
        {
            var ports = new EmulatorPorts();
            var tools = new EmulatorTools(source.Program, source.Avd, phones, options.AdbPort, options.EmulatorBoot, console, time) { TakePort = ports.Take, ReturnPort = ports.Return };
            emulators = new EmulatorPool(tools, options, leases.IsBusy);
        }

        registration = new Registration(agentClient, identity, () => [.. phones.Offers, .. emulators?.Cold ?? [], .. cloud?.Slots.Offers ?? []], leases, news, console, time, random);
        polls = new WorkPolls(agentClient, identity, registration, leases, FreeDevices, Start, news, time, random);
        if (options.Program is { } program)
            handover = new Handover(new ProgramWatch(program.Look, c => program.AskAsync(time, c), console, time), polls, leases, CountAttempts, console, time);
        builds = new CacheFolder(home.Builds, options.CacheBytes, time, quit.Token);
        workspaces = new WorkspaceCache(home.Workspaces, home.NodeModules, options.CacheBytes, time, random, quit.Token);
        var projects = new ProjectLists(time);
        var runner = new AppWrightRunner(appium, installer, sdk, toolchain, projects, time);
        if (options.BrowserStack is { } account)
            cloud = new CloudParts(account, options, leases.IsBusy, toolchain.Node, projects, console, time);
        var preparation = new AttemptPreparation(client, builds, workspaces, options.Workspace, time, random);
        driver = new AttemptDriver(new AttemptTools(
            identity, agentClient, leases, progress, outbox, phones, residents, preparation, RunTestsAsync, home.Attempts, console, ids, time, random)
        { Video = options.Video, Slots = cloud?.Slots, Emulators = emulators });
        leavings = new Leavings(agentClient, console, time, random);
        reports = new ReportMaker(agentClient, client, preparation, toolchain.Node, home.Reports, console, time, random);
        polls.CanMakeReport = () => !stopping && reports.IsFree;
        polls.MakeReport = task => Observe(task.RunId, Task.Run(() => reports.MakeAsync(task, quit.Token)));
        leases.Unknown = registration.Forget;
        leases.Changed = polls.Refresh;
        residents.Corrected = () => registration.Refresh();
        phones.Left = device => Observe(device.Serial, appium.StopAsync(device, () => phones.Has(device), CancellationToken.None));
        phones.Changed = () =>
        {
            phoneCame.Set();
            registration.Refresh();
            polls.Refresh();
        };
        if (emulators is not null) emulators.Changed = phones.Changed;
        if (cloud is not null) cloud.Slots.Changed = phones.Changed;

        Task<AttemptEnded> RunTestsAsync(AppWrightRun run, IAttemptSink sink, CancellationToken cancel) => run.Place switch
        {
            PhonePlace phone => runner.RunAsync(run, phone, sink, cancel),
            CloudPlace slot => cloud!.Runner.RunAsync(run, slot, sink, cancel),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
    }

    /// <summary>Works until cancelled, or until a new program takes over; then lets go of everything in order.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        Directory.CreateDirectory(home.Attempts);
        Directory.CreateDirectory(home.Logs);
        AttemptFolders.Trim(home.Attempts, AttemptFolders.Kept, Leavings.IsUnsent);
        var unsent = Leavings.Old(home.Attempts);
        builds.Sweep();
        workspaces.Sweep();
        reports.Sweep();
        using var following = new CancellationTokenSource();
        using var working = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        using var renewing = new CancellationTokenSource();
        var all = new List<Task>();
        try
        {
            all.AddRange(await FollowPhonesAsync(following.Token, cancel).ConfigureAwait(false));
            // Before the registration: a new boot ends the leases whose results wait here.
            await outbox.DeliverOldAsync(cancel).ConfigureAwait(false);
            all.AddRange([
                leases.RunAsync(renewing.Token), progress.RunAsync(renewing.Token),
                registration.RunAsync(working.Token), polls.RunAsync(working.Token)]);
            if (handover is not null) all.Add(handover.RunAsync(working.Token));
            // Beside the work: there may be much of it.
            all.Add(SendOldAsync(unsent, working.Token));
            // None of the others ends by itself: whichever does brings the reason.
            await (await Task.WhenAny(all).ConfigureAwait(false)).ConfigureAwait(false);
        }
        finally
        {
            await StopAsync(working, renewing).ConfigureAwait(false);
            await following.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(all.Select(Quietly)).ConfigureAwait(false);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await quit.CancelAsync().ConfigureAwait(false);
        await appium.DisposeAsync().ConfigureAwait(false);
        if (emulators is not null) await emulators.DisposeAsync().ConfigureAwait(false);
        if (virtualPhones is not null) await virtualPhones.DisposeAsync().ConfigureAwait(false);
        cloud?.Dispose();
        leases.Dispose();
        quit.Dispose();
    }

    private IReadOnlyList<string> FreeDevices() =>
        stopping ? [] : [.. phones.All.Select(p => p.Id).Concat(emulators?.Cold.Select(o => o.Id) ?? []).Concat(cloud?.Slots.Offers.Select(o => o.Id) ?? []).Where(id => !leases.IsBusy(id))];

    private int CountAttempts()
    {
        lock (gate) return attempts.Count;
    }

    private void Start(HeldLease lease)
    {
        Task attempt;
        lock (gate)
        {
            // Whoever had the phone before may still be letting go of it, if its lease was ended elsewhere.
            var former = latestAttempts.GetValueOrDefault(lease.DeviceId, Task.CompletedTask);
            var released = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            attempt = Task.Run(async () =>
            {
                try
                {
                    await former.ConfigureAwait(false);
                    await driver.DriveAsync(lease, quit.Token, released.SetResult).ConfigureAwait(false);
                }
                finally
                {
                    released.TrySetResult();
                }
            });
            attempts.Add(attempt);
            latestAttempts[lease.DeviceId] = released.Task;
        }
        Observe(lease.DeviceId, attempt);
        _ = attempt.ContinueWith(
            done =>
            {
                lock (gate) attempts.Remove(done);
            }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        if (stopping) lease.Stop(StopCause.AgentStopping);
    }

    private async Task SendOldAsync(IReadOnlyList<string> unsent, CancellationToken cancel)
    {
        await registration.Done.WaitAsync(cancel).ConfigureAwait(false);
        await leavings.SendOldAsync(unsent, cancel).ConfigureAwait(false);
        await Task.Delay(Timeout.InfiniteTimeSpan, time, cancel).ConfigureAwait(false);
    }

    /// <summary>Of the adb server that others may use, too: our emulators have names of their own, and phones in software are not taken twice.</summary>
    private PhoneNaming? NameOfShared(AdbListing listing) =>
        emulators?.Name(listing)
        ?? (options.Usb && virtualPhones?.Name(listing, options.Name) is null ? new PhoneNaming(null, null, Virtual: false) : null);

    /// <returns>What runs from now on: the followers of the phones.</returns>
    private async Task<List<Task>> FollowPhonesAsync(CancellationToken following, CancellationToken cancel)
    {
        var followers = new List<Task>();
        if (options.VirtualPhones > 0)
        {
            var phones = virtualPhones = await VirtualPhones.StartAsync(options, sdk.Adb, home.Phones, time, cancel).ConfigureAwait(false);
            followers.Add(phones.KeepConnectedAsync(following));
            followers.Add(this.phones.FollowAsync(phones.Adb, l => phones.Name(l, options.Name), following));
        }

        if (options.Usb || emulators is not null)
        {
            var shared = await AdbServer.ShareAsync(sdk.Adb, options.AdbPort, time, cancel).ConfigureAwait(false);
            followers.Add(this.phones.FollowAsync(shared.Client, NameOfShared, following));
        }

        if (emulators is not null) followers.Add(emulators.WatchAsync(following));
        if (cloud is not null) followers.Add(cloud.Slots.RunAsync(following));
        // So that the first registration names them; who is slower comes with the next.
        var start = time.GetTimestamp();
        while (this.phones.All.Count < options.VirtualPhones && time.GetElapsedTime(start) < FirstPhones)
            await phoneCame.WaitAsync(TimeSpan.FromMilliseconds(200), cancel).ConfigureAwait(false);
        if (cloud is not null) await Task.WhenAny(cloud.Slots.Asked, Task.Delay(FirstPhones, time, cancel)).ConfigureAwait(false);
        return followers;
    }

    /// <summary>Running attempts end and go back to the queue, while leases are still renewed and news still sent.</summary>
    private async Task StopAsync(CancellationTokenSource working, CancellationTokenSource renewing)
    {
        stopping = true;
        using var limit = new CancellationTokenSource(StopLimit, time);
        if (registration.Done.IsCompletedSuccessfully) await registration.LeaveAsync(limit.Token).ConfigureAwait(false);
        await working.CancelAsync().ConfigureAwait(false);
        foreach (var lease in leases.Held) lease.Stop(StopCause.AgentStopping);
        while (leases.Held.Count > 0 && !limit.IsCancellationRequested)
            await Task.Delay(TimeSpan.FromMilliseconds(50), time).ConfigureAwait(false);

        // Leases are let go when results are delivered; artifacts may take a moment more.
        Task[] left;
        lock (gate) left = [.. attempts];
        await Task.WhenAny(Task.WhenAll(left.Select(Quietly)), Task.Delay(FollowUpLimit, time)).ConfigureAwait(false);
        await quit.CancelAsync().ConfigureAwait(false);
        await renewing.CancelAsync().ConfigureAwait(false);
        // What still hangs ends with this process: its guards see to that.
        await Task.WhenAny(Task.WhenAll(left.Select(Quietly)), Task.Delay(FollowUpLimit, time)).ConfigureAwait(false);
    }

    /// <summary>Something that goes on by itself; people hear when it fails.</summary>
    private void Observe(string what, Task task) => _ = task.ContinueWith(
        failed => console.Warn($"{what}: {failed.Exception!.GetBaseException()}"),
        CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);

    private static async Task Quietly(Task task)
    {
        try
        {
            await task.ConfigureAwait(false);
        }
        catch (Exception)
        {
            // Said elsewhere, or ended by us.
        }
    }
}
