using System.Globalization;

namespace Qgjob.Lifecycle.Processes;

/// <summary>A store of our own: its server, if it has one, on a private port with its data in the given folder.</summary>
internal sealed class StoreHome(string name, string url, OwnedProcess? server) : IAsyncDisposable
{
    public string Name => name;
    public string Url => url;
    public double CpuSeconds => server is null ? 0 : Cpu.Of(server.Pid);

    /// <param name="store"><c>memory</c>, <c>sqlite</c>, <c>postgres</c>, <c>redis</c>, or the URL of a store that is there already.</param>
    /// <param name="folder">For its data.</param>
    /// <param name="cancel">Ends the start.</param>
    public static async Task<StoreHome> StartAsync(string store, string folder, CancellationToken cancel) => store switch
    {
        "memory" => new StoreHome(store, "memory", null),
        "sqlite" => new StoreHome(store, "sqlite:" + Path.Combine(folder, "jobs.db"), null),
        "postgres" => await PostgresAsync(folder, cancel),
        "redis" => await RedisAsync(folder, cancel),
        _ => new StoreHome(store.Split(':')[0], store, null),
    };

    /// <summary>PostgreSQL as its package sets it up: fsync and synchronous commits on.</summary>
    private static async Task<StoreHome> PostgresAsync(string folder, CancellationToken cancel)
    {
        var programs = Directory.GetDirectories("/usr/lib/postgresql").Order(StringComparer.Ordinal).Last() + "/bin/";
        var data = Directory.CreateDirectory(Path.Combine(folder, "pg")).FullName;
        string[] user = [];
        if (Environment.UserName == "root")
        {
            // It refuses to run as root.
            user = ["--reuid", "postgres", "--regid", "postgres", "--clear-groups"];
            await OwnedProcess.RunAsync("chown", ["postgres", data], cancel);
            await OwnedProcess.RunAsync("chmod", ["o+x", folder], cancel);
        }
        await OwnedProcess.RunAsync("setpriv", [.. user, programs + "initdb", "-D", data, "-U", "postgres", "-A", "trust"], cancel);
        var port = OwnedProcess.FreePort();
        var server = OwnedProcess.Start("setpriv",
            [.. user, programs + "postgres", "-D", data, "-p", port.ToString(CultureInfo.InvariantCulture), "-h", "127.0.0.1", "-k", data], Path.Combine(folder, "postgres.log"), stopSignal: 2);
        await server.ListensAsync(port, cancel);
        for (var tries = 0; ; tries++)
            try
            {
                await OwnedProcess.RunAsync("psql", ["-qh", "127.0.0.1", "-p", port.ToString(CultureInfo.InvariantCulture), "-U", "postgres", "-c", "create database jobs", "postgres"], cancel);
                break;
            }
            // It listens before it is ready.
            catch (InvalidOperationException) when (tries < 100)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, cancel);
            }
        return new StoreHome("postgres", $"postgres://postgres@127.0.0.1:{port}/jobs", server);
    }

    /// <summary>Redis with its file of commands synced every second.</summary>
    private static async Task<StoreHome> RedisAsync(string folder, CancellationToken cancel)
    {
        var port = OwnedProcess.FreePort();
        var server = OwnedProcess.Start("redis-server",
            ["--bind", "127.0.0.1", "--port", port.ToString(CultureInfo.InvariantCulture), "--dir", folder, "--save", "", "--appendonly", "yes", "--appendfsync", "everysec"],
            Path.Combine(folder, "redis.log"));
        await server.ListensAsync(port, cancel);
        return new StoreHome("redis", $"redis://127.0.0.1:{port}", server);
    }

    public async ValueTask DisposeAsync()
    {
        if (server is not null) await server.DisposeAsync();
    }
}
