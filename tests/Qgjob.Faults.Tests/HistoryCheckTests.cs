using Qgjob.Client.Wire;
using Qgjob.Core.Events;
using Qgjob.Core.Jobs;
using Qgjob.Faults.Tests.History;
using Qgjob.Faults.Tests.Load;

namespace Qgjob.Faults.Tests;

/// <summary>The check of histories finds what it is there for.</summary>
public sealed class HistoryCheckTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly RunRecord told = new("key", "r-1", ["j-1", "j-2"], Start);
    private readonly List<JobView> jobs = [Job("j-1", 0), Job("j-2", 10)];
    private readonly List<JobEvent> events =
    [
        Event(1, "j-1", "leased"), Event(2, "j-1", "finished"), Event(3, "j-2", "leased"), Event(4, "j-2", "finished"), Event(5, null, "run_finished"),
    ];

    private readonly List<PhoneUse> uses = [new("lab/1", 100, "j-1", 1, 7, 10, 20), new("lab/1", 100, "j-2", 1, 8, 30, 40)];
    private readonly List<FinishHeard> finishes = [new("lab/1", 7, "f-1", "passed", true), new("lab/1", 8, "f-2", "passed", true)];
    private int counted = 2;

    [Fact]
    public void A_good_history_is_good() => Assert.Empty(Violations());

    [Fact]
    public void A_run_that_is_gone()
    {
        told.Final["j-1"] = JobStatus.Passed;
        Assert.Contains("gone", Assert.Single(Violations(new Dictionary<string, RunView>())), StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_that_nobody_submitted()
    {
        var run = Run() with { RunId = "r-2", Jobs = new JobCounts(0, 0, 0, 0, 0, 0, 0, 0) };
        Assert.Contains(Violations(new Dictionary<string, RunView> { ["r-1"] = Run(), ["r-2"] = run }), v => v.Contains("by nobody", StringComparison.Ordinal));
    }

    [Fact]
    public void A_final_state_that_changed()
    {
        told.Final["j-1"] = JobStatus.Canceled;
        Finds("was canceled and is passed");
    }

    [Fact]
    public void A_counter_that_is_wrong()
    {
        counted = 1;
        Finds("counts");
    }

    [Fact]
    public void Two_leases_of_one_device()
    {
        (events[1], events[2]) = (Event(3, "j-1", "finished"), Event(2, "j-2", "leased"));
        Finds("while j-1 had it");
    }

    [Fact]
    public void Two_leases_by_the_clock()
    {
        jobs[1] = Job("j-2", 3);
        Finds("was claimed at");
    }

    [Fact]
    public void Something_after_the_end()
    {
        events.Insert(2, Event(2, "j-1", "test_ended") with { Sequence = 9 });
        Finds("came after its end");
    }

    [Fact]
    public void An_event_twice()
    {
        events.Add(Event(5, null, "note"));
        Finds("is there twice");
    }

    [Fact]
    public void A_phone_that_two_attempts_drove_at_once()
    {
        uses[1] = uses[1] with { Begin = 19 };
        Finds("at once");
    }

    [Fact]
    public void A_token_that_fell()
    {
        uses[1] = uses[1] with { Token = 6 };
        Finds("token 6 came after 7");
    }

    [Fact]
    public void A_result_that_was_acknowledged_and_is_another()
    {
        finishes[0] = finishes[0] with { Outcome = "failed" };
        Finds("was acknowledged");
    }

    [Fact]
    public void Two_results_of_one_lease()
    {
        finishes.Add(finishes[0] with { FinishId = "f-3" });
        Finds("ended twice");
    }

    [Fact]
    public void A_result_that_was_refused_and_counts()
    {
        finishes[0] = finishes[0] with { Accepted = false };
        Finds("refused as stale");
    }

    [Fact]
    public void A_follower_that_missed_one()
    {
        told.Followed = [.. events.Where(e => e.Sequence != 3)];
        Finds("followed 1 2 4 5");
    }

    [Fact]
    public void A_job_that_passed_twice()
    {
        jobs[0] = jobs[0] with { Attempts = [jobs[0].Attempts![0], jobs[0].Attempts![0] with { Number = 2, DeviceId = "lab/2" }] };
        Finds("passed twice");
    }

    private void Finds(string what) => Assert.Contains(Violations(), v => v.Contains(what, StringComparison.Ordinal));

    private IReadOnlyList<string> Violations(Dictionary<string, RunView>? runs = null)
    {
        var past = new PastOf(
            runs ?? new Dictionary<string, RunView> { ["r-1"] = Run() }, jobs.ToDictionary(j => j.JobId),
            new Dictionary<string, IReadOnlyList<JobEvent>> { ["r-1"] = events }, [], [], []);
        return new HistoryCheck(past, [told], uses, finishes).Violations();
    }

    private RunView Run() => new()
    {
        RunId = "r-1",
        OrgId = "org",
        Status = "passed",
        ExitCode = 0,
        Jobs = new JobCounts(2, 0, 0, counted, 0, 0, 0, 0),
        Tests = Core.Results.TestCounts.None,
        CreatedAt = Start,
        FinishedAt = Start.AddSeconds(20),
    };

    private static JobEvent Event(long sequence, string? job, string kind) => new(sequence, "r-1", job, Start, kind, DeviceId: job is null ? null : "lab/1");

    private static JobView Job(string id, int second) => new()
    {
        JobId = id,
        RunId = "r-1",
        OrgId = "org",
        AppVersionId = "v",
        TestPath = "t",
        Target = Target.Any,
        Status = JobStatus.Passed,
        ExitCode = 0,
        GroupId = "g",
        CreatedAt = Start,
        FinishedAt = Start.AddSeconds(second + 5),
        Attempts = [new AttemptView(1, "lab/1", "a-1", Start.AddSeconds(second), null, Start.AddSeconds(second + 5), AttemptOutcome.Passed, null, 0, 0, 1)],
    };
}
