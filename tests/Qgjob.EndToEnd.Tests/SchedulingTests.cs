using System.Text.Json;
using Qgjob.Client.Wire;
using Qgjob.Core.Jobs;
using Xunit;

namespace Qgjob.EndToEnd.Tests;

/// <summary>Named resources, superseded runs, failing fast, reasons to wait and the past as a trace, with tests that end when they are told to.</summary>
[Collection(ReliabilityFleet.Name)]
public sealed class SchedulingTests(ReliabilityFleet shared) : IAsyncLifetime
{
    /// <summary>Of these tests alone, so that its past is theirs.</summary>
    private const string Org = "shop";

    private readonly string gate = Path.Combine(Path.GetTempPath(), $"qgjob-gate-{Guid.CreateVersion7()}");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;
    private Fleet Fleet => shared.Fleet;

    public async ValueTask InitializeAsync()
    {
        await Fleet.MakeWholeAsync();
        // A phone that must install first is left alone where that would take longer than the other phone's tests.
        foreach (var name in new[] { "one", "two" })
            if (!await HasAppAsync(name)) await Fleet.WarmAsync(name);
        var defined = await Fleet.QgjobAsync("resources", "set", "account:x", "--org-id", Org, "--unit", "anna");
        Assert.True(defined.ExitCode == 0, defined.All);
    }

    /// <summary>However a test ended, nothing of it holds a phone when the next one begins.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var run in (await Fleet.Client.ListRunsAsync(Org, 100, null, Cancel)).Items.Where(r => r.FinishedAt is null))
            await Fleet.Client.CancelRunAsync(run.RunId, Cancel);
        File.Delete(gate);
    }

    [Fact]
    public async Task Jobs_that_share_one_account_never_overlap_and_others_run_beside_them()
    {
        var sharing = await SubmitAsync(["gated", "gated-too"], "--needs", "account:x");
        var holder = await FirstRunningAsync(sharing);
        var heir = sharing.JobIds.Single(j => j != holder.JobId);

        // The other phone is free and has the app: it is the account that is missing.
        var status = await Fleet.QgjobAsync("status", heir);
        Assert.True(status.ExitCode == 8, status.All);
        Assert.Contains($"account:x has 1 unit, and {holder.DeviceId} holds it", status.Out, StringComparison.Ordinal);
        Assert.Matches(@"starts +(in about|any moment)", status.Out);
        Assert.Matches(@"ends +in about", status.Out);

        var beside = Assert.Single((await SubmitAsync(["gated"])).JobIds);
        Assert.NotEqual(holder.DeviceId, (await Fleet.RunningAsync(beside)).DeviceId);
        Assert.Equal(JobStatus.Running, (await Fleet.JobAsync(holder.JobId)).Status);
        Assert.Equal(JobStatus.Queued, (await Fleet.JobAsync(heir)).Status);

        OpenGate();
        foreach (var job in new[] { holder.JobId, heir, beside }) Assert.Equal(JobStatus.Passed, (await Fleet.EndAsync(job)).Status);
        Assert.Contains("account: anna", (await Fleet.QgjobAsync("logs", holder.JobId)).Out, StringComparison.Ordinal);
        Assert.Contains("account: anna", (await Fleet.QgjobAsync("logs", heir)).Out, StringComparison.Ordinal);
        Assert.Contains("account: none", (await Fleet.QgjobAsync("logs", beside)).Out, StringComparison.Ordinal);
        Assert.Equal(
            [("leased", holder.JobId), ("finished", holder.JobId), ("leased", heir), ("finished", heir)],
            await LeasesAndEndsAsync(sharing.RunId));
    }

    [Fact]
    public async Task A_newer_submission_with_the_key_cancels_what_waits_and_lets_end_what_runs()
    {
        var older = await SubmitAsync(["gated", "gated-too"], "--needs", "account:x", "--supersede", "pr-17");
        var running = await FirstRunningAsync(older);
        var newer = await SubmitAsync(["quick"], "--supersede", "pr-17");

        var waited = await Fleet.EndAsync(older.JobIds.Single(j => j != running.JobId));
        Assert.Equal((JobStatus.Canceled, 0, $"Superseded by run {newer.RunId}."), (waited.Status, waited.Attempt, waited.Reason));
        Assert.Equal(JobStatus.Running, (await Fleet.JobAsync(running.JobId)).Status);
        OpenGate();
        Assert.Equal(JobStatus.Passed, (await Fleet.EndAsync(running.JobId)).Status);
        Assert.Equal(JobStatus.Passed, (await Fleet.EndAsync(Assert.Single(newer.JobIds))).Status);
        Assert.Equal(newer.RunId, (await Fleet.Client.FindRunAsync(older.RunId, Cancel))!.SupersededBy);
        Assert.Equal(19, (await Fleet.QgjobAsync("wait", older.RunId)).ExitCode);
    }

    [Fact]
    public async Task The_first_failure_of_a_run_that_fails_fast_ends_what_runs_beside_it()
    {
        var submitted = await SubmitAsync(["fails", "endless"], "--fail-fast");
        foreach (var job in submitted.JobIds) await Fleet.RunningAsync(job);
        OpenGate();

        var ended = await Fleet.QgjobAsync("wait", submitted.RunId);
        Assert.True(ended.ExitCode == 10, ended.All);
        Assert.Equal(JobStatus.Failed, (await Fleet.JobAsync(submitted.JobIds[0])).Status);
        var canceled = await Fleet.JobAsync(submitted.JobIds[1]);
        Assert.Equal((JobStatus.Canceled, $"Canceled by --fail-fast: job {submitted.JobIds[0]} ended as failed."), (canceled.Status, canceled.Reason));
        Assert.Equal(submitted.JobIds[0], (await Fleet.Client.FindRunAsync(submitted.RunId, Cancel))!.FailedFirst);
        foreach (var agent in new[] { "one", "two" }) await Fleet.UntilAsync(() => Fleet.IsFreeAsync(agent), $"{agent}'s phone is free");
    }

    [Fact]
    public async Task What_has_run_is_a_trace_that_the_simulator_plays()
    {
        var ran = await Fleet.EndAsync(Assert.Single((await SubmitAsync(["quick"])).JobIds));
        Assert.Equal(JobStatus.Passed, ran.Status);
        var trace = Path.GetTempFileName();
        try
        {
            var simulated = await Fleet.QgjobAsync("simulate", "--from-history", "--org-id", Org, "--devices", "2", "--jobs-out", trace, "--json");
            Assert.True(simulated.ExitCode == 0, simulated.All);

            var rows = (await File.ReadAllLinesAsync(trace, Cancel))[1..];
            var past = (await Fleet.Client.ListJobsAsync(Org, null, null, null, 100, null, Cancel)).Items.Where(j => j.FinishedAt is not null && j.Attempt > 0).ToList();
            Assert.Contains(ran.JobId, past.Select(j => j.JobId));
            Assert.Equal(past.Select(j => j.TestPath).Order(StringComparer.Ordinal), rows.Select(r => r.Split(',').Single(c => c.StartsWith("tests/", StringComparison.Ordinal))).Order(StringComparer.Ordinal));
            using var answer = JsonDocument.Parse(simulated.Out);
            Assert.Equal((past.Count, 2), (answer.RootElement.GetProperty("jobs").GetInt32(), answer.RootElement.GetProperty("devices").GetInt32()));
            Assert.InRange(answer.RootElement.GetProperty("makespan_s").GetDouble(), 0.1, double.MaxValue);
        }
        finally
        {
            File.Delete(trace);
        }
    }

    private async Task<bool> HasAppAsync(string agent) =>
        (await Fleet.Client.ListDevicesAsync(Cancel)).Items.Single(d => d.Tags.Contains(agent)).Residents.Any(r => r.AppVersionId == "todo-1.0");

    private void OpenGate() => File.WriteAllText(gate, "");

    private async Task<RunAccepted> SubmitAsync(string[] tests, params string[] options)
    {
        var submitted = await Fleet.QgjobAsync(["submit", "--org-id", Org, "--app-version-id", "todo-1.0", "--app", "builds/todo-1.0.apk", "--env", $"GATE={gate}", "--json",
            .. tests.SelectMany(t => new[] { "--test", $"tests/{t}.spec.js" }), .. options]);
        Assert.True(submitted.ExitCode == 0, submitted.All);
        using var answer = JsonDocument.Parse(submitted.Out);
        return new RunAccepted(answer.RootElement.GetProperty("run_id").GetString()!,
            [.. answer.RootElement.GetProperty("job_ids").EnumerateArray().Select(j => j.GetString()!)]);
    }

    /// <summary>The run's first job on a phone, once its test has begun.</summary>
    private async Task<JobView> FirstRunningAsync(RunAccepted run)
    {
        JobView? first = null;
        await Fleet.UntilAsync(async () => (first = (await Fleet.Client.ListJobsAsync(null, run.RunId, null, null, 100, null, Cancel)).Items
            .FirstOrDefault(j => j is { Status: JobStatus.Running, TestsTotal: > 0 })) is not null, "a test has begun");
        return first!;
    }

    /// <summary>When jobs got their phone and when they let go of it, in the server's order.</summary>
    private async Task<List<(string Kind, string JobId)>> LeasesAndEndsAsync(string runId)
    {
        var found = new List<(string, string)>();
        await foreach (var happened in Fleet.Client.FollowRunAsync(runId, 0, Cancel))
            if (happened is { Kind: "leased" or "finished", JobId: { } job }) found.Add((happened.Kind, job));
        return found;
    }
}
