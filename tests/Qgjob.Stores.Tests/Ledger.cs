using Qgjob.Core.Groups;
using Qgjob.Core.Jobs;
using Qgjob.Core.Orgs;
using Qgjob.Core.Results;
using Qgjob.Core.Runs;
using Qgjob.Core.Scheduling;
using Qgjob.Core.Storage;

namespace Qgjob.Stores.Tests;

/// <summary>Counts everything again from the job and device rows, and compares with the counters that the store kept.</summary>
internal static class Ledger
{
    public static async Task CheckAsync(IJobStore store, CancellationToken cancel)
    {
        var jobs = await AllAsync(p => store.ListJobsAsync(new JobFilter(), p, cancel));
        var runs = await AllAsync(p => store.ListRunsAsync(null, p, cancel));
        var view = new PoolView();
        view.Apply(await store.ReadPoolAsync(Run.DefaultPool, 0, cancel));
        foreach (var run in runs)
        {
            List<Job> ofRun = [.. jobs.Where(j => j.Job.RunId == run.Id).Select(j => j.Job)];
            CheckRun(run, ofRun);
            // What a canceled job's attempt still reported is kept, and not counted; a rerun counts what it continues, too.
            if (run.Count(JobVerdict.Canceled) == 0 && run.ParentRunId is null) Assert.Equal(await TestsAsync(store, ofRun, cancel), run.Tests);
        }
        CheckLeases(view, jobs.ToDictionary(j => j.Job.Id, j => j.Job));
        var here = runs.Where(r => r.Pool == Run.DefaultPool).Select(r => r.Id).ToHashSet();
        List<Job> queued = [.. jobs.Select(j => j.Job).Where(j => j.Status is JobStatus.Queued && here.Contains(j.RunId))];
        CheckGroups(view, queued);
        CheckOrgs(view, await store.OrgsAsync(Run.DefaultPool, cancel), queued);
        CheckUnits(view, await store.ResourcesAsync(null, cancel));
        foreach (var version in await AllAsync(p => store.ListAppVersionsAsync(null, p, cancel)))
            Assert.Equal(
                view.Devices.Count(d => d.Lease is { } l && l.OrgId == version.OrgId && l.AppVersionId == version.Id),
                version.Serving);
    }

    private static async Task<TestCounts> TestsAsync(IJobStore store, List<Job> jobs, CancellationToken cancel)
    {
        var sum = TestCounts.None;
        foreach (var job in jobs.Where(j => j.IsFinal))
        {
            var counted = new List<AttemptTests>();
            foreach (var attempt in await store.AttemptsAsync(job.Id, cancel))
                if (!JobLifecycle.IsInfraFailure(attempt.Outcome)) counted.Add(new AttemptTests(attempt.Number, attempt.Outcome, await store.TestResultsAsync(job.Id, attempt.Number, cancel)));
            var tests = JobTests.Of(counted);
            // What a failing device left counts when it ended the job and nothing else is known; the queue limit counts no such thing.
            if (tests.Count == 0 && job.Verdict is not (JobVerdict.QueueLimit or JobVerdict.NoDevice)) tests = await store.TestResultsAsync(job.Id, job.Attempt, cancel);
            sum = sum.Plus(TestCounts.Of(tests));
        }
        return sum;
    }

    public static async Task<List<T>> AllAsync<T>(Func<PageRequest, ValueTask<Page<T>>> list, int limit = 50)
    {
        var all = new List<T>();
        string? cursor = null;
        do
        {
            var page = await list(new PageRequest(limit, cursor));
            Assert.True(page.Items.Count <= limit);
            all.AddRange(page.Items);
            cursor = page.Next;
        }
        while (cursor is not null);
        return all;
    }

    private static void CheckRun(Run run, List<Job> jobs)
    {
        Assert.Equal(jobs.Count, run.Total);
        Assert.Equal(jobs.Count(j => j.Status is JobStatus.Queued), run.Queued);
        Assert.Equal(jobs.Count(j => j.IsActive), run.Active);
        Assert.Equal(jobs.Count(j => j.Flaky), run.Flaky);
        Assert.Equal(jobs.Sum(j => j.Installs), run.Installs);
        Assert.Equal(jobs.All(j => j.IsFinal), run.IsFinished);
        foreach (var verdict in Enum.GetValues<JobVerdict>().Where(v => v is not JobVerdict.None))
            Assert.Equal(jobs.Count(j => j.Verdict == verdict), run.Count(verdict));
        Assert.All(jobs, j => Assert.Equal(j.IsFinal, j.Verdict is not JobVerdict.None));
    }

    private static void CheckLeases(PoolView view, Dictionary<string, Job> jobs)
    {
        var leased = view.Devices.Where(d => d.Lease is not null).ToList();
        Assert.Equal(leased.Count, leased.Select(d => d.Lease!.JobId).Distinct().Count());
        foreach (var device in leased)
        {
            var job = jobs[device.Lease!.JobId];
            Assert.Equal(device.LastToken, device.Lease.Token);
            Assert.Equal(device.Id, job.DeviceId);
            Assert.Equal(device.Lease.Attempt, job.Attempt);
            // A lease outlives its job only when that was canceled.
            Assert.True(job.IsActive || (device.Lease.CancelRequested && job.Status is JobStatus.Canceled));
        }
        Assert.Equal(jobs.Values.Count(j => j.IsActive), leased.Count(d => jobs[d.Lease!.JobId].IsActive));
    }

    private static void CheckGroups(PoolView view, List<Job> queued)
    {
        foreach (var group in view.Groups)
        {
            var waiting = queued.Where(j => j.GroupId == group.Id).ToList();
            Assert.Equal(waiting.Count, group.Queued);
            Assert.Equal(waiting.Sum(j => j.EstimateSeconds), group.QueuedSeconds, 1e-6);
            Assert.Equal(view.Devices.Count(d => d.Lease?.GroupId == group.Id), group.Active);
            var head = waiting.OrderBy(j => j.Tier).ThenByDescending(j => j.EstimateSeconds).ThenBy(j => j.Id, StringComparer.Ordinal).FirstOrDefault();
            Assert.Equal((head?.Tier ?? 0, head?.CreatedAt ?? default), (group.HeadTier, group.HeadSubmittedAt));
        }
        Assert.All(queued, j => Assert.NotNull(view.FindGroup(j.GroupId)));
    }

    private static void CheckOrgs(PoolView view, IReadOnlyList<OrgShare> orgs, List<Job> queued)
    {
        Assert.Equal(orgs.Select(o => o.OrgId).Distinct().Order(StringComparer.Ordinal), orgs.Select(o => o.OrgId));
        foreach (var org in orgs)
        {
            Assert.Equal(queued.Count(j => j.OrgId == org.OrgId), org.Queued);
            Assert.Equal(view.Devices.Count(d => d.Lease?.OrgId == org.OrgId), org.Active);
            Assert.True(double.IsFinite(org.VirtualTime));
            Assert.Equal(State.Text(org), State.Text(view.OrgOf(org.OrgId)));
        }
        Assert.All(queued, j => Assert.Contains(orgs, o => o.OrgId == j.OrgId));
    }

    /// <summary>A unit has one holder at most, and both sides know it.</summary>
    private static void CheckUnits(PoolView view, IReadOnlyList<Resource> resources)
    {
        var byLeases = view.Devices.Where(d => d.Lease is not null)
            .SelectMany(d => d.Lease!.Units.Select(u => (d.Lease.OrgId, u.Resource, u.Value, Holder: new LeaseRef(d.Id, d.Lease.Token)))).ToHashSet();
        Assert.Equal(byLeases.Count, byLeases.Select(u => (u.OrgId, u.Resource, u.Value)).Distinct().Count());
        var byResources = resources.SelectMany(r => r.Units.Where(u => u.Holder is not null).Select(u => (r.OrgId, r.Name, u.Value, u.Holder!))).ToHashSet();
        Assert.Equal(byLeases, byResources);
        Assert.All(resources, r => Assert.Equal(r.Units.Count, r.Units.Select(u => u.Value).Distinct().Count()));
        Assert.All(resources.SelectMany(r => r.Units), u => Assert.False(u.Leaving && u.Holder is null));
        Assert.All(resources, r => Assert.Equal(State.Text(r), State.Text(view.FindResource(r.OrgId, r.Name))));
    }

    /// <summary>What two views must agree on. A renewal is no news to a policy, so the end of a lease may differ.</summary>
    public static object?[] Facts(PoolView view, IEnumerable<AppVersion> versions) =>
    [
        .. view.Groups.OrderBy(g => g.Id, StringComparer.Ordinal),
        .. view.Devices.OrderBy(d => d.Id, StringComparer.Ordinal).Select(d => d.Lease is { } l ? d with { Lease = l with { Until = default } } : d),
        .. versions.Select(v => view.FindAppVersion(v.OrgId, v.Id)!),
        .. view.Groups.Select(g => g.Key.OrgId).Distinct().Order(StringComparer.Ordinal).Select(view.OrgOf),
        .. view.Groups.SelectMany(g => g.Key.ResourceNames().Select(r => (g.Key.OrgId, r))).Distinct().Order().Select(r => view.FindResource(r.OrgId, r.r)),
    ];
}
