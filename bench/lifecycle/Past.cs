using System.Globalization;
using System.Runtime.CompilerServices;
using Qgjob.Core.Events;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;
using Qgjob.Core.Runs;
using Qgjob.Core.Storage.Journal;
using Qgjob.Stores;

namespace Qgjob.Lifecycle;

/// <summary>History from before: finished runs of a thousand jobs each with all that a life leaves, written straight into the store as an import.</summary>
internal static class Past
{
    private const int JobsPerRun = 1000;
    private static readonly DateTimeOffset Then = new(2026, 1, 5, 8, 0, 0, TimeSpan.Zero);

    public static async Task FillAsync(string url, int jobs, CancellationToken cancel)
    {
        await using var journal = await StoreFactory.OpenJournalAsync(url, cancel);
        await journal.ImportAsync(RunsAsync(Math.Max(1, jobs / JobsPerRun), cancel), cancel);
    }

    private static async IAsyncEnumerable<RowChanges> RunsAsync(int runs, [EnumeratorCancellation] CancellationToken cancel)
    {
        var sequence = 0L;
        for (var run = 0; run < runs; run++)
        {
            cancel.ThrowIfCancellationRequested();
            yield return Finished(run, runs, ref sequence);
            await Task.Yield();
        }
    }

    private static RowChanges Finished(int number, int runs, ref long sequence)
    {
        var runId = string.Create(CultureInfo.InvariantCulture, $"r-0{number:D12}");
        var org = string.Create(CultureInfo.InvariantCulture, $"org-{number % 50}");
        var began = Then.AddSeconds(number * 60);
        var ended = began.AddSeconds(55);
        var (jobs, attempts, tests, events) = (new List<JobRow>(), new List<Attempt>(), new List<TestsRow>(), new List<JobEvent>());
        for (var i = 0; i < JobsPerRun; i++)
        {
            var id = string.Create(CultureInfo.InvariantCulture, $"j-0{number:D9}{i:D4}");
            var device = string.Create(CultureInfo.InvariantCulture, $"past/{i % 500}");
            jobs.Add(new JobRow(
                new Job
                {
                    Id = id,
                    RunId = runId,
                    OrgId = org,
                    GroupId = "g-past",
                    Ordinal = i,
                    Status = JobStatus.Passed,
                    Verdict = JobVerdict.Passed,
                    EstimateSeconds = 20,
                    CreatedAt = began,
                    ReadyAt = began,
                    QueueDeadline = began.AddHours(1),
                    StartedAt = began.AddSeconds(5),
                    FinishedAt = ended,
                    Attempt = 1,
                    DeviceId = device,
                    TestsTotal = 1,
                    TestsDone = 1,
                },
                new JobSpec { OrgId = org, AppVersionId = string.Create(CultureInfo.InvariantCulture, $"v-{number % 200}"), TestPath = string.Create(CultureInfo.InvariantCulture, $"tests/suite/case_{i}.spec.ts"), Target = Target.Device }));
            attempts.Add(new Attempt
            {
                JobId = id,
                Number = 1,
                DeviceId = device,
                AgentId = "past",
                Token = (number * 2L) + (i / 500) + 1,
                ClaimedAt = began.AddSeconds(5),
                EndedAt = ended,
                Outcome = AttemptOutcome.Passed,
                RunSeconds = 20,
                FinishId = "f-" + id,
            });
            tests.Add(new TestsRow(id, 1, [new TestResult(["todo", "adds an item"], "tests/case.spec.ts", 7, TestStatus.Passed, 1200)]));
            events.Add(new JobEvent(++sequence, runId, id, began, "queued", Status: "queued"));
            events.Add(new JobEvent(++sequence, runId, id, began.AddSeconds(5), "leased", 1, device, "leased"));
            events.Add(new JobEvent(++sequence, runId, id, ended, "finished", 1, device, "passed"));
        }
        events.Add(new JobEvent(++sequence, runId, null, ended, "run_finished", Status: "passed"));
        var verdicts = new int[(int)JobVerdict.Passed + 1];
        verdicts[(int)JobVerdict.Passed] = JobsPerRun;
        return new RowChanges
        {
            Head = new Head(runs, "past", 1, runs * ((JobsPerRun * 3L) + 1)),
            Runs = [new Run { Id = runId, OrgId = org, CreatedAt = began, FinishedAt = ended, Total = JobsPerRun, Verdicts = verdicts, Tests = new TestCounts(JobsPerRun, 0, 0, 0) }],
            Jobs = jobs,
            Attempts = attempts,
            Tests = tests,
            Events = events,
        };
    }
}
