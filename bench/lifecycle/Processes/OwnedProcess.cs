using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Qgjob.Lifecycle.Processes;

/// <summary>A process that ends with its owner.</summary>
internal sealed class OwnedProcess : IAsyncDisposable
{
    // "When we are gone" means the thread that started it, so one thread starts all and lasts as long as we do.
    private static readonly BlockingCollection<Action> Starts = StartsOfOneThread();
    private readonly Process process;
    private readonly int stopSignal;

    private OwnedProcess(Process process, int stopSignal) => (this.process, this.stopSignal) = (process, stopSignal);

    public int Pid => process.Id;
    public bool HasEnded => process.HasExited;

    /// <param name="program">The program.</param>
    /// <param name="args">Its arguments.</param>
    /// <param name="log">File for what it says.</param>
    /// <param name="stopSignal">The signal that ends it well.</param>
    public static OwnedProcess Start(string program, IEnumerable<string> args, string log, int stopSignal = 15)
    {
        // The shell gives way to the program, which writes straight into the file; it dies when we are gone.
        var start = new ProcessStartInfo("/usr/bin/setpriv") { UseShellExecute = false, RedirectStandardInput = true };
        foreach (var arg in (string[])["--pdeathsig", "KILL", "/bin/sh", "-c", "log=$1; shift; exec \"$@\" >\"$log\" 2>&1", "sh", log, program, .. args]) start.ArgumentList.Add(arg);
        var started = new TaskCompletionSource<Process?>();
        Starts.Add(() => started.SetResult(Process.Start(start)));
        return new OwnedProcess(started.Task.GetAwaiter().GetResult() ?? throw new InvalidOperationException($"{program} did not start"), stopSignal);
    }

    private static BlockingCollection<Action> StartsOfOneThread()
    {
        var starts = new BlockingCollection<Action>();
        new Thread(() =>
        {
            foreach (var start in starts.GetConsumingEnumerable()) start();
        }) { IsBackground = true }.Start();
        return starts;
    }

    /// <summary>Runs a program to its end.</summary>
    public static async Task RunAsync(string program, IEnumerable<string> args, CancellationToken cancel)
    {
        using var process = Process.Start(new ProcessStartInfo(program, args) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })
            ?? throw new InvalidOperationException($"{program} did not start");
        var said = Task.WhenAll(process.StandardOutput.ReadToEndAsync(cancel), process.StandardError.ReadToEndAsync(cancel));
        await process.WaitForExitAsync(cancel);
        if (process.ExitCode != 0) throw new InvalidOperationException($"{program} ended with {process.ExitCode}: {string.Concat(await said)}");
    }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Waits until something listens on the port.</summary>
    public async Task ListensAsync(int port, CancellationToken cancel)
    {
        for (var tries = 0; ; tries++)
            try
            {
                using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(IPAddress.Loopback, port, cancel);
                return;
            }
            catch (SocketException) when (tries < 600 && !HasEnded)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, cancel);
            }
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            await RunAsync("kill", [$"-{stopSignal.ToString(CultureInfo.InvariantCulture)}", Pid.ToString(CultureInfo.InvariantCulture)], CancellationToken.None);
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            try
            {
                await process.WaitForExitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
            }
        }
        process.Dispose();
    }
}
