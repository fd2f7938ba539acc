using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Time.Testing;
using Qgjob.Client;
using Qgjob.Client.Http;
using Qgjob.Core.Storage;
using Qgjob.Core.Storage.Memory;
using Qgjob.Server.Hosting;
using Xunit;

namespace Qgjob.Server.Tests;

/// <summary>The real server in this process, on a free port, with a clock that only tests move.</summary>
internal sealed class RunningServer : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly string folder;

    private RunningServer(WebApplication app, string folder, FakeTimeProvider time)
    {
        this.app = app;
        this.folder = folder;
        Time = time;
        Address = new Uri(app.Urls.First());
        Http = new HttpClient { BaseAddress = Address };
        var transport = new Transport(Address, null, TimeProvider.System);
        Client = new QgjobClient(transport);
        Agent = new AgentClient(transport);
    }

    public Uri Address { get; }
    public HttpClient Http { get; }
    public QgjobClient Client { get; }
    public AgentClient Agent { get; }
    public FakeTimeProvider Time { get; }
    public string Blobs => Path.Combine(folder, "blobs");
    public IServiceProvider Services => app.Services;

    public static Task<RunningServer> StartAsync(IJobStore? store = null, params string[] more) => StartAsync(Clock(), store, more);

    public static FakeTimeProvider Clock() => new(new DateTimeOffset(2030, 1, 1, 8, 0, 0, TimeSpan.Zero));

    public static Task<RunningServer> StartAsync(FakeTimeProvider time, IJobStore? store = null, params string[] more) => StartAsync(time, time, store, more);

    /// <summary>With a machine's clock that may differ from the time that tests move; its timers must be that time's.</summary>
    public static async Task<RunningServer> StartAsync(TimeProvider machine, FakeTimeProvider time, IJobStore? store, params string[] more)
    {
        var folder = Directory.CreateTempSubdirectory("qgjob-server-test").FullName;
        var app = await ServerHost.BuildAsync(
            ["--urls", "http://127.0.0.1:0", "--data", folder, .. more], machine, store ?? new MemoryStore(), TestContext.Current.CancellationToken);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new RunningServer(app, folder, time);
    }

    /// <summary>Lets time pass second by second: a jump would look like a process that was suspended.</summary>
    public async Task PassAsync(TimeSpan length)
    {
        for (var passed = TimeSpan.Zero; passed < length; passed += TimeSpan.FromSeconds(1))
        {
            Time.Advance(TimeSpan.FromSeconds(1));
            await Client.HealthAsync(TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Ends it in order, before its time.</summary>
    public Task StopAsync() => app.StopAsync(TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        Client.Dispose();
        await app.StopAsync(TestContext.Current.CancellationToken);
        await app.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }
}
