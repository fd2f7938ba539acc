using System.Net;
using Qgjob.Client;
using Qgjob.Client.Http;
using Qgjob.Client.Wire;
using Qgjob.Core.Storage;

namespace Qgjob.Agent.Leases;

/// <summary>
/// Keeps a long poll open that names every free device and every held lease. An open poll is never broken off, since
/// its answer may be a lease already: when something is not covered by it, a further poll is opened beside it.
/// </summary>
internal sealed class WorkPolls(
    AgentClient client, AgentIdentity identity, Registration registration, LeaseKeeper leases,
    Func<IReadOnlyList<string>> freeDevices, Action<HeldLease> start, ServerNews news, TimeProvider time, Random random)
{
    private const double WaitSeconds = 30;
    // Far above what normal work needs; a guard against a server that holds polls and forgets them.
    private const int MostPolls = 16;
    private static readonly TimeSpan Forever = TimeSpan.FromHours(1);
    // A server that answers "nothing" at once must not be asked in a tight loop.
    private static readonly TimeSpan EmptyPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Quick = TimeSpan.FromSeconds(WaitSeconds / 2);
    private readonly Pulse changed = new(time);
    private volatile bool draining;
    private volatile bool offerDevices;

    /// <summary>No new work is asked for; what runs is still told of cancels.</summary>
    public bool Draining
    {
        get => draining;
        set
        {
            draining = value;
            Refresh();
        }
    }

    /// <summary>A poll is open whose answer may bring work.</summary>
    public bool OfferDevices => offerDevices;

    /// <summary>Asked whenever a poll begins.</summary>
    public Func<bool> CanMakeReport { get; set; } = () => false;

    /// <summary>Gets what a poll brings for who can make reports.</summary>
    public Action<ReportTask> MakeReport { get; set; } = _ => { };

    /// <summary>Devices or leases have changed.</summary>
    public void Refresh() => changed.Set();

    /// <summary>Polls until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        client.Servers.Moved += Refresh;
        var open = new List<OpenPoll>();
        var backoff = new Backoff(time, random);
        var changed = this.changed.WaitAsync(Forever, cancel);
        while (true)
        {
            await registration.Done.WaitAsync(cancel).ConfigureAwait(false);
            if (Uncovered(open) is { } request) open.Add(new OpenPoll(request, client.Servers.Current, time.GetTimestamp(), client.WorkAsync(request, cancel)));
            offerDevices = open.Exists(p => p.Request.FreeDevices.Count > 0);
            await Task.WhenAny([changed, .. open.Select(p => p.Answer)]).ConfigureAwait(false);
            cancel.ThrowIfCancellationRequested();
            if (changed.IsCompleted) changed = this.changed.WaitAsync(Forever, cancel);
            foreach (var poll in open.Where(p => p.Answer.IsCompleted).ToList())
            {
                open.Remove(poll);
                if (await ReadAsync(poll, backoff).ConfigureAwait(false) is { } pause) await Task.Delay(pause, time, cancel).ConfigureAwait(false);
            }
        }
    }

    private WorkRequest? Uncovered(List<OpenPoll> open)
    {
        var free = draining ? [] : freeDevices();
        var held = leases.Held.Select(l => l.Ref).ToList();
        // A server that calls have left may hold its poll for long without being able to answer it.
        var good = open.FindAll(p => p.Server == client.Servers.Current && !(draining && p.Request.FreeDevices.Count > 0));
        var covered = good.Count > 0
            && free.All(d => good.Exists(p => p.Request.FreeDevices.Contains(d)))
            && held.TrueForAll(l => good.Exists(p => p.Request.Leases.Contains(l)));
        // That alone is no reason for another poll: the next one says it soon enough.
        bool? makesReports = !draining && CanMakeReport() ? true : null;
        return covered || open.Count >= MostPolls ? null : new WorkRequest(identity.AgentId, identity.BootId, free, held, WaitSeconds, makesReports);
    }

    /// <returns>How long to wait before asking again; null for not at all.</returns>
    private async Task<TimeSpan?> ReadAsync(OpenPoll poll, Backoff backoff)
    {
        try
        {
            var answer = await poll.Answer.ConfigureAwait(false);
            var receivedAt = time.GetTimestamp();
            news.Up();
            backoff.Reset();
            foreach (var lost in answer.Lost) leases.Apply(lost, LeaseState.Lost);
            foreach (var canceled in answer.Cancel) leases.Apply(canceled, LeaseState.Cancel);
            foreach (var assignment in answer.Assignments)
                if (leases.Take(assignment, receivedAt) is { } lease) start(lease);
            if (answer.Report is { } report) MakeReport(report);
            var empty = answer.Assignments.Count + answer.Lost.Count + answer.Cancel.Count == 0 && answer.Report is null;
            return empty && !answer.Superseded && time.GetElapsedTime(poll.OpenedAt) < Quick ? EmptyPause : null;
        }
        catch (ApiException e) when (e.Status == HttpStatusCode.Conflict)
        {
            registration.Forget();
            return backoff.Next();
        }
        catch (Exception e) when (e is ApiException or ServerUnreachableException)
        {
            news.Down(e.Message);
            return backoff.Next();
        }
    }

    private sealed record OpenPoll(WorkRequest Request, Uri Server, long OpenedAt, Task<WorkResponse> Answer);
}
