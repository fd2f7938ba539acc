using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Qgjob.Faults.Tests.Processes;
using Qgjob.Faults.Tests.Stores;

namespace Qgjob.Faults.Tests;

/// <summary>A server that cannot have its store says why in one line, without secrets, and ends.</summary>
public sealed class StartTests : IAsyncLifetime
{
    private const int WrongSetting = 2;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(40);
    private readonly string folder = Directory.CreateTempSubdirectory("qgjob-faults-").FullName;
    private StoreUnderFault? store;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (store is not null) await store.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData("mysql://localhost/qgjob", "Unknown store")]
    [InlineData("postgres://", "postgres://")]
    [InlineData("postgres://localhost:5432", "database")]
    [InlineData("redis://localhost:not-a-port", "redis")]
    [InlineData("postgres://u:hush-hush@127.0.0.1:REFUSED/qgjob", "cannot be reached")]
    [InlineData("redis://:hush-hush@127.0.0.1:REFUSED", "127.0.0.1")]
    [InlineData("postgres://u:hush-hush@127.0.0.1:SILENT/qgjob", "did not answer in time")]
    [InlineData("redis://:hush-hush@127.0.0.1:SILENT", "127.0.0.1")]
    public async Task A_store_that_is_not_there(string url, string says)
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var port = ((IPEndPoint)silent.LocalEndpoint).Port;
        url = url.Replace("SILENT", port.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("REFUSED", Ports.Free().ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
        Assert.Contains(says, await RefusalAsync(url), StringComparison.Ordinal);
    }

    [Fact]
    public async Task PostgreSQL_refuses()
    {
        var postgres = new PostgresUnderFault(folder);
        store = postgres;
        await postgres.StartAsync(Cancel);
        Assert.Contains("password", await RefusalAsync(postgres.Url.Replace("secret", "hush-hush", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Contains("no such database", await RefusalAsync(postgres.Url[..postgres.Url.LastIndexOf('/')] + "/nowhere"), StringComparison.Ordinal);
        await postgres.AskAsync("create role guest login password 'hush-hush'", Cancel);
        Assert.Contains("lacks a right", await RefusalAsync(postgres.Url.Replace("qgjob:secret", "guest:hush-hush", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Redis_refuses()
    {
        var redis = new RedisUnderFault(folder, AppendOnly.Always);
        store = redis;
        await redis.StartAsync(Cancel);
        await redis.AskAsync("ACL SETUSER guest on >hush-hush ~* &* +@all -hset", Cancel);
        Assert.Contains("may not use HSET", await RefusalAsync(redis.Url.Replace("redis://", "redis://guest:hush-hush@", StringComparison.Ordinal)), StringComparison.Ordinal);
        await redis.AskAsync("CONFIG SET requirepass something", Cancel);
        Assert.Contains("password", await RefusalAsync(redis.Url.Replace("redis://", "redis://:hush-hush@", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Contains("password", await RefusalAsync(redis.Url), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_file_that_may_not_be_written()
    {
        Assert.SkipUnless(Environment.UserName == "root", "only root can start a server as somebody else");
        var file = Path.Combine(folder, "jobs.db");
        await using (var server = new ServerProcess("first", "sqlite:" + file, folder, Path.Combine(folder, "blobs"))) await server.StartAsync(Cancel);
        var data = Directory.CreateDirectory(Path.Combine(folder, "theirs")).FullName;
        using var chmod = System.Diagnostics.Process.Start("chmod", ["777", folder, data]);
        await chmod.WaitForExitAsync(Cancel);
        var said = await RefusalAsync("sqlite:" + file, "setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "env", "DOTNET_gcServer=0");
        Assert.Contains(file, said, StringComparison.Ordinal);
    }

    private async Task<string> RefusalAsync(string url, params string[] prefix)
    {
        var log = Path.Combine(folder, "refused.log");
        File.Delete(log);
        await using (var server = Child.Start("server", log, new Dictionary<string, string>(),
            [.. prefix, Programs.Server, "--store", url, "--data", Path.Combine(folder, "theirs"), "--urls", "http://127.0.0.1:0"]))
        {
            await server.EndAsync(Cancel, Limit);
            Assert.True(server.ExitCode == WrongSetting, $"exit code {server.ExitCode}\n{server.Output()}");
        }
        var lines = (await File.ReadAllLinesAsync(log, Cancel)).Where(l => !l.StartsWith("---", StringComparison.Ordinal)).ToList();
        Assert.True(lines.Count == 1, string.Join('\n', lines));
        Assert.DoesNotContain("hush-hush", lines[0], StringComparison.Ordinal);
        TestContext.Current.TestOutputHelper?.WriteLine(lines[0]);
        return lines[0];
    }
}
