using System.Globalization;
using Qgjob.Client;
using Qgjob.Client.Http;
using Qgjob.Faults.Tests.Agents;
using Qgjob.Faults.Tests.Processes;
using Qgjob.Faults.Tests.Stores;

namespace Qgjob.Faults.Tests;

/// <summary>A whole installation of real processes: a store, servers over it, agents with phones.</summary>
internal sealed class Site : IAsyncDisposable
{
    private readonly List<(AgentSettings Settings, Child? Child)> agents = [];
    private readonly bool keep = Environment.GetEnvironmentVariable("QGJOB_FAULTS_KEEP") is { Length: > 0 };

    private Site(string folder, StoreUnderFault store) => (Folder, Store) = (folder, store);

    public string Folder { get; }

    public StoreUnderFault Store { get; }

    public List<ServerProcess> Servers { get; } = [];

    public string PhoneLogs => Path.Combine(Folder, "phones");

    public IReadOnlyList<AgentSettings> Agents => [.. agents.Select(a => a.Settings)];

    public IReadOnlyList<Uri> Addresses => [.. Servers.Select(s => s.Url)];

    /// <summary>Store and servers; agents are started by <see cref="StartAgent"/>.</summary>
    public static async Task<Site> StartAsync(Func<string, StoreUnderFault> makeStore, int servers, CancellationToken cancel, Func<string, StoreUnderFault, string, ServerProcess>? makeServer = null)
    {
        var folder = Directory.CreateTempSubdirectory("qgjob-faults-").FullName;
        var site = new Site(folder, makeStore(folder));
        try
        {
            await site.Store.StartAsync(cancel);
            for (var i = 1; i <= servers; i++)
            {
                var name = string.Create(CultureInfo.InvariantCulture, $"server-{i}");
                site.Servers.Add(makeServer?.Invoke(name, site.Store, folder) ?? new ServerProcess(name, site.Store.Url, folder, Path.Combine(folder, "blobs")));
                site.Servers[^1].Launch();
            }
            foreach (var server in site.Servers) await server.ReadyAsync(cancel);
            return site;
        }
        catch
        {
            await site.DisposeAsync();
            throw;
        }
    }

    /// <summary>An API client that any of the servers serves.</summary>
    public QgjobClient NewClient(int first = 0) => new(NewTransport(first));

    public Transport NewTransport(int first = 0) => new([.. Addresses.Skip(first % Addresses.Count), .. Addresses.Take(first % Addresses.Count)], null, TimeProvider.System);

    public void AddAgent(string name, int phones, IReadOnlyList<Uri>? servers = null, IReadOnlyList<string>? ids = null)
    {
        var settings = new AgentSettings(name, Path.Combine(Folder, name), phones, servers ?? [.. Addresses.Skip(agents.Count % Addresses.Count), .. Addresses.Take(agents.Count % Addresses.Count)], PhoneLogs);
        agents.Add((ids is null ? settings : settings with { Ids = ids }, null));
    }

    /// <summary>The program of agents that are started from now on.</summary>
    public string AgentProgram { get; set; } = Programs.Self;

    public void StartAgent(int index, IReadOnlyList<string>? prefix = null)
    {
        var settings = agents[index].Settings;
        agents[index] = (settings, Child.Start(settings.Name, Path.Combine(Folder, settings.Name + ".log"), settings.ToEnvironment(), [.. prefix ?? [], AgentProgram]));
    }

    public Child Agent(int index) => agents[index].Child ?? throw new InvalidOperationException($"{agents[index].Settings.Name} does not run.");

    public async Task KillAgentAsync(int index, CancellationToken cancel)
    {
        await Agent(index).KillAsync(cancel);
        await Agent(index).DisposeAsync();
        agents[index] = (agents[index].Settings, null);
    }

    /// <summary>The latest of what everyone said, for a test that failed.</summary>
    public string Logs()
    {
        var text = new System.Text.StringBuilder();
        foreach (var file in Directory.GetFiles(Folder, "*.log"))
        {
            var said = File.ReadAllText(file);
            text.Append(CultureInfo.InvariantCulture, $"\n=== {Path.GetFileName(file)}\n{(said.Length > 3000 ? "…" + said[^3000..] : said)}");
        }
        return text.ToString();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var (_, child) in agents)
            if (child is not null) await child.DisposeAsync();
        foreach (var server in Servers) await server.DisposeAsync();
        await Store.DisposeAsync();
        if (!keep) Directory.Delete(Folder, recursive: true);
    }
}
