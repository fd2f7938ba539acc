using Qgjob.Agent.Android;
using Qgjob.Agent.AppWright;
using Qgjob.Agent.Attempts;
using Qgjob.Agent.Devices;
using Qgjob.Agent.Downloads;
using Qgjob.Agent.Gateway;
using Qgjob.Agent.Installs;
using Qgjob.Agent.Leases;
using Qgjob.Agent.Phones;
using Qgjob.Agent.Reporting;
using Qgjob.Agent.Toolchain;
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

    private readonly AgentOptions _options;
    private readonly AgentHome _home;
    private readonly AndroidSdk _sdk;
    private readonly IAgentConsole _console;
    private readonly TimeProvider _time;
    private readonly LeaseKeeper _leases;
    private readonly Registration _registration;
    private readonly WorkPolls _polls;
    private readonly ProgressSender _progress;
    private readonly Outbox _outbox;
    private readonly PhoneBook _phones;
    private readonly AppiumServers _appium;
    private readonly AttemptDriver _driver;
    private readonly WorkspaceCache _workspaces;
    private readonly CacheFolder _builds;
    private readonly Pulse _phoneCame;
    private readonly CancellationTokenSource _quit = new();
    private readonly Lock _gate = new();
    private readonly HashSet<Task> _attempts = [];
    private VirtualPhones? _virtual;
    private bool _stopping;

    public RunningAgent(
        AgentOptions options, AgentHome home, AgentIdentity identity, AndroidSdk sdk, AppiumToolchain toolchain, Transport transport,
        IAgentConsole console, TimeProvider time, IIdSource ids)
    {
        (_options, _home, _sdk, _console, _time) = (options, home, sdk, console, time);
        // Only spreads waits; the boot id makes agents and starts differ, and a given one replays.
        var random = new Random(string.GetHashCode(identity.BootId, StringComparison.Ordinal));
        var news = new ServerNews(console);
        var agentClient = new AgentClient(transport);
        var client = new QgjobClient(transport);
        var installer = new Installer(sdk.Adb, new InstallRecords(home.InstallsFile), time);
        var residents = new Residents(home.ResidentsFile, installer);
        _phoneCame = new Pulse(time);
        _appium = new AppiumServers(toolchain, sdk, home.Logs, time);
        _phones = new PhoneBook(options.Name, options.Tags, options.Target, residents, console, time);
        _leases = new LeaseKeeper(agentClient, identity.AgentId, news, time, random);
        _progress = new ProgressSender(agentClient, _leases, console, time, random);
        _outbox = new Outbox(agentClient, home.Outbox, news, console, time, random);
        _registration = new Registration(agentClient, identity, () => _phones.Offers, _leases, news, console, time, random);
        _polls = new WorkPolls(agentClient, identity, _registration, _leases, FreeDevices, Start, news, time, random);
        _builds = new CacheFolder(home.Builds, options.CacheBytes, time, _quit.Token);
        _workspaces = new WorkspaceCache(home.Workspaces, home.NodeModules, options.CacheBytes, time, random, _quit.Token);
        var runner = new AppWrightRunner(_appium, installer, sdk, toolchain, time);
        _driver = new AttemptDriver(new AttemptTools(
            identity, agentClient, _leases, _progress, _outbox, _phones, residents,
            new AttemptPreparation(client, _builds, _workspaces, options.Workspace, time, random),
            runner.RunAsync, home.Attempts, console, ids, time, random));
        _leases.Unknown = _registration.Forget;
        _leases.Changed = _polls.Refresh;
        residents.Corrected = () => _registration.Refresh();
        _phones.Left = device => Observe(device.Serial, _appium.StopAsync(device, () => _phones.Has(device), CancellationToken.None));
        _phones.Changed = () =>
        {
            _phoneCame.Set();
            _registration.Refresh();
            _polls.Refresh();
        };
    }

    /// <summary>Works until cancelled, then lets go of everything in order.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        Directory.CreateDirectory(_home.Attempts);
        Directory.CreateDirectory(_home.Logs);
        AttemptFolders.Trim(_home.Attempts, AttemptFolders.Kept, isInUse: _ => false);
        _builds.Sweep();
        _workspaces.Sweep();
        using var following = new CancellationTokenSource();
        using var working = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        using var renewing = new CancellationTokenSource();
        var all = new List<Task>();
        try
        {
            all.AddRange(await FollowPhonesAsync(following.Token, cancel).ConfigureAwait(false));
            // Before the registration: a new boot ends the leases whose results wait here.
            await _outbox.DeliverOldAsync(cancel).ConfigureAwait(false);
            all.AddRange([
                _leases.RunAsync(renewing.Token), _progress.RunAsync(renewing.Token),
                _registration.RunAsync(working.Token), _polls.RunAsync(working.Token)]);
            // None of them ends by itself: whichever does brings the reason.
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
        await _quit.CancelAsync().ConfigureAwait(false);
        await _appium.DisposeAsync().ConfigureAwait(false);
        if (_virtual is not null) await _virtual.DisposeAsync().ConfigureAwait(false);
        _leases.Dispose();
        _quit.Dispose();
    }

    private IReadOnlyList<string> FreeDevices() =>
        _stopping ? [] : [.. _phones.All.Select(p => p.Id).Where(id => !_leases.IsBusy(id))];

    private void Start(HeldLease lease)
    {
        var attempt = Task.Run(() => _driver.DriveAsync(lease, _quit.Token));
        lock (_gate) _attempts.Add(attempt);
        Observe(lease.DeviceId, attempt);
        _ = attempt.ContinueWith(
            done =>
            {
                lock (_gate) _attempts.Remove(done);
            }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        if (_stopping) lease.Stop(StopCause.AgentStopping);
    }

    /// <returns>What runs from now on: the followers of the phones.</returns>
    private async Task<List<Task>> FollowPhonesAsync(CancellationToken following, CancellationToken cancel)
    {
        var followers = new List<Task>();
        if (_options.VirtualPhones > 0)
        {
            var phones = _virtual = await VirtualPhones.StartAsync(_options, _sdk.Adb, _home.Phones, _time, cancel).ConfigureAwait(false);
            followers.Add(phones.KeepConnectedAsync(following));
            followers.Add(_phones.FollowAsync(phones.Adb, l => phones.Name(l, _options.Name), following));
        }

        if (_options.Usb)
        {
            var shared = await AdbServer.ShareAsync(_sdk.Adb, _options.AdbPort, _time, cancel).ConfigureAwait(false);
            followers.Add(_phones.FollowAsync(shared.Client, l => _virtual?.Name(l, _options.Name) is null ? new PhoneNaming(null, null, Virtual: false) : null, following));
        }

        // So that the first registration names them; who is slower comes with the next.
        var start = _time.GetTimestamp();
        while (_phones.All.Count < _options.VirtualPhones && _time.GetElapsedTime(start) < FirstPhones)
            await _phoneCame.WaitAsync(TimeSpan.FromMilliseconds(200), cancel).ConfigureAwait(false);
        return followers;
    }

    /// <summary>Running attempts end and go back to the queue, while leases are still renewed and news still sent.</summary>
    private async Task StopAsync(CancellationTokenSource working, CancellationTokenSource renewing)
    {
        _stopping = true;
        using var limit = new CancellationTokenSource(StopLimit, _time);
        if (_registration.Done.IsCompletedSuccessfully) await _registration.LeaveAsync(limit.Token).ConfigureAwait(false);
        await working.CancelAsync().ConfigureAwait(false);
        foreach (var lease in _leases.Held) lease.Stop(StopCause.AgentStopping);
        while (_leases.Held.Count > 0 && !limit.IsCancellationRequested)
            await Task.Delay(TimeSpan.FromMilliseconds(50), _time).ConfigureAwait(false);

        // Leases are let go when results are delivered; artifacts may take a moment more.
        Task[] left;
        lock (_gate) left = [.. _attempts];
        await Task.WhenAny(Task.WhenAll(left.Select(Quietly)), Task.Delay(FollowUpLimit, _time)).ConfigureAwait(false);
        await _quit.CancelAsync().ConfigureAwait(false);
        await renewing.CancelAsync().ConfigureAwait(false);
        // What still hangs ends with this process: its guards see to that.
        await Task.WhenAny(Task.WhenAll(left.Select(Quietly)), Task.Delay(FollowUpLimit, _time)).ConfigureAwait(false);
    }

    /// <summary>Something that goes on by itself; people hear when it fails.</summary>
    private void Observe(string what, Task task) => _ = task.ContinueWith(
        failed => _console.Warn($"{what}: {failed.Exception!.GetBaseException()}"),
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
