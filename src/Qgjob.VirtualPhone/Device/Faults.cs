namespace Qgjob.Phones.Device;

/// <summary>An installation that is told to go wrong.</summary>
/// <param name="Code">Android's word for the failure; null where it only takes longer.</param>
/// <param name="Delay">How much longer.</param>
internal readonly record struct InstallFault(string? Code, TimeSpan Delay);

/// <summary>
/// What is wrong with this phone at the moment: on command (qgjob-fault), or by chance, from a seed. The chances are
/// rolled where an app starts and where one is installed.
/// </summary>
internal sealed class Faults(PhoneDevice phone) : IDisposable
{
    private const int LongestBlow = 3000; // Milliseconds from an app's start until something strikes it.
    private static readonly TimeSpan RandomDisconnect = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan RandomHang = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan RandomSlowInstall = TimeSpan.FromSeconds(5);

    // The answer to the command that asks for it should still get through.
    private static readonly TimeSpan BeforeDisconnect = TimeSpan.FromMilliseconds(100);

    private readonly Lock gate = new();
    private readonly CancellationTokenSource end = new();
    private readonly Random chance = new(unchecked((phone.Options.FaultSeed * 397) ^ phone.Options.Name.Aggregate(17, (sum, c) => (sum * 31) + c)));
    private readonly Queue<InstallFault> installs = new();
    private long hangsUntil;
    private long? storage;

    /// <summary>Ends all connections and refuses new ones for so long; set once the phone listens.</summary>
    public Action<TimeSpan> DropConnections { get; set; } = _ => { };

    /// <summary>Bytes of APKs that the phone has room for; null for no limit.</summary>
    public long? Storage
    {
        get { lock (gate) return storage; }
        set { lock (gate) storage = value; }
    }

    /// <summary>How many of the next installations of apps go wrong.</summary>
    public int InstallsLeft
    {
        get { lock (gate) return installs.Count; }
    }

    /// <summary>screenrecord fails, as on emulators without an encoder.</summary>
    public bool NoRecorder { get; set; }

    public TimeSpan HangsFor
    {
        get { lock (gate) return TimeSpan.FromTicks(Math.Max(0, hangsUntil - phone.Time.GetUtcNow().UtcTicks)); }
    }

    /// <summary>What Appium brings stays out of it: it is no app that anybody tests.</summary>
    public static bool IsAppiums(string package) => package.StartsWith("io.appium.", StringComparison.Ordinal);

    public void NextInstalls(InstallFault fault, int count)
    {
        lock (gate)
        {
            for (var i = 0; i < count; i++)
                installs.Enqueue(fault);
        }
    }

    public InstallFault TakeInstall(string package)
    {
        if (IsAppiums(package))
            return default;
        lock (gate)
        {
            if (installs.TryDequeue(out var told))
                return told;
            var rates = phone.Options.Faults;
            var slow = Strikes(rates.SlowInstall) ? RandomSlowInstall : TimeSpan.Zero;
            return new InstallFault(Strikes(rates.InstallFailure) ? "INSTALL_FAILED_INTERNAL_ERROR" : null, slow);
        }
    }

    public void Hang(TimeSpan time)
    {
        lock (gate)
            hangsUntil = (phone.Time.GetUtcNow() + time).UtcTicks;
        phone.Log.Write('W', "qgjob-fault", $"hangs for {time.TotalSeconds:0.#} s");
    }

    /// <summary>Everything that answers the host waits here while the phone hangs.</summary>
    public async Task WhileHangingAsync(CancellationToken cancel)
    {
        while (HangsFor is { Ticks: > 0 } left)
            await Task.Delay(left < TimeSpan.FromMilliseconds(100) ? left : TimeSpan.FromMilliseconds(100), phone.Time, cancel);
    }

    public void Disconnect(TimeSpan time)
    {
        phone.Log.Write('W', "qgjob-fault", $"disconnects for {time.TotalSeconds:0.#} s");
        _ = LaterAsync(BeforeDisconnect, () => DropConnections(time));
    }

    public void CrashInstrumentation()
    {
        phone.Log.Write('E', "AndroidRuntime", "FATAL EXCEPTION: main\nProcess: io.appium.uiautomator2.server");
        phone.Automator.Running?.End();
    }

    /// <summary>Forgets what was asked for on command. What has struck is not healed, but a hang ends.</summary>
    public void Clear()
    {
        lock (gate)
        {
            installs.Clear();
            (storage, hangsUntil, NoRecorder) = (null, 0, false);
        }
    }

    /// <summary>An app came up: does anything strike it?</summary>
    public void AppStarted(string package)
    {
        if (IsAppiums(package))
            return;
        var rates = phone.Options.Faults;
        foreach (var (chance, strike) in ((double, Action)[])[
            (rates.Disconnect, () => Disconnect(RandomDisconnect)), (rates.Hang, () => Hang(RandomHang)),
            (rates.AppCrash, () => phone.Screen.Crash(package, "qgjob-fault")), (rates.InstrumentationCrash, CrashInstrumentation),
            (rates.Wipe, phone.Wipe)])
        {
            lock (gate)
            {
                if (Strikes(chance))
                    _ = LaterAsync(TimeSpan.FromMilliseconds(this.chance.Next(LongestBlow)), strike);
            }
        }
    }

    public void Dispose()
    {
        // Waiters see the cancelled token; disposing the source under them would be an error of ours.
        end.Cancel();
    }

    /// <summary>A fault without a chance takes no number, so that rates can be added without changing what the others do first.</summary>
    private bool Strikes(double chance) => chance > 0 && this.chance.NextDouble() < chance;

    private async Task LaterAsync(TimeSpan delay, Action strike)
    {
        try
        {
            await Task.Delay(delay, phone.Time, end.Token);
            strike();
        }
        catch (OperationCanceledException)
        {
            // The phone ended first.
        }
    }
}
