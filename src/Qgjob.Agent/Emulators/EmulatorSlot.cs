using System.ComponentModel;
using System.Globalization;
using Qgjob.Agent.Devices;
using Qgjob.Agent.Phones;
using Qgjob.Agent.Processes;
using Qgjob.Agent.Workspaces;

namespace Qgjob.Agent.Emulators;

/// <summary>What all emulators of an agent share.</summary>
/// <param name="AdbPort">The adb server with which they register.</param>
/// <param name="BootLimit">The longest start, from the program's to Android's.</param>
internal sealed record EmulatorTools(EmulatorProgram Program, Avd Avd, PhoneBook Phones, int AdbPort, TimeSpan BootLimit, IAgentConsole Console, TimeProvider Time)
{
    /// <summary>Gives a port that no other emulator of this agent has.</summary>
    public required Func<int> TakePort { get; init; }

    /// <summary>Takes it back.</summary>
    public required Action<int> ReturnPort { get; init; }
}

/// <summary>One emulator that runs when there is work. Starts and stops of it are one after the other.</summary>
internal sealed class EmulatorSlot(string id, EmulatorTools tools) : IAsyncDisposable
{
    private const int KeptLines = 15;
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan GoneLimit = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan FirstGuess = TimeSpan.FromSeconds(60);
    private readonly SemaphoreSlim turn = new(1);
    private readonly Queue<string> lastLines = new();
    private OwnedProcess? process;
    private int port;
    private int misses;

    /// <summary>The device id: stays the same whether it runs or not.</summary>
    public string Id => id;

    /// <summary>What the next start is expected to take.</summary>
    public TimeSpan ExpectedStart { get; private set; } = FirstGuess;

    /// <summary>Its program runs, whether Android is up or not.</summary>
    public bool IsRunning => process is { Exited.IsCompleted: false };

    /// <summary>As adb calls it while it runs.</summary>
    public string Serial => string.Create(CultureInfo.InvariantCulture, $"emulator-{port}");

    /// <summary>Returns when Android is up; starts the program when it does not run, or does not answer.</summary>
    /// <exception cref="AttemptInfraException">It does not come up; the message has the program's last words.</exception>
    public async Task EnsureAsync(Action<string> say, CancellationToken cancel)
    {
        await turn.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            if (IsRunning && tools.Phones.Find(id) is not null && await IsUpAsync(cancel).ConfigureAwait(false)) return;
            if (process is not null) await StopInTurnAsync().ConfigureAwait(false);
            await StartInTurnAsync(say, cancel).ConfigureAwait(false);
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>Ends the program, unless it is needed by now.</summary>
    public async Task StopAsync(Func<bool> isNeeded)
    {
        await turn.WaitAsync().ConfigureAwait(false);
        try
        {
            if (process is not null && !isNeeded()) await StopInTurnAsync().ConfigureAwait(false);
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>Looks whether a running emulator still answers.</summary>
    /// <param name="most">So many looks without an answer in a row, and it hangs.</param>
    /// <returns>False when it hangs, or its program has ended.</returns>
    public async Task<bool> IsWellAsync(int most, CancellationToken cancel)
    {
        // While it starts, the start has its own limit.
        if (!await turn.WaitAsync(0, cancel).ConfigureAwait(false)) return true;
        try
        {
            if (process is null) return true;
            if (!IsRunning) return false;
            misses = await IsUpAsync(cancel).ConfigureAwait(false) ? 0 : misses + 1;
            return misses < most;
        }
        finally
        {
            turn.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (process is not null) await process.DisposeAsync().ConfigureAwait(false);
        turn.Dispose();
    }

    private async Task StartInTurnAsync(Action<string> say, CancellationToken cancel)
    {
        var start = tools.Time.GetTimestamp();
        port = tools.TakePort();
        lock (lastLines) lastLines.Clear();
        say($"Starting an emulator of {tools.Avd.Name} ({Serial})…");
        try
        {
            process = OwnedProcess.Start(Spec(), Keep, tools.Time);
        }
        catch (Win32Exception e)
        {
            tools.ReturnPort(port);
            throw new AttemptInfraException($"The emulator of {tools.Avd.Name} cannot be started: {tools.Program.Path}: {e.Message}");
        }

        var up = false;
        try
        {
            while (true)
            {
                if (process.Exited.IsCompleted)
                    throw new AttemptInfraException($"The emulator of {tools.Avd.Name} ended with {await process.Exited.ConfigureAwait(false)} while it started. {Said()}");
                if (tools.Phones.Find(id) is not null && await IsUpAsync(cancel).ConfigureAwait(false)) break;
                if (tools.Time.GetElapsedTime(start) >= tools.BootLimit)
                    throw new AttemptInfraException($"The emulator of {tools.Avd.Name} did not boot within {tools.BootLimit.TotalSeconds:0} s (--emulator-boot). {Said()}");
                await Task.Delay(LookEvery, tools.Time, cancel).ConfigureAwait(false);
            }

            up = true;
            misses = 0;
            var took = tools.Time.GetElapsedTime(start);
            ExpectedStart = took;
            say($"The emulator is up ({took.TotalSeconds:0.0} s).");
        }
        finally
        {
            // Half a start is none, whether it failed or was canceled.
            if (!up) await StopInTurnAsync().ConfigureAwait(false);
        }
    }

    private ProcessSpec Spec() => new(
        tools.Program.Path,
        // Several run from one AVD because none writes to it; each begins as the AVD's snapshot has it.
        ["-avd", tools.Avd.Name, "-port", port.ToString(CultureInfo.InvariantCulture), "-no-window", "-no-audio", "-no-boot-anim", "-read-only", "-no-snapshot-save"],
        Path.GetTempPath(),
        new Dictionary<string, string?> { ["ANDROID_ADB_SERVER_PORT"] = tools.AdbPort.ToString(CultureInfo.InvariantCulture) },
        ProcessMark.Once("emulator"));

    private async Task StopInTurnAsync()
    {
        await process!.DisposeAsync().ConfigureAwait(false);
        process = null;
        tools.ReturnPort(port);
        // adb notices a moment later; a new start must not find the old one.
        var start = tools.Time.GetTimestamp();
        while (tools.Phones.Find(id) is not null && tools.Time.GetElapsedTime(start) < GoneLimit) await Task.Delay(TimeSpan.FromMilliseconds(100), tools.Time).ConfigureAwait(false);
    }

    private async Task<bool> IsUpAsync(CancellationToken cancel)
    {
        try
        {
            var answer = await new AdbClient(tools.AdbPort, tools.Time).ShellAsync(Serial, "getprop sys.boot_completed", AnswerLimit, cancel).ConfigureAwait(false);
            return answer.Output.Trim() == "1";
        }
        catch (AdbException)
        {
            return false;
        }
    }

    private void Keep(string line)
    {
        lock (lastLines)
        {
            lastLines.Enqueue(line);
            if (lastLines.Count > KeptLines) lastLines.Dequeue();
        }
    }

    private string Said()
    {
        lock (lastLines) return lastLines.Count == 0 ? "It said nothing." : $"It said last:\n{string.Join('\n', lastLines)}";
    }
}
