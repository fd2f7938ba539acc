using Qgjob.Core;
using Qgjob.Core.Notifications;
using Qgjob.Core.Results;
using Qgjob.Core.Runs;
using Qgjob.Core.Storage;
using Qgjob.Core.Storage.Journal;

namespace Qgjob.Server.Notifications;

/// <summary>Finds out what there is to tell of a run that ended. It reads only files that are not green, or had failing tests before.</summary>
internal sealed class RunJudge(IJobStore store, HookMessages messages, TimeProvider time)
{
    private const int JobsPerRead = 500;
    /// <summary>Jobs whose results are read, and changes that are noted: a run in which everything fails says no more by more of them.</summary>
    private const int MostRead = 2000;
    private const int MostNews = 1000;
    private const int MostVersions = 5;
    /// <summary>Attempts at a file, among which may be those of runs that were submitted later and ended earlier.</summary>
    private const int LatestAttempts = 20;

    public async Task<JudgeRun> JudgeAsync(RunNotice notice, CancellationToken cancel)
    {
        var hooks = (await store.HookRowsAsync(HookKeys.HooksOf(notice.OrgId), cancel))
            .Concat(await store.HookRowsAsync(HookKeys.RunHooks + notice.RunId, cancel))
            .Select(r => r.Hook!).Where(h => h.Disabled is null && (h.RunId is null || h.RunId == notice.RunId)).ToList();
        if (hooks.Count == 0 || await store.FindRunAsync(notice.RunId, cancel) is not { } run) return new JudgeRun(notice.RunId, [], [], []);
        var watches = hooks.Exists(h => h.WatchesTests);
        var known = watches ? (await store.HookRowsAsync(HookKeys.FailingOf(run.OrgId), cancel)).ToDictionary(r => r.Key, r => r.Failing!) : [];
        var judged = await ReadAsync(run, known, cancel);
        var (again, first) = (new List<FailingTest>(), new List<FailingTest>());
        if (watches) judged = await WatchAsync(judged, known, first, again, cancel);
        var deliveries = new List<Delivery>();
        foreach (var hook in hooks)
        {
            var match = new HookMatch(hook);
            foreach (var happened in HookEvents.All)
                if (match.TestsFor(happened, judged) is { } tests) deliveries.Add(messages.Of(hook, happened, judged, tests));
        }
        return new JudgeRun(run.Id, deliveries, [.. first, .. again], [.. judged.Recovered.Select(t => t.Known!)]);
    }

    private async Task<JudgedRun> ReadAsync(Run run, Dictionary<string, FailingTest> known, CancellationToken cancel)
    {
        var watched = known.Values.Select(f => f.TestPath).ToHashSet(StringComparer.Ordinal);
        var (jobs, versions, read) = (new List<JudgedJob>(), new HashSet<string>(), 0);
        string? cursor = null;
        do
        {
            var page = await store.ListJobsAsync(new JobFilter(RunId: run.Id), new PageRequest(JobsPerRead, cursor), cancel);
            foreach (var found in page.Items)
            {
                var job = new JudgedJob(found.Job.Verdict, found.Spec.TestPath, found.Spec.Owners ?? [], []);
                if (versions.Count < MostVersions) versions.Add(found.Spec.AppVersionId);
                if ((job.IsRed || watched.Contains(job.TestPath)) && found.Job.Attempt > 0 && read++ < MostRead)
                    job = job with { Tests = await TestsOfAsync(found, cancel) };
                jobs.Add(job);
            }
            cursor = page.Next;
        }
        while (cursor is not null);
        return new JudgedRun(run, [.. versions], jobs);
    }

    /// <summary>What the job's own attempts say of tests; the history's judgement of what counts is this one's, too.</summary>
    private async Task<IReadOnlyList<JudgedTest>> TestsOfAsync(JobAndSpec found, CancellationToken cancel)
    {
        var (job, spec) = found;
        var rows = new List<TestsRow>();
        foreach (var attempt in await store.AttemptsAsync(job.Id, cancel))
            rows.Add(new TestsRow(job.Id, attempt.Number, await store.TestResultsAsync(job.Id, attempt.Number, cancel))
            {
                Origin = new TestsOrigin(
                    spec.OrgId, spec.TestPath, job.RunId, spec.AppVersionId, attempt.DeviceId, "", spec.Platform ?? default, "", attempt.Outcome, attempt.EndedAt ?? time.GetUtcNow()),
            });
        var results = rows.SelectMany(r => r.Tests.Select(t => (r.Attempt, Test: t))).ToLookup(t => TestKey.Of(t.Test));
        return
        [
            .. from test in TestHistory.Of(rows)
               let word = test.Runs[0]
               where word.Counts && word.Status is not TestStatus.Skipped
               let result = results[test.Key].Last(r => r.Attempt == word.Attempt).Test
               // In quarantine it may fail; that it passes again is news all the same.
               where !(word.Status.IsFailure() && result.IsQuarantined())
               select new JudgedTest(
                   result with { Error = word.Error }, test.Key, job.Id, spec.TestPath, spec.Platform is { } platform ? Words.Of(platform) : "", TestOwners.Of(result, spec.Owners), word.Status.IsFailure()),
        ];
    }

    private async Task<JudgedRun> WatchAsync(
        JudgedRun judged, Dictionary<string, FailingTest> known, List<FailingTest> first, List<FailingTest> again, CancellationToken cancel)
    {
        var run = judged.Run;
        var at = run.FinishedAt ?? time.GetUtcNow();
        var (failures, recovered) = (new List<JudgedTest>(), new List<JudgedTest>());
        // Of a test that ran several times, on several devices say, one that failed decides.
        foreach (var test in judged.Jobs.SelectMany(j => j.Tests).GroupBy(t => (t.Key, t.Platform)).Select(g => g.FirstOrDefault(t => t.Failed) ?? g.First()))
        {
            if (failures.Count + recovered.Count >= MostNews) break;
            var state = known.GetValueOrDefault(HookKeys.Failing(run.OrgId, test.Key.Id, test.Platform, judged.Line));
            switch (FailureWatch.Judge(state, test.Failed, run.Id))
            {
                case TestNews.FirstFailure:
                    failures.Add(test);
                    break;
                case TestNews.StillFails:
                    again.Add(FailureWatch.Again(state!, run.Id, at));
                    break;
                case TestNews.Recovered:
                    recovered.Add(test with { Known = state });
                    break;
            }
        }
        failures = await WithoutOldNewsAsync(judged, failures, cancel);
        first.AddRange(failures.Select(t => new FailingTest
        {
            OrgId = run.OrgId,
            TestId = t.Key.Id,
            Platform = t.Platform,
            Line = judged.Line,
            TestPath = t.TestPath,
            SinceRun = run.Id,
            Since = at,
            LastRun = run.Id,
            LastAt = at,
        }));
        return judged with { FirstFailures = failures, Recovered = recovered };
    }

    /// <summary>A run that was submitted later may have ended earlier: what passed there fails no more.</summary>
    private async Task<List<JudgedTest>> WithoutOldNewsAsync(JudgedRun judged, List<JudgedTest> failures, CancellationToken cancel)
    {
        var news = new List<JudgedTest>(failures.Count);
        var lines = new Dictionary<string, string?>();
        foreach (var ofFile in failures.GroupBy(t => t.TestPath))
        {
            var passed = new HashSet<(TestKey, string)>();
            foreach (var row in await store.PastTestsAsync(judged.Run.OrgId, ofFile.Key, LatestAttempts, cancel))
            {
                var later = row.Origin!;
                if (string.CompareOrdinal(later.RunId, judged.Run.Id) <= 0) continue;
                if (!lines.TryGetValue(later.RunId, out var line))
                    lines[later.RunId] = line = await store.FindRunAsync(later.RunId, cancel) is { } run ? run.Meta.GetValueOrDefault(JudgedRun.BranchKey, "") : null;
                if (line != judged.Line) continue;
                foreach (var test in row.Tests.Where(t => t.Status is TestStatus.Passed or TestStatus.Flaky)) passed.Add((TestKey.Of(test), Words.Of(later.Platform)));
            }
            news.AddRange(ofFile.Where(t => !passed.Any(p => p.Item1 == t.Key && (t.Platform.Length == 0 || t.Platform == p.Item2))));
        }
        return news;
    }
}
