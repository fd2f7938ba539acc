using System.Collections.Concurrent;
using System.Net;
using Qgjob.Client.Http;

namespace Qgjob.Faults.Tests.Load;

/// <summary>Submitters that keep more work waiting than the phones can do.</summary>
internal sealed class Load : IAsyncDisposable
{
    private readonly CancellationTokenSource enough = new();
    private readonly ConcurrentQueue<RunRecord> runs = new();
    private readonly ConcurrentDictionary<int, int> refusals = new();
    private readonly List<IDisposable> clients = [];
    private Task working = Task.CompletedTask;

    private Load(string name) => Name = name;

    public string Name { get; }

    /// <summary>The store may lose what it had acknowledged.</summary>
    public bool MayForget { get; init; }

    /// <summary>Every run must be over so long after the faults.</summary>
    public TimeSpan EndLimit { get; init; } = TimeSpan.FromSeconds(45);

    public ConcurrentBag<string> Violations { get; } = [];

    public IReadOnlyList<RunRecord> Runs => [.. runs];

    /// <summary>Answers other than success, by status; 0 is none at all.</summary>
    public IReadOnlyDictionary<int, int> Refusals => refusals;

    public static Load Start(Site site, int seed, int submitters, CancellationToken cancel, string name = "load", bool mayForget = false)
    {
        var load = new Load(name) { MayForget = mayForget };
        var all = new List<Task>();
        for (var i = 0; i < submitters; i++)
        {
            var client = site.NewClient(i);
            load.clients.Add(client);
            var submitter = new Submitter(load, client, new Random(seed + i), i);
            all.Add(Task.Run(() => submitter.WorkAsync(load.enough.Token, cancel), cancel));
        }
        load.working = Task.WhenAll(all);
        return load;
    }

    public void Add(RunRecord run) => runs.Enqueue(run);

    public void NoteRefusal(Exception e)
    {
        var status = e is ApiException { Status: var s } ? (int)s : 0;
        refusals.AddOrUpdate(status, 1, (_, n) => n + 1);
        // A store that is away is 503; anything else of the kind is a bug that would hide behind the repetition.
        if (status is >= 500 and not (int)HttpStatusCode.ServiceUnavailable) Violations.Add($"the server answered {status}: {e.Message}");
    }

    /// <summary>No further submissions; ends when all runs are over.</summary>
    public async Task EndAsync()
    {
        await enough.CancelAsync();
        await working;
    }

    public async ValueTask DisposeAsync()
    {
        await enough.CancelAsync();
        try
        {
            await working;
        }
        catch (Exception e) when (e is OperationCanceledException or ApiException)
        {
            // The test has failed already.
        }
        foreach (var client in clients) client.Dispose();
        enough.Dispose();
    }
}
