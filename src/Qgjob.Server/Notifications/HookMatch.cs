using Qgjob.Client.Projects;
using Qgjob.Core.Notifications;

namespace Qgjob.Server.Notifications;

/// <summary>What of a run that ended concerns a hook. Pure.</summary>
internal sealed class HookMatch(Hook hook)
{
    private readonly List<Glob> tests = [.. hook.Filter.Tests.Select(Glob.Parse)];
    private readonly List<Glob> branches = [.. hook.Filter.Branches.Select(Glob.Parse)];
    private readonly HashSet<string> owners = hook.Filter.Owners.ToHashSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>The tests to tell the hook of an event; null: it is not told.</summary>
    public IReadOnlyList<JudgedTest>? TestsFor(string happened, JudgedRun run)
    {
        if (!hook.Wants(happened) || !Concerns(run)) return null;
        List<JudgedTest> failed = [.. run.FailedTests.Where(Concerns)];
        return happened switch
        {
            HookEvents.RunFinished => run.Jobs.Count == 0 ? HasNoFilterOfTests ? failed : null : run.Jobs.Any(Concerns) ? failed : null,
            HookEvents.RunFailed => run.IsRed && (run.Jobs.Any(j => j.IsRed && Concerns(j)) || (HasNoFilterOfTests && !run.Jobs.Any(j => j.IsRed))) ? failed : null,
            HookEvents.FirstFailure => run.FirstFailures.Where(Concerns).ToList() is { Count: > 0 } first ? first : null,
            HookEvents.Recovered => run.Recovered.Where(Concerns).ToList() is { Count: > 0 } recovered ? recovered : null,
            _ => null,
        };
    }

    private bool HasNoFilterOfTests => tests.Count + owners.Count == 0;

    private bool Concerns(JudgedRun run) =>
        (branches.Count == 0 || (run.Line.Length > 0 && branches.Exists(b => b.IsMatch(run.Line))))
        && hook.Filter.Meta.All(m => run.Run.Meta.TryGetValue(m.Key, out var value) && value == m.Value);

    /// <summary>Tags of its failed tests say more than the owners of its file.</summary>
    private bool Concerns(JudgedJob job) =>
        IsOfFile(job.TestPath)
        && (owners.Count == 0 || (job.Tests.Any(t => t.Failed) ? job.Tests.Any(t => t.Failed && IsOwned(t.Owners)) : IsOwned(job.Owners)));

    private bool Concerns(JudgedTest test) => IsOfFile(test.TestPath) && IsOwned(test.Owners);

    private bool IsOfFile(string path) => tests.Count == 0 || tests.Exists(t => t.IsMatch(path));

    private bool IsOwned(IReadOnlyList<string> by) => owners.Count == 0 || by.Any(owners.Contains);
}
