using System.Reflection;
using System.Runtime.InteropServices;
using Qgjob.Core;
using Qgjob.Core.Storage;
using Qgjob.Server.Agents;
using Qgjob.Server.Apps;
using Qgjob.Server.Artifacts;
using Qgjob.Server.Auth;
using Qgjob.Server.Auth.Oidc;
using Qgjob.Server.Backup;
using Qgjob.Server.Blobs;
using Qgjob.Server.Blobs.S3;
using Qgjob.Server.Bundles;
using Qgjob.Server.Devices;
using Qgjob.Server.Dispatch;
using Qgjob.Server.Events;
using Qgjob.Server.Groups;
using Qgjob.Server.History;
using Qgjob.Server.Http;
using Qgjob.Server.Jobs;
using Qgjob.Server.Logs;
using Qgjob.Server.Notifications;
using Qgjob.Server.Orgs;
using Qgjob.Server.Pages;
using Qgjob.Server.Quarantines;
using Qgjob.Server.Reports;
using Qgjob.Server.Resources;
using Qgjob.Server.Retention;
using Qgjob.Server.Runs;
using Qgjob.Server.Trace;
using Qgjob.Stores;

namespace Qgjob.Server.Hosting;

/// <summary>Puts the server together; tests start it in their own process.</summary>
internal static class ServerHost
{
    public static string Version { get; } =
        typeof(ServerHost).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0";

    public static async Task<int> RunAsync(string[] args)
    {
        if (args is ["--help"] or ["-h"] or ["help"])
        {
            Console.WriteLine($"qgjob-server [settings]\n{BackupCommands.Usage}\n\n" + string.Join('\n', ServerSettings.Keys.Select(k => $"  --{k.Key,-14} {k.Help}")));
            return 0;
        }
        if (args is ["--version"] or ["version"])
        {
            Console.WriteLine(Version);
            return 0;
        }
        if (args.Length > 0 && BackupCommands.Is(args[0])) return await RunBackupAsync(args);
        try
        {
            await using var app = await BuildAsync(args, TimeProvider.System, store: null, CancellationToken.None);
            await app.StartAsync();
            var address = app.Urls.First();
            var settings = app.Services.GetRequiredService<ServerSettings>();
            if (settings.PortFile is { } file) WriteAtomically(file, address + "\n");
            Console.WriteLine($"qgjob-server {Version} is ready at {address} (store {settings.Store}, blobs {app.Services.GetRequiredService<IBlobs>().Place})");
            await app.WaitForShutdownAsync();
            return 0;
        }
        catch (SettingsException e)
        {
            await Console.Error.WriteLineAsync($"qgjob-server: {e.Message}");
            return 2;
        }
        // A port in use, a folder that cannot be written, a database that cannot be opened: the message says it all.
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or StoreUnavailableException)
        {
            await Console.Error.WriteLineAsync($"qgjob-server: {e.Message}");
            return 1;
        }
    }

    private static async Task<int> RunBackupAsync(string[] args)
    {
        using var stop = new CancellationTokenSource();
        using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            stop.Cancel();
        }
        try
        {
            return await new BackupCommands(TimeProvider.System, Console.Error.WriteLine)
                .RunAsync(args, Console.OpenStandardInput(), Console.OpenStandardOutput(), stop.Token);
        }
        catch (OperationCanceledException)
        {
            await Console.Error.WriteLineAsync("qgjob-server: interrupted; nothing was imported, and no file was written.");
            return 130;
        }
    }

    /// <summary>The server, not started yet.</summary>
    /// <param name="args">As on the command line.</param>
    /// <param name="time">This machine's clock, for everything but the sockets; the store may have a better one.</param>
    /// <param name="store">Instead of what <c>--store</c> says.</param>
    /// <param name="cancel">Ends the opening of the store.</param>
    /// <param name="tell">Gets what people must read now; standard error unless told.</param>
    public static async Task<WebApplication> BuildAsync(string[] args, TimeProvider time, IJobStore? store, CancellationToken cancel, Action<string>? tell = null)
    {
        // Watching the working folder for changes of appsettings.json would watch whole checkouts.
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = ["--hostBuilder:reloadConfigOnChange=false"] });
        var settings = ServerSettings.Read(args, Environment.GetEnvironmentVariable, builder.Configuration.GetSection("qgjob"));
        Directory.CreateDirectory(settings.DataFolder);
        var access = Access.Open(settings, tell ?? Console.Error.WriteLine);
        var clock = new StoreClock(time);
        var ids = new TimeOrderedIds(clock);
        var warnings = new StoreWarnings();
        IBlobs blobs = settings.Bucket is { } bucket ? new S3Blobs(bucket, ids) : new BlobFolder(settings.BlobsFolder, ids);
        await blobs.CheckAsync(cancel);
        store ??= await OpenStoreAsync(settings, time, ids, warnings, cancel);
        await clock.ReadAsync(store, cancel);

        builder.WebHost.UseUrls(settings.Urls).ConfigureKestrel(kestrel => kestrel.AddServerHeader = false);
        builder.Logging.ClearProviders()
            .AddSimpleConsole(o => o.SingleLine = true)
            .SetMinimumLevel(settings.LogLevel)
            // What the web server says of every request is of use only to who asks for it.
            .AddFilter("Microsoft", settings.LogLevel <= LogLevel.Debug ? settings.LogLevel : LogLevel.Warning)
            // Why the start failed is said in one line below.
            .AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Critical);
        builder.Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(o => o.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromSeconds(10));
        builder.Services
            .AddSingleton(settings)
            .AddSingleton(access)
            .AddSingleton<OidcAccess>()
            .AddSingleton(clock)
            .AddSingleton<TimeProvider>(clock)
            .AddSingleton(store)
            .AddSingleton<IIdSource>(ids)
            .AddSingleton(_ => blobs)
            .AddSingleton<Uploads>()
            .AddSingleton<Pulses>()
            .AddSingleton<AttemptAccess>()
            .AddSingleton<LogFiles>()
            .AddSingleton<LeftOutFiles>()
            .AddSingleton<ArtifactFiles>()
            .AddSingleton<Forecasts>()
            .AddSingleton<JobReader>()
            .AddSingleton<RunReader>()
            .AddSingleton<RunEnds>()
            .AddSingleton<ReportShelf>()
            .AddSingleton<ReportOffers>()
            .AddSingleton<ReportTasks>()
            .AddSingleton<HtmlReports>()
            .AddSingleton<ResourceNeeds>()
            .AddSingleton<HookTargets>()
            .AddSingleton<HookChecks>()
            .AddSingleton<HookMessages>()
            .AddSingleton<RunJudge>()
            .AddSingleton<HookSender>()
            .AddSingleton<PriorityCaps>()
            .AddSingleton<DeviceFit>()
            .AddSingleton<Splits>()
            .AddSingleton<Submissions>()
            .AddSingleton<Reruns>()
            .AddSingleton<PastJobs>()
            .AddSingleton<EventFeed>()
            .AddSingleton<Contact>()
            .AddSingleton<Housekeeping>()
            .AddSingleton<Dispatcher>()
            .AddSingleton<JobFiles>()
            .AddSingleton<RemovedFiles>()
            .AddSingleton<Settled>()
            .AddSingleton<TestReader>()
            .AddSingleton<QuarantineReader>()
            .AddSingleton<HistoryRetention>()
            .AddSingleton<FileRetention>()
            .AddSingleton<UploadRetention>()
            .AddSingleton<RetentionRound>()
            .AddHostedService<RetentionService>()
            .AddHostedService(services => services.GetRequiredService<ReportTasks>())
            .AddHostedService<NotificationService>()
            .AddHostedService<ClockReadings>()
            .AddHostedService(services => services.GetRequiredService<Dispatcher>())
            .ConfigureHttpJsonOptions(o => WireOptions.Apply(o.SerializerOptions))
            .AddOpenApi(ApiDocument.Configure);

        var app = builder.Build();
        warnings.LogTo(app.Services.GetRequiredService<ILogger<StoreWarnings>>());
        app.Services.GetRequiredService<Uploads>().RemoveLeftovers();
        app.UseMiddleware<ProblemMiddleware>();
        app.UseMiddleware<AccessMiddleware>();
        app.UseRouting();
        app.UseMiddleware<PermitMiddleware>();
        var api = app.MapGroup("/api/v1").AddKnownQueryFilter();
        api.MapJobs();
        api.MapLogs();
        api.MapArtifacts();
        api.MapRuns();
        api.MapReports();
        api.MapReportPages();
        api.MapEvents();
        api.MapApps();
        api.MapBundles();
        api.MapGroups();
        api.MapDevices();
        api.MapAgents();
        api.MapOrgs();
        api.MapTests();
        api.MapResources();
        api.MapHooks();
        api.MapQuarantine();
        api.MapTrace();
        app.MapAgentProtocol();
        app.MapReportProtocol();
        app.MapHealth();
        app.MapApiDocument();
        app.MapHomePage();
        return app;
    }

    private static async Task<IJobStore> OpenStoreAsync(ServerSettings settings, TimeProvider time, IIdSource ids, StoreWarnings warnings, CancellationToken cancel)
    {
        try
        {
            return await StoreFactory.OpenAsync(settings.Store, time, ids, cancel, warnings.Add);
        }
        catch (StoreOpenException e)
        {
            throw new SettingsException("store", e.Message);
        }
    }

    private static void WriteAtomically(string path, string text)
    {
        var part = path + ".part";
        File.WriteAllText(part, text);
        File.Move(part, path, overwrite: true);
    }
}
