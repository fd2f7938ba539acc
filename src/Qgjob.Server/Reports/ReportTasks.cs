using Qgjob.Client.Wire;
using Qgjob.Core;
using Qgjob.Core.Jobs;
using Qgjob.Core.Runs;
using Qgjob.Core.Storage;
using Qgjob.Server.Artifacts;
using Qgjob.Server.Events;
using Qgjob.Server.Hosting;
using Qgjob.Server.Http;

namespace Qgjob.Server.Reports;

/// <summary>
/// Gives wishes for reports to agents: one of the run's pool whose poll is open, best one that has the run's project already.
/// Making a report twice does no harm, so replicas need no agreement about who does.
/// </summary>
internal sealed partial class ReportTasks(
    IJobStore store, ReportShelf shelf, ReportOffers offers, ArtifactFiles artifacts, Pulses pulses, IIdSource ids, ServerSettings settings, TimeProvider time,
    ILogger<ReportTasks> log) : BackgroundService
{
    private const double LimitSeconds = 600;
    private const string WantedKey = "reports wanted";
    private static readonly TimeSpan Alive = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);
    /// <summary>What nobody here has asked for may still be wished for at another replica.</summary>
    private static readonly TimeSpan LookForOthers = TimeSpan.FromSeconds(5);
    /// <summary>So long after a run's end its attempts may still deliver what they recorded.</summary>
    private static readonly TimeSpan LateFiles = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Forgotten = TimeSpan.FromMinutes(10);
    private readonly HashSet<string> delivered = [];

    /// <summary>Rings when something about a run's report has changed here.</summary>
    public static string Key(string runId) => "report of " + runId;

    public async Task WishAsync(ReportWish wish, CancellationToken cancel)
    {
        await shelf.PutWishAsync(wish, cancel);
        pulses.Ring(WantedKey);
    }

    /// <exception cref="RefusedException">409: the task is somebody else's by now, or nobody's.</exception>
    public async Task<ReportWish> FindAsync(string taskId, CancellationToken cancel) =>
        taskId.Length <= Check.MaxIdLength && taskId.Split('.') is [{ Length: > 0 } runId, _] && runId.All(c => char.IsAsciiLetterOrDigit(c) || c == '-')
        && await shelf.FindWishAsync(runId, cancel) is { } wish && wish.TaskId == taskId
            ? wish
            : throw RefusedException.Conflict("This report is made by somebody else by now, or nobody wants it any more.");

    public async Task AliveAsync(string taskId, CancellationToken cancel)
    {
        var wish = await FindAsync(taskId, cancel);
        await shelf.PutWishAsync(wish with { AliveUntil = time.GetUtcNow() + Alive }, cancel);
    }

    public async Task FailedAsync(string taskId, string reason, CancellationToken cancel)
    {
        var wish = await FindAsync(taskId, cancel);
        LogFailed(wish.RunId, wish.AgentName ?? "", reason);
        await WishAsync(Lost(wish, $"Agent {wish.AgentName} could not make the HTML report: {reason}"), cancel);
        pulses.Ring(Key(wish.RunId));
    }

    public async Task DoneAsync(string runId, CancellationToken cancel)
    {
        await shelf.RemoveWishAsync(runId, cancel);
        pulses.Ring(Key(runId));
    }

    public async Task<string> WhyWaitingAsync(ReportWish wish, CancellationToken cancel)
    {
        if (await store.FindRunAsync(wish.RunId, cancel) is { } run)
        {
            if (!await AreDeliveredAsync(run, cancel)) return "The attempts' files are still on their way.";
            if ((await AgentsOfAsync(run.Pool, cancel)).Count == 0)
                return $"No agent of pool '{run.Pool}' that can make HTML reports is there{(wish.LastFailure is null ? "" : $" now. {wish.LastFailure}")}.";
        }
        return "An agent gets it in a moment.";
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var wanted = pulses.Listen(WantedKey);
        offers.Came = () => pulses.Ring(WantedKey);
        while (!stoppingToken.IsCancellationRequested)
            try
            {
                var wishes = await shelf.WishedAsync(stoppingToken);
                foreach (var runId in wishes) await GiveAsync(runId, stoppingToken);
                await wanted.WaitAsync(wishes.Count > 0 ? Look : LookForOthers, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            // A store or blobs that are away come back; reports wait.
            catch (Exception e)
            {
                LogRound(e.Message);
                await wanted.WaitAsync(Look, stoppingToken);
            }
    }

    private async Task GiveAsync(string runId, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        if (await shelf.FindWishAsync(runId, cancel) is not { } wish || wish.IsBeingMade(now)) return;
        if (await store.FindRunAsync(runId, cancel) is not { } run || (wish.TaskId is null && wish.AskedAt < now - Forgotten))
        {
            await shelf.RemoveWishAsync(runId, cancel);
            return;
        }
        if (wish.TaskId is not null)
        {
            await WishAsync(wish = Lost(wish, $"Agent {wish.AgentName} fell silent while it made the HTML report."), cancel);
            pulses.Ring(Key(runId));
        }
        if (wish.GivenUpAt is not null || !await AreDeliveredAsync(run, cancel)) return;
        var (first, involved) = await InvolvedAsync(run, cancel);
        if (first is null) return;
        foreach (var (agentId, name) in (await AgentsOfAsync(run.Pool, cancel)).OrderBy(a => wish.Failed.Contains(a.Id)).ThenBy(a => !involved.Contains(a.Id)))
        {
            var task = new ReportTask($"{runId}.{ids.NewId("t")}", runId, run.OrgId, first.BundleSha256, first.Config, settings.MaxArtifactBytes / 2, LimitSeconds);
            await shelf.PutWishAsync(wish with { TaskId = task.TaskId, AgentId = agentId, AgentName = name, AliveUntil = now + Alive, Tries = wish.Tries + 1 }, cancel);
            if (offers.Give(agentId, task))
            {
                pulses.Ring(Key(runId));
                return;
            }
            await shelf.PutWishAsync(wish, cancel);
        }
    }

    private ReportWish Lost(ReportWish wish, string reason) => wish with
    {
        TaskId = null,
        AliveUntil = null,
        LastFailure = reason,
        Failed = wish.AgentId is { } agent ? [.. wish.Failed.Append(agent).Distinct()] : wish.Failed,
        GivenUpAt = wish.Tries >= ReportWish.MostTries ? time.GetUtcNow() : null,
    };

    /// <summary>Agents whose poll at this server is open and that may have work of the pool.</summary>
    private async Task<List<(string Id, string Name)>> AgentsOfAsync(string pool, CancellationToken cancel)
    {
        var open = offers.Agents();
        return open.Count == 0 ? [] : [.. (await store.AgentsAsync(cancel)).Where(a => a.Pool == pool && !a.Draining && open.Contains(a.Id)).Select(a => (a.Id, a.Name))];
    }

    /// <summary>What the run's jobs were asked for, and who has run them: those have its project.</summary>
    private async Task<(JobSpec? First, HashSet<string> Agents)> InvolvedAsync(Run run, CancellationToken cancel)
    {
        const int Sample = 20;
        var jobs = await store.ListJobsAsync(new JobFilter(RunId: run.Id), new PageRequest(Sample), cancel);
        var agents = new HashSet<string>();
        foreach (var job in jobs.Items) agents.UnionWith((await store.AttemptsAsync(job.Job.Id, cancel)).Select(a => a.AgentId));
        return (jobs.Items is [var first, ..] ? first.Spec : null, agents);
    }

    /// <summary>The blob reports of all attempts that wrote one have arrived, or had time enough.</summary>
    private async Task<bool> AreDeliveredAsync(Run run, CancellationToken cancel)
    {
        if (time.GetUtcNow() - run.FinishedAt >= LateFiles || delivered.Contains(run.Id)) return true;
        var jobs = await store.ListJobsAsync(new JobFilter(RunId: run.Id), new PageRequest(Math.Max(1, run.Total)), cancel);
        foreach (var (job, _) in jobs.Items)
        {
            if (job.Attempt == 0 || delivered.Contains(job.Id)) continue;
            var recorded = (await store.AttemptsAsync(job.Id, cancel)).Where(a => a.FinishId is not null && a.Outcome is AttemptOutcome.Passed or AttemptOutcome.Failed or AttemptOutcome.Skipped).ToList();
            var there = (await artifacts.ListAsync(job.Id, cancel)).Where(a => a.Name.StartsWith("blob/", StringComparison.Ordinal)).Select(a => a.Attempt).ToHashSet();
            if (!recorded.TrueForAll(a => there.Contains(a.Number))) return false;
            delivered.Add(job.Id);
        }
        delivered.ExceptWith(jobs.Items.Select(j => j.Job.Id));
        delivered.Add(run.Id);
        return true;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The HTML report of {Run} could not be made by {Agent}: {Reason}")]
    private partial void LogFailed(string run, string agent, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Reports wait: {Reason}")]
    private partial void LogRound(string reason);
}
