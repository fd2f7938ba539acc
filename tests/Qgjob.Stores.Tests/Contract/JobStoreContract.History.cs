using Qgjob.Core.Jobs;
using Qgjob.Core.Results;

namespace Qgjob.Stores.Tests.Contract;

/// <summary>The history of test files: written with the results, read newest first.</summary>
public abstract partial class JobStoreContract
{
    [Fact]
    public async Task The_latest_attempts_at_a_test_file_are_found_with_what_they_ran_on()
    {
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"));
        var jobs = new List<string>();
        foreach (var (path, org) in new[] { ("a.spec.ts", "acme"), ("b.spec.ts", "acme"), ("a.spec.ts", "acme"), ("a.spec.ts", "other"), ("a.spec.ts", "acme") })
        {
            jobs.Add((await lab.SubmitAsync(Lab.Spec($"v{jobs.Count}", org: org) with { TestPath = path }))[0]);
            await lab.FinishAsync(await lab.ClaimAsync("d1", jobs[^1]), AttemptOutcome.Failed, Lab.Test($"t{jobs.Count}", TestStatus.Failed));
            lab.Now += TimeSpan.FromMinutes(1);
        }
        var found = await Store.PastTestsAsync("acme", "a.spec.ts", 2, Cancel);
        Assert.Equal([jobs[4], jobs[2]], found.Select(r => r.JobId));
        var job = await lab.JobAsync(jobs[4]);
        Assert.Equal(
            new TestsOrigin("acme", "a.spec.ts", job.RunId, "v4", "d1", Lab.Phone("d1").Model, Lab.Phone("d1").Platform, Lab.Phone("d1").OsVersion, AttemptOutcome.Failed, job.FinishedAt!.Value),
            found[0].Origin);
        Assert.Equal(("a › t5", 1), (found[0].Tests.Single().Title, found[0].Attempt));
        Assert.Equal(3, (await Store.PastTestsAsync("acme", "a.spec.ts", 10, Cancel)).Count);
        Assert.Empty(await Store.PastTestsAsync("acme", "c.spec.ts", 10, Cancel));
    }

    [Fact]
    public async Task Test_files_with_results_are_listed_in_order()
    {
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"));
        foreach (var path in new[] { "b.spec.ts", "Z.spec.ts", "a.spec.ts", "b.spec.ts", "without.spec.ts" })
        {
            var job = (await lab.SubmitAsync(Lab.Spec() with { TestPath = path }))[0];
            await lab.FinishAsync(await lab.ClaimAsync("d1", job), AttemptOutcome.Passed, path == "without.spec.ts" ? [] : [Lab.Test("t", TestStatus.Passed)]);
        }
        Assert.Equal(["Z.spec.ts", "a.spec.ts", "b.spec.ts"], await Store.TestPathsAsync("acme", null, 10, Cancel));
        Assert.Equal(["a.spec.ts"], await Store.TestPathsAsync("acme", "Z.spec.ts", 1, Cancel));
        Assert.Empty(await Store.TestPathsAsync("acme", "b.spec.ts", 10, Cancel));
        Assert.Empty(await Store.TestPathsAsync("nobody", null, 10, Cancel));
    }

    [Fact]
    public async Task Everything_that_results_tell_is_kept()
    {
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"));
        var job = (await lab.SubmitAsync(Lab.Spec()))[0];
        var test = Lab.Test("t", TestStatus.Flaky) with
        {
            Project = "android",
            Tags = ["@smoke"],
            Annotations = [new TestAnnotation("issue", "T-1")],
            Tries =
            [
                new TestTry(0, TestStatus.Failed, 5, lab.Now, "no", "> 4", 4, [new TestStep("outer", "test.step", 3, "no", [new TestStep("tap")])], 7, [new TestAttachment("shot", "image/png", "out/shot.png")], 1),
                new TestTry(1, TestStatus.Passed, 6, lab.Now),
            ],
        };
        await lab.FinishAsync(await lab.ClaimAsync("d1", job), AttemptOutcome.Passed, test);
        Assert.Equal(State.Text(test), State.Text((await Store.TestResultsAsync(job, 1, Cancel)).Single()));
        Assert.Equal(State.Text(test), State.Text((await Store.PastTestsAsync("acme", Lab.Spec().TestPath, 1, Cancel)).Single().Tests.Single()));
    }
}
