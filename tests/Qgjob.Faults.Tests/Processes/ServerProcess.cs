using System.Globalization;
using System.Net;

namespace Qgjob.Faults.Tests.Processes;

/// <summary>A <c>qgjob-server</c> on a port that stays the same when it is started anew.</summary>
internal sealed class ServerProcess(string name, string store, string folder, string blobs) : IAsyncDisposable
{
    private const int Restarts = 3;
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(40);
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(3) };
    private Child? child;
    private int startsLeft = Restarts;

    public string Name => name;

    /// <summary>Short leases make short rounds; the margin is what keeps two attempts apart.</summary>
    public IReadOnlyList<string> Times { get; init; } = ["--lease-ttl", "3s", "--lease-renew", "700ms", "--lease-margin", "1s"];

    /// <summary>Put before the command: a network namespace, another clock, a limit.</summary>
    public IReadOnlyList<string> Prefix { get; set; } = [];

    /// <summary>Another version, for instance; counts from the next start on.</summary>
    public string Program { get; set; } = Programs.Server;

    public IReadOnlyDictionary<string, string> Environment { get; set; } = new Dictionary<string, string>();

    public IPAddress Listen { get; init; } = IPAddress.Loopback;

    public int Port { get; init; } = Ports.Free();

    /// <summary>Where submitters reach it, and <see cref="UrlForAgents"/>, where agents do: two ways, so that one can be cut.</summary>
    public Uri Url => new($"http://{Listen}:{Port.ToString(CultureInfo.InvariantCulture)}");

    public IPAddress? ListenForAgents { get; init; }

    public Uri UrlForAgents => new($"http://{ListenForAgents ?? Listen}:{Port.ToString(CultureInfo.InvariantCulture)}");

    public bool IsRunning => child is { HasEnded: false };

    public Child Process => child ?? throw new InvalidOperationException($"{name} was not started.");

    public string LogFile => Path.Combine(folder, name + ".log");

    public void Launch()
    {
        child = Child.Start(name, LogFile, Environment, [
            .. Prefix, Program, "--store", store, "--data", Path.Combine(folder, name), "--blobs", blobs,
            "--urls", string.Join(';', new[] { Url, UrlForAgents }.Distinct().Select(u => u.ToString().TrimEnd('/'))), "--log-level", "warning", .. Times]);
    }

    /// <summary>Again when it gave up on a store that was slow to answer, as whoever supervises services does.</summary>
    public async Task StartAsync(CancellationToken cancel)
    {
        startsLeft = Restarts;
        Launch();
        await ReadyAsync(cancel);
    }

    public Task ReadyAsync(CancellationToken cancel) => Waits.UntilAsync($"{name} is ready\n{child!.Output()}", async () =>
    {
        if (child!.HasEnded)
        {
            if (startsLeft-- <= 0) throw new InvalidOperationException($"{name} ended with exit code {child.ExitCode}.\n{child.Output()}");
            await child.DisposeAsync();
            Launch();
        }
        return await IsReadyAsync(cancel);
    }, StartLimit, cancel);

    /// <summary>Somebody was told that the store does not answer; clients that repeat calls by themselves never hear of it.</summary>
    public bool HasRefused => File.ReadAllText(LogFile).Contains("told to try again", StringComparison.Ordinal);

    public async Task<bool> IsReadyAsync(CancellationToken cancel)
    {
        try
        {
            using var response = await Http.GetAsync(new Uri(Url, "/readyz"), cancel);
            return response.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException || (e is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            return false;
        }
    }

    public async Task KillAsync(CancellationToken cancel)
    {
        if (child is null) return;
        if (!child.HasEnded) await child.KillAsync(cancel);
        await child.DisposeAsync();
        child = null;
    }

    /// <summary>In order, as an operator does.</summary>
    public async Task StopAsync(CancellationToken cancel)
    {
        if (child is null || child.HasEnded) return;
        child.Signal(Signal.Terminate);
        await child.EndAsync(cancel);
        await child.DisposeAsync();
        child = null;
    }

    public async ValueTask DisposeAsync()
    {
        if (child is not null) await child.DisposeAsync();
        child = null;
    }
}
