using Qgjob.Client.Reports;
using Qgjob.Client.Wire;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;
using Qgjob.Core.Runs;
using Qgjob.Core.Storage;

namespace Qgjob.Server.Runs;

/// <summary>Per-test results. Those of a rerun are of the whole: what it ran again, and what the runs before it left as it was.</summary>
internal sealed partial class RunReader
{
    /// <summary>Reruns of reruns of reruns: further back nobody looks.</summary>
    private const int MostGenerations = 20;

    public async Task<RunResults> ResultsAsync(string runId, CancellationToken cancel)
    {
        var run = await FindAsync(runId, cancel);
        var jobs = new List<JobResults>();
        foreach (var found in await JobsOfWholeAsync(run, cancel))
        {
            var results = await ResultsOfAsync(found, cancel);
            jobs.Add(found.Job.RunId == runId ? results : results with { RunId = found.Job.RunId });
        }
        var view = View(run);
        var tests = run.ParentRunId is null ? run.Tests : jobs.Aggregate(TestCounts.None, (sum, j) => sum.Plus(TestCounts.Of(j.Tests)));
        return new RunResults(runId, view.Status, view.ExitCode, tests, jobs) { ByDevice = DeviceTable.Of(jobs) };
    }

    /// <summary>A job's results over all its attempts, and those of the job that it continues; see <see cref="JobTests"/>.</summary>
    public async Task<JobResults> ResultsOfAsync(JobAndSpec found, CancellationToken cancel)
    {
        var (job, spec) = found;
        var (own, latest) = await AttemptsOfAsync(job, named: false, cancel);
        var earlier = new List<AttemptTests>();
        var before = spec.Continues is true ? spec.RerunOf : null;
        // Of a run that was removed meanwhile, only what this one ran is known.
        for (var i = 0; i < MostGenerations && before is not null && await store.FindJobAsync(before, cancel) is { } rerun; i++)
        {
            earlier.InsertRange(0, (await AttemptsOfAsync(rerun.Job, named: true, cancel)).Attempts);
            before = rerun.Spec.Continues is true ? rerun.Spec.RerunOf : null;
        }
        return new JobResults(
            job.Id, spec.TestPath, job.Status, latest?.Number ?? job.Attempt, JobTests.Of([.. earlier, .. own]), job.Reason, latest?.EndedAt is null ? null : latest.RunSeconds)
        {
            Slice = spec.Tests?.Slice,
            AppVersionId = spec.AppVersionId,
            DeviceId = latest?.DeviceId,
            StartedAt = latest?.ClaimedAt,
            OnDevice = spec.OnDevice,
        };
    }

    /// <summary>The job's attempts with their results, and the one that says most of them.</summary>
    private async Task<(IReadOnlyList<AttemptTests> Attempts, Attempt? Latest)> AttemptsOfAsync(Job job, bool named, CancellationToken cancel)
    {
        var attempts = job.Attempt == 0 ? [] : await store.AttemptsAsync(job.Id, cancel);
        var found = new List<AttemptTests>(attempts.Count);
        Attempt? latest = null;
        foreach (var attempt in attempts)
        {
            var tests = await store.TestResultsAsync(job.Id, attempt.Number, cancel);
            found.Add(new AttemptTests(attempt.Number, attempt.Outcome, tests, named ? job.Id : null));
            if (tests.Count > 0 && (latest is null || !JobLifecycle.IsInfraFailure(attempt.Outcome) || JobLifecycle.IsInfraFailure(latest.Outcome))) latest = attempt;
        }
        return (found, latest ?? (attempts is [.., var last] ? last : null));
    }

    /// <summary>The run's jobs; of a rerun, those of the first run, each as the latest run that ran it has it.</summary>
    public async Task<IReadOnlyList<JobAndSpec>> JobsOfWholeAsync(Run run, CancellationToken cancel)
    {
        var generations = new List<Run> { run };
        while (generations.Count < MostGenerations && generations[^1].ParentRunId is { } parent && await store.FindRunAsync(parent, cancel) is { } earlier) generations.Add(earlier);
        var jobs = new List<JobAndSpec>();
        var places = new Dictionary<string, int>();
        foreach (var one in Enumerable.Reverse(generations))
            foreach (var job in (await store.ListJobsAsync(new JobFilter(RunId: one.Id), new PageRequest(Math.Max(1, one.Total)), cancel)).Items)
            {
                if (job.Spec.RerunOf is { } again && places.TryGetValue(again, out var place)) jobs[place] = job;
                else
                {
                    place = jobs.Count;
                    jobs.Add(job);
                }
                places[job.Job.Id] = place;
            }
        return jobs;
    }
}
