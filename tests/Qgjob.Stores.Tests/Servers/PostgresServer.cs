using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Npgsql;
using Qgjob.Stores.Tests.Servers;

[assembly: AssemblyFixture(typeof(SharedPostgres))]

namespace Qgjob.Stores.Tests.Servers;

/// <summary>How to end a database server.</summary>
public enum StopMode
{
    /// <summary>SIGKILL to all of its processes at once, as when the machine loses power (what the system has taken stays).</summary>
    Kill,
    /// <summary>At once, without writing a checkpoint: the next start recovers from the log.</summary>
    Immediate,
    /// <summary>In order, without waiting for clients.</summary>
    Fast,
}

/// <summary>A real PostgreSQL server with a data folder and a port of its own; gone with this object, and with this process.</summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private const string Password = "pa:ss@word/1";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly bool fsync;
    private readonly string folder = Directory.CreateTempSubdirectory("qgjob-pg-").FullName;
    private Process? watch;
    private int databases;

    private PostgresServer(bool fsync) => this.fsync = fsync;

    /// <summary>On 127.0.0.1; the same after a stop and a start.</summary>
    public int Port { get; } = FreePort();
    /// <summary>The postmaster; 0 while it is stopped.</summary>
    public int Pid { get; private set; }
    public string SocketFolder => folder;
    public string LogFile => Path.Combine(folder, "log");
    public string DataFolder => Path.Combine(folder, "data");

    /// <summary>Makes a data folder and starts a server on it. The role qgjob, who owns the databases, has an awkward password.</summary>
    public static async Task<PostgresServer> CreateAsync(CancellationToken cancel, bool fsync = true)
    {
        var created = new PostgresServer(fsync);
        try
        {
            if (Environment.IsPrivilegedProcess) await RunAsync(cancel, "chown", User, created.folder);
            await RunAsync(cancel, [.. AsUser, Path.Combine(Binaries, "initdb"), "-D", created.DataFolder, "-U", "postgres", "-A", "scram-sha-256", "--pwfile", created.PasswordFile(), "-E", "UTF8", "--locale=C", "--no-sync"]);
            await created.StartAsync(cancel);
            await created.AdminAsync($"CREATE ROLE qgjob LOGIN PASSWORD '{Password}'", cancel);
            return created;
        }
        catch
        {
            await created.DisposeAsync();
            throw;
        }
    }

    /// <summary>An empty database of the role's.</summary>
    public async Task<string> NewDatabaseAsync(CancellationToken cancel)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"d{Interlocked.Increment(ref databases)}");
        await AdminAsync($"CREATE DATABASE {name} OWNER qgjob", cancel);
        return name;
    }

    public Task DropDatabaseAsync(string name, CancellationToken cancel) => AdminAsync($"DROP DATABASE IF EXISTS {name} WITH (FORCE)", cancel);

    public string UrlFor(string database, string? password = null, string user = "qgjob") =>
        string.Create(CultureInfo.InvariantCulture, $"postgres://{user}:{Uri.EscapeDataString(password ?? Password)}@127.0.0.1:{Port}/{database}");

    /// <summary>Runs a statement as the superuser.</summary>
    public async Task<object?> AdminAsync(string sql, CancellationToken cancel, string database = "postgres")
    {
        await using var connection = new NpgsqlConnection(string.Create(
            CultureInfo.InvariantCulture, $"Host=127.0.0.1;Port={Port};Username=postgres;Password='{Password}';Database={database};Pooling=false;Timeout=5"));
        await connection.OpenAsync(cancel);
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(cancel);
    }

    public async Task StartAsync(CancellationToken cancel)
    {
        // A postmaster that was killed leaves its file; its number may be another process's now.
        File.Delete(Path.Combine(DataFolder, "postmaster.pid"));
        string[] command =
        [
            .. AsUser, "sh", "-c", Watch, "sh", Path.Combine(Binaries, "postgres"), "-D", DataFolder, "-k", folder, "-p", Port.ToString(CultureInfo.InvariantCulture),
            "-c", "listen_addresses=127.0.0.1", "-c", $"fsync={(fsync ? "on" : "off")}", "-c", "max_connections=200", "-c", "autovacuum_naptime=10s",
        ];
        watch = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardInput = true, RedirectStandardOutput = true, Environment = { ["PGLOG"] = LogFile } })!;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(Patience);
        Pid = int.Parse((await watch.StandardOutput.ReadLineAsync(limit.Token))!, CultureInfo.InvariantCulture);
        while (true)
            try
            {
                await AdminAsync("SELECT 1", limit.Token);
                return;
            }
            catch (NpgsqlException) when (!watch.HasExited)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, limit.Token);
            }
            catch (NpgsqlException ex)
            {
                throw new InvalidOperationException($"PostgreSQL did not start; {LogFile}: {(File.Exists(LogFile) ? await File.ReadAllTextAsync(LogFile, limit.Token) : "")}", ex);
            }
    }

    public async Task StopAsync(StopMode mode, CancellationToken cancel)
    {
        if (watch is null) return;
        if (!watch.HasExited)
            if (mode is StopMode.Kill)
            {
                using var postmaster = Process.GetProcessById(Pid);
                postmaster.Kill(entireProcessTree: true);
            }
            else
                await RunAsync(cancel, "kill", mode is StopMode.Fast ? "-INT" : "-QUIT", Pid.ToString(CultureInfo.InvariantCulture));
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(Patience);
        await watch.WaitForExitAsync(limit.Token);
        watch.Dispose();
        (watch, Pid) = (null, 0);
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await StopAsync(StopMode.Immediate, CancellationToken.None);
        }
        catch (OperationCanceledException)
        {
            await StopAsync(StopMode.Kill, CancellationToken.None);
        }
        Directory.Delete(folder, recursive: true);
    }

    private static string User => field ??= File.ReadLines("/etc/passwd").Any(l => l.StartsWith("postgres:", StringComparison.Ordinal)) ? "postgres" : "nobody";

    // PostgreSQL does not run as root.
    private static string[] AsUser => Environment.IsPrivilegedProcess ? ["setpriv", $"--reuid={User}", "--clear-groups"] : [];

    // Killed hard, this process leaves no server: its end of the pipe closes, and the shell ends the server. (The kernel's
    // own way, a signal at the parent's death, comes when the thread ends that started it.)
    private const string Watch = """
        exec 3<&0
        "$@" >"$PGLOG" 2>&1 3<&- </dev/null &
        server=$!
        echo $server
        { cat <&3; kill -QUIT $server; } >/dev/null 2>&1 &
        watch=$!
        exec >/dev/null
        wait $server
        kill $watch
        """;

    private static string Binaries => field ??= Directory.Exists("/usr/lib/postgresql")
        && Directory.EnumerateDirectories("/usr/lib/postgresql").Where(d => File.Exists(Path.Combine(d, "bin", "initdb")))
            .MaxBy(d => double.TryParse(Path.GetFileName(d), CultureInfo.InvariantCulture, out var version) ? version : 0) is { } newest
            ? Path.Combine(newest, "bin")
            : Environment.GetEnvironmentVariable("PATH")!.Split(':').FirstOrDefault(d => File.Exists(Path.Combine(d, "initdb")))
                ?? throw new InvalidOperationException("PostgreSQL's initdb is missing: install the Debian package postgresql, or put its programs on PATH.");

    private string PasswordFile()
    {
        var file = Path.Combine(folder, "password");
        File.WriteAllText(file, Password);
        return file;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static async Task RunAsync(CancellationToken cancel, params string[] command)
    {
        using var process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = process.StandardOutput.ReadToEndAsync(cancel);
        var errors = await process.StandardError.ReadToEndAsync(cancel);
        await output;
        await process.WaitForExitAsync(cancel);
        if (process.ExitCode != 0) throw new InvalidOperationException($"{string.Join(' ', command)} ended with {process.ExitCode}: {errors}");
    }
}
