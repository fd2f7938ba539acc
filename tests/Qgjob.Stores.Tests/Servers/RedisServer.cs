using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Qgjob.Stores.Tests.Servers;

/// <summary>What a Redis server of a test writes to disk.</summary>
public enum RedisFile
{
    /// <summary>The append-only file, to disk once a second.</summary>
    EverySecond,
    /// <summary>The append-only file, to disk before every answer.</summary>
    Always,
    /// <summary>Nothing.</summary>
    None,
}

/// <summary>A real redis-server of Debian's package on a free port of this machine, with a data folder of its own; it ends with this process.</summary>
public sealed class RedisServer : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly string folder = Directory.CreateTempSubdirectory("qgjob-redis-").FullName;
    private readonly RedisFile file;
    private readonly string[] settings;
    private Process? process;

    /// <summary>As xunit makes it: with an append-only file.</summary>
    public RedisServer()
        : this(RedisFile.EverySecond)
    {
    }

    private RedisServer(RedisFile file, params string[] settings)
    {
        (this.file, this.settings) = (file, settings);
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        Port = ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    /// <summary>A started server.</summary>
    /// <param name="file">What it writes to disk.</param>
    /// <param name="settings">More arguments for redis-server, such as <c>--requirepass secret</c>.</param>
    public static async Task<RedisServer> StartNewAsync(RedisFile file, params string[] settings)
    {
        var server = new RedisServer(file, settings);
        await server.StartAsync();
        return server;
    }

    /// <summary>Stays the same over restarts.</summary>
    public int Port { get; }

    /// <summary>Of the running process.</summary>
    public int Pid => process!.Id;

    /// <summary>A store's address; stores with different prefixes do not see each other.</summary>
    public string Url(string? prefix = null) => string.Create(
        CultureInfo.InvariantCulture, $"redis://127.0.0.1:{Port}/0{(prefix is null ? "" : $"?prefix={prefix}")}");

    public async ValueTask InitializeAsync() => await StartAsync();

    /// <summary>Starts it, again on the same data, and waits until it answers.</summary>
    public async Task StartAsync()
    {
        var start = new ProcessStartInfo("setpriv") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])
        [
            "--pdeathsig", "KILL", "redis-server", "--bind", "127.0.0.1", "--port", Port.ToString(CultureInfo.InvariantCulture), "--dir", folder,
            "--save", "", "--appendonly", file is RedisFile.None ? "no" : "yes", "--appendfsync", file is RedisFile.Always ? "always" : "everysec",
            "--daemonize", "no", .. settings,
        ])
            start.ArgumentList.Add(argument);
        process = await StartOnThreadAsync(start);
        // Read, or the pipe fills.
        _ = process.StandardOutput.BaseStream.CopyToAsync(Stream.Null);
        _ = process.StandardError.BaseStream.CopyToAsync(Stream.Null);
        using var limit = new CancellationTokenSource(Patience);
        while (!(await AskAsync("PING", limit.Token)).Contains("PONG", StringComparison.Ordinal))
        {
            if (process.HasExited) throw new InvalidOperationException($"redis-server ended with {process.ExitCode}.");
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, limit.Token);
        }
    }

    /// <summary>The signal at the parent's death comes when the thread that started it ends: one that lives as long as the server.</summary>
    private static Task<Process> StartOnThreadAsync(ProcessStartInfo start)
    {
        var started = new TaskCompletionSource<Process>(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() =>
        {
            try
            {
                // Not the one that others dispose.
                var server = Process.Start(start)!;
                var id = server.Id;
                started.SetResult(server);
                using var watched = Process.GetProcessById(id);
                watched.WaitForExit();
            }
            catch (Exception ex)
            {
                // Ended already, or never started.
                started.TrySetException(ex);
            }
        })
        { IsBackground = true, Name = "redis-server" }.Start();
        return started.Task;
    }

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        process!.Kill();
        await EndedAsync();
    }

    /// <summary>Asks it to stop, without a last snapshot.</summary>
    public async Task ShutdownAsync()
    {
        using var limit = new CancellationTokenSource(Patience);
        await AskAsync("SHUTDOWN NOSAVE", limit.Token);
        await EndedAsync();
    }

    /// <summary>Sends one command as a line and gives the answer's first part; empty when nobody answers. Wants no password.</summary>
    public async Task<string> AskAsync(string command, CancellationToken cancel)
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, Port, cancel);
            await client.GetStream().WriteAsync(Encoding.UTF8.GetBytes(command + "\r\n"), cancel);
            var answer = new byte[4096];
            var text = Encoding.UTF8.GetString(answer, 0, await client.GetStream().ReadAsync(answer, cancel));
            return text.StartsWith("-NOAUTH", StringComparison.Ordinal) && command == "PING" ? "PONG" : text;
        }
        catch (Exception ex) when (ex is SocketException or IOException)
        {
            return "";
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (process is { HasExited: false }) await KillAsync();
        process?.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private async Task EndedAsync()
    {
        using var limit = new CancellationTokenSource(Patience);
        await process!.WaitForExitAsync(limit.Token);
    }
}
