using Qgjob.Agent.Checks;
using Qgjob.Agent.Devices;
using Qgjob.Agent.Emulators;
using Qgjob.Agent.Installs;
using Qgjob.Agent.Phones;
using Qgjob.Agent.Processes;
using Qgjob.Agent.Workspaces;
using Qgjob.Core.Jobs;
using Qgjob.Phones;

namespace Qgjob.Agent.Tests.Emulators;

/// <summary>Emulators that start when there is work: a stand-in for the program, the real adb, and a phone in software behind it.</summary>
public sealed class EmulatorTests : IAsyncDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("qgjob-emulator-").FullName;
    private readonly StandInEmulator standIn;
    private readonly Lines console = new();
    private readonly CancellationTokenSource stop = new();
    private readonly HashSet<string> busy = [];
    // Even; adb's is the one above.
    private readonly int port = LoopbackPort.Free() & ~1;
    private VirtualPhone? behind;
    private int ended;
    private AdbServer? adb;
    private EmulatorPool? pool;
    private PhoneBook? phones;
    private Task following = Task.CompletedTask;

    public EmulatorTests() => standIn = new StandInEmulator(folder);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await following.ContinueWith(_ => { }, TaskScheduler.Default);
        if (pool is not null) await pool.DisposeAsync();
        if (adb is not null) await adb.DisposeAsync();
        if (behind is not null) await behind.DisposeAsync();
        stop.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task It_starts_when_there_is_work_is_an_emulator_for_adb_and_is_stopped_when_it_idles()
    {
        await OpenAsync(count: 2, idle: TimeSpan.FromSeconds(1));
        Assert.Equal(["lab/Pixel_7-1", "lab/Pixel_7-2"], pool!.Cold.Select(o => o.Id));
        Assert.All(pool.Cold, o => Assert.Equal((Target.Emulator, "13", "pixel_7", 33, 60.0), (o.Target, o.OsVersion, o.Model, o.ApiLevel!.Value, o.StartSeconds!.Value)));
        Assert.Empty(standIn.Starts);

        var said = new List<string>();
        busy.Add("lab/Pixel_7-1");
        await pool.EnsureAsync("lab/Pixel_7-1", said.Add, Cancel);
        var phone = phones!.Find("lab/Pixel_7-1")!;
        Assert.Equal((Target.Emulator, true, $"emulator-{port}"), (phone.Offer.Target, phone.IsEmulator, phone.Adb.Serial));
        Assert.Null(phone.Offer.StartSeconds);
        Assert.Equal("lab/Pixel_7-2", Assert.Single(pool.Cold).Id);
        Assert.Matches("-avd Pixel_7 -port [0-9]+ -no-window -no-audio -no-boot-anim -read-only -no-snapshot-save", Assert.Single(standIn.Starts));
        Assert.Contains("The emulator is up", said[^1], StringComparison.Ordinal);
        // It runs, and so does not start again.
        await pool.EnsureAsync("lab/Pixel_7-1", said.Add, Cancel);
        Assert.Single(standIn.Starts);

        busy.Clear();
        await UntilAsync(() => pool.Cold.Count == 2);
        Assert.True(phone.Gone.IsCancellationRequested);
        await UntilAsync(() => console.Said.Any(l => l.Contains("lab/Pixel_7-1 had no work", StringComparison.Ordinal)));
        // What the last start took is what the next is expected to take.
        Assert.NotEqual(60, pool.Cold[0].StartSeconds);
    }

    [Fact]
    public async Task One_that_dies_while_it_starts_is_an_infrastructure_failure_with_its_last_words()
    {
        standIn.Does = "die";
        await OpenAsync(count: 1);
        var error = await Assert.ThrowsAsync<AttemptInfraException>(() => pool!.EnsureAsync("lab/Pixel_7-1", _ => { }, Cancel));
        Assert.Contains("The emulator of Pixel_7 ended with 3 while it started.", error.Message, StringComparison.Ordinal);
        Assert.Contains("no space left on device", error.Message, StringComparison.Ordinal);
        standIn.Does = "boot";
        behind = await BehindAsync();
        await pool!.EnsureAsync("lab/Pixel_7-1", _ => { }, Cancel);
        Assert.NotNull(phones!.Find("lab/Pixel_7-1"));
    }

    [Fact]
    public async Task One_that_hangs_while_it_boots_is_ended_at_the_limit()
    {
        standIn.Does = "hang";
        await OpenAsync(count: 1, boot: TimeSpan.FromSeconds(2));
        var error = await Assert.ThrowsAsync<AttemptInfraException>(() => pool!.EnsureAsync("lab/Pixel_7-1", _ => { }, Cancel));
        Assert.Contains("did not boot within 2 s (--emulator-boot). It said last:\nINFO    | emulator starts\nINFO    | waiting for the moon", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(MarkedProcesses.FindAll(ProcessMark.ServerName), p => p.Value.StartsWith($"emulator-{Environment.ProcessId}-", StringComparison.Ordinal));
    }

    [Fact]
    public async Task One_that_does_not_answer_any_more_is_ended_and_starts_anew()
    {
        await OpenAsync(count: 1);
        busy.Add("lab/Pixel_7-1");
        await pool!.EnsureAsync("lab/Pixel_7-1", _ => { }, Cancel);
        // The program lives on, its phone does not.
        await Interlocked.Exchange(ref behind, null)!.DisposeAsync();
        await UntilAsync(() => console.Warned.Any(l => l.Contains("does not answer any more", StringComparison.Ordinal)));
        await UntilAsync(() => ended == 1);
        Assert.Single(pool.Cold);
        behind = await BehindAsync();
        await pool.EnsureAsync("lab/Pixel_7-1", _ => { }, Cancel);
        Assert.Equal(2, standIn.Starts.Count);
    }

    [Fact]
    public void Each_emulator_has_a_port_of_its_own_above_those_that_adb_looks_at_by_itself()
    {
        var ports = new EmulatorPorts();
        var taken = Enumerable.Range(0, 5).Select(_ => ports.Take()).ToList();
        Assert.Equal(5, taken.Distinct().Count());
        Assert.All(taken, p => Assert.True(p is > 5585 and <= 5682 && p % 2 == 0));
        ports.Return(taken[0]);
        Assert.Equal(taken[0], ports.Take());
    }

    [Fact]
    public async Task Without_program_or_avd_the_agent_does_not_start_and_says_why()
    {
        async Task<string> RefusalAsync(AgentOptions options, Func<string, string?> environment) =>
            (await Assert.ThrowsAsync<AgentStartException>(() => EmulatorSource.FindAsync(options, environment, console, TimeProvider.System, Cancel))).Message;
        var two = Options(2);
        Assert.Contains("not installed. Install it with sdkmanager", await RefusalAsync(two, _ => null), StringComparison.Ordinal);
        Assert.Equal("--avd: there is no AVD 'Nexus'; there are Pixel_7.", await RefusalAsync(two with { Avd = "Nexus" }, standIn.Environment));
        _ = new StandInEmulator(folder, avds: "Pixel_7\nTablet\n");
        Assert.Equal("--emulators: say of which AVD with --avd: Pixel_7, Tablet.", await RefusalAsync(two, standIn.Environment));
        Assert.Equal("Pixel_7", (await EmulatorSource.FindAsync(two with { Avd = "Pixel_7" }, standIn.Environment, console, TimeProvider.System, Cancel))!.Avd.Name);
        Assert.Null(await EmulatorSource.FindAsync(Options(0), _ => null, console, TimeProvider.System, Cancel));
    }

    [Fact]
    public async Task The_doctor_looks_at_avds_and_acceleration()
    {
        Assert.Equal(["emulator"], (await EmulatorChecks.RunAsync(_ => null, TimeProvider.System, Cancel)).Select(f => f.Check));
        var well = await EmulatorChecks.RunAsync(standIn.Environment, TimeProvider.System, Cancel);
        Assert.All(well, f => Assert.Equal(FindingLevel.Ok, f.Level));
        Assert.Equal("AVDs: Pixel_7 (Android 13)", well.Single(f => f.Check == "avds").What);
        standIn.Acceleration = "accel:\n8\n/dev/kvm is missing: VT disabled\naccel\n";
        var slow = (await EmulatorChecks.RunAsync(standIn.Environment, TimeProvider.System, Cancel)).Single(f => f.Check == "acceleration");
        Assert.Equal((FindingLevel.Warning, "Emulators will be very slow: /dev/kvm is missing: VT disabled"), (slow.Level, slow.What));
    }

    private static AgentOptions Options(int count) => new() { Servers = [new Uri("http://127.0.0.1:1")], Name = "lab", Emulators = count };

    private async Task OpenAsync(int count, TimeSpan? idle = null, TimeSpan? boot = null)
    {
        adb = await AdbServer.StartPrivateAsync(ProgramPath.Find("adb")!, LoopbackPort.Free(), TimeProvider.System, Cancel);
        behind = await BehindAsync();
        var options = Options(count) with { AdbPort = adb.Client.Port, EmulatorIdle = idle ?? TimeSpan.FromMinutes(10), EmulatorBoot = boot ?? TimeSpan.FromSeconds(60) };
        var source = (await EmulatorSource.FindAsync(options, standIn.Environment, console, TimeProvider.System, Cancel))!;
        var residents = new Residents(Path.Combine(folder, "r"), new Installer("adb", new InstallRecords(Path.Combine(folder, "i")), TimeProvider.System));
        phones = new PhoneBook("lab", [], Target.Any, residents, console, TimeProvider.System);
        var tools = new EmulatorTools(source.Program, source.Avd, phones, options.AdbPort, options.EmulatorBoot, console, TimeProvider.System) { TakePort = () => port, ReturnPort = Ended };
        pool = new EmulatorPool(tools, options, busy.Contains) { LookEvery = TimeSpan.FromMilliseconds(300) };
        following = Task.WhenAll(phones.FollowAsync(adb.Client, pool.Name, stop.Token), pool.WatchAsync(stop.Token));
    }

    /// <summary>With the program, what listens behind it ends.</summary>
    private void Ended(int taken) => _ = EndedAsync();

    private async Task EndedAsync()
    {
        if (Interlocked.Exchange(ref behind, null) is { } phone) await phone.DisposeAsync();
        Interlocked.Increment(ref ended);
    }

    /// <summary>What listens behind the emulator's port, as Android does in a real one.</summary>
    private Task<VirtualPhone> BehindAsync() => VirtualPhone.StartAsync(
        new VirtualPhoneOptions { Name = "emu", DataFolder = Path.Combine(folder, "phone"), Port = port + 1, Model = "sdk_gphone64" }, TimeProvider.System, Cancel);

    private static async Task UntilAsync(Func<bool> holds)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var again = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!holds()) await again.WaitForNextTickAsync(limit.Token);
    }

    private sealed class Lines : IAgentConsole
    {
        public System.Collections.Concurrent.ConcurrentQueue<string> Said { get; } = [];
        public System.Collections.Concurrent.ConcurrentQueue<string> Warned { get; } = [];
        public void Say(string line) => Said.Enqueue(line);
        public void Warn(string line) => Warned.Enqueue(line);
    }
}
