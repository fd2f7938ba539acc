using System.Diagnostics;
using System.Globalization;
using System.Net;
using Qgjob.Faults.Tests.Processes;

namespace Qgjob.Faults.Tests.Stores;

/// <summary>A PostgreSQL cluster of the machine's own package, with a port and a folder of its own. Root may not run it: then nobody does.</summary>
internal sealed class PostgresUnderFault(string folder) : StoreUnderFault
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly string Programs = Directory.Exists("/usr/lib/postgresql")
        ? Directory.GetDirectories("/usr/lib/postgresql").OrderByDescending(d => int.Parse(Path.GetFileName(d), CultureInfo.InvariantCulture)).First() + "/bin/"
        : "";

    private Child? child;

    /// <summary>Where the database lies; a small file system, for instance.</summary>
    public string Data { get; init; } = Path.Combine(folder, "postgres", "data");

    public int Port { get; init; } = Ports.Free();

    public IPAddress Listen { get; init; } = IPAddress.Loopback;

    /// <summary>A second way to it, which can be cut alone.</summary>
    public IPAddress? ListenToo { get; init; }

    public IReadOnlyList<string> Prefix { get; init; } = [];

    /// <summary>More settings, as in <c>max_connections=20</c>.</summary>
    public IReadOnlyList<string> Settings { get; init; } = [];

    public override string Url => UrlAt(Listen);

    public override bool IsShared => true;

    /// <summary>Of all its processes that run now: of the connections that have ended, nothing.</summary>
    public double CpuSeconds => ProcessIds().Sum(CpuOf);

    public bool HasEnded => child is { HasEnded: true };

    private static IReadOnlyList<string> AsNobody => Environment.UserName == "root" ? ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] : [];

    public override string UrlAt(IPAddress address) => string.Create(CultureInfo.InvariantCulture, $"postgres://qgjob:secret@{address}:{Port}/postgres");

    /// <summary>To all its processes.</summary>
    public override void Signal(Signal signal)
    {
        foreach (var id in ProcessIds()) Signals.Send(id, signal);
    }

    public override async ValueTask StartAsync(CancellationToken cancel)
    {
        if (!File.Exists(Path.Combine(Data, "PG_VERSION"))) await MakeAsync(cancel);
        child = Child.Start("postgres", Path.Combine(folder, "postgres.log"), new Dictionary<string, string> { ["LC_ALL"] = "C.UTF-8" }, [
            .. Prefix, .. AsNobody, Programs + "postgres", "-D", Data, "-c", "listen_addresses=" + string.Join(',', new[] { Listen, ListenToo }.OfType<IPAddress>()), "-c", "port=" + Port.ToString(CultureInfo.InvariantCulture),
            "-c", "unix_socket_directories=", "-c", "shared_buffers=64MB", .. Settings.SelectMany(s => (string[])["-c", s])]);
        await Waits.UntilAsync("PostgreSQL answers", async () =>
        {
            if (child.HasEnded) throw new InvalidOperationException(child.Output());
            return await RunAsync([.. Prefix, Programs + "pg_isready", "-q", "-h", Listen.ToString(), "-p", Port.ToString(CultureInfo.InvariantCulture)], cancel) == 0;
        }, Patience, cancel);
    }

    /// <summary>The postmaster first, so that it cannot tidy up after its children.</summary>
    public override async ValueTask KillAsync(CancellationToken cancel)
    {
        var all = ProcessIds();
        foreach (var id in all) Signals.Send(id, Processes.Signal.Kill);
        await child!.EndAsync(cancel);
        await Waits.UntilAsync("PostgreSQL's processes are gone", () => all.All(id => !IsAlive(id)), Patience, cancel);
        await child.DisposeAsync();
        child = null;
    }

    /// <summary>The shutdown that leaves the recovery to the next start.</summary>
    public async Task StopImmediatelyAsync(CancellationToken cancel)
    {
        Signals.Send(ProcessIds()[0], Processes.Signal.Quit);
        await child!.EndAsync(cancel);
        await child.DisposeAsync();
        child = null;
    }

    /// <summary>Runs statements in a session of their own; what they print.</summary>
    public async Task<string> AskAsync(string sql, CancellationToken cancel)
    {
        using var psql = Session("-Atc", sql);
        var said = await psql.StandardOutput.ReadToEndAsync(cancel);
        await psql.WaitForExitAsync(cancel);
        return said.Trim();
    }

    /// <summary>A client that reads its statements from stdin; the caller ends it.</summary>
    public Process Session(params IReadOnlyList<string> arguments)
    {
        List<string> command = [.. Prefix, Programs + "psql", Url, "-qX", .. arguments];
        var start = new ProcessStartInfo(command[0], command.Skip(1))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var process = Process.Start(start)!;
        _ = process.StandardError.BaseStream.CopyToAsync(Stream.Null);
        return process;
    }

    public override async ValueTask DisposeAsync()
    {
        if (child is null) return;
        if (!child.HasEnded)
        {
            Signal(Processes.Signal.Continue);
            foreach (var id in ProcessIds()) Signals.Send(id, Processes.Signal.Kill);
        }
        await child.DisposeAsync();
        child = null;
    }

    private async Task MakeAsync(CancellationToken cancel)
    {
        Directory.CreateDirectory(Data);
        if (AsNobody.Count > 0)
        {
            // The way to it is open for everyone, its content for nobody else.
            for (var path = Path.GetDirectoryName(Data)!; path.Length >= folder.Length; path = Path.GetDirectoryName(path)!) await RunAsync(["chmod", "755", path], cancel);
            await RunAsync(["chown", "nobody:nogroup", Data], cancel);
        }
        var secret = Path.Combine(Path.GetTempPath(), $"qgjob-pw-{Environment.ProcessId}-{Port}");
        await File.WriteAllTextAsync(secret, "secret", cancel);
        try
        {
            if (await RunAsync([.. AsNobody, Programs + "initdb", "-D", Data, "-U", "qgjob", "--auth=scram-sha-256", "--pwfile=" + secret, "--no-sync", "-E", "UTF8", "--locale=C.UTF-8"], cancel) != 0)
                throw new InvalidOperationException("initdb failed");
        }
        finally
        {
            File.Delete(secret);
        }
    }

    /// <summary>The postmaster, then its children.</summary>
    private List<int> ProcessIds()
    {
        var file = Path.Combine(Data, "postmaster.pid");
        if (!File.Exists(file)) return [];
        var postmaster = int.Parse(File.ReadLines(file).First(), CultureInfo.InvariantCulture);
        return [postmaster, .. Directory.GetDirectories("/proc").Select(Path.GetFileName).Where(n => n!.All(char.IsAsciiDigit)).Select(n => int.Parse(n!, CultureInfo.InvariantCulture)).Where(id => ParentOf(id) == postmaster)];
    }

    private static int ParentOf(int id)
    {
        try
        {
            var status = File.ReadAllText($"/proc/{id}/stat");
            return int.Parse(status[(status.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0;
        }
    }

    private static double CpuOf(int id)
    {
        try
        {
            var status = File.ReadAllText($"/proc/{id}/stat");
            var fields = status[(status.LastIndexOf(')') + 2)..].Split(' ');
            // In hundredths of a second: user and system.
            return (long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)) / 100.0;
        }
        catch (IOException)
        {
            return 0;
        }
    }

    private static bool IsAlive(int id)
    {
        try
        {
            var status = File.ReadAllText($"/proc/{id}/stat");
            return status[status.LastIndexOf(')') + 2] != 'Z';
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static async Task<int> RunAsync(IReadOnlyList<string> command, CancellationToken cancel)
    {
        using var process = Process.Start(new ProcessStartInfo(command[0], command.Skip(1)) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        _ = process.StandardOutput.BaseStream.CopyToAsync(Stream.Null, cancel);
        _ = process.StandardError.BaseStream.CopyToAsync(Stream.Null, cancel);
        await process.WaitForExitAsync(cancel);
        return process.ExitCode;
    }
}
