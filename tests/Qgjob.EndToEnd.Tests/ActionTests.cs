using System.Text.Json;
using Xunit;

namespace Qgjob.EndToEnd.Tests;

/// <summary>The GitHub action's script, run for real against a server and a virtual phone: exit codes, outputs, summary, annotations.</summary>
[Collection(ReliabilityFleet.Name)]
public sealed class ActionTests(ReliabilityFleet shared) : IAsyncLifetime
{
    private Fleet Fleet => shared.Fleet;
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private ActionStep Step(params (string, string)[] settings) => new(Fleet.Url, Fleet.Project, [("DEVICE", "tag=one"), .. settings]);

    public async ValueTask InitializeAsync() => await Fleet.MakeWholeAsync();

    public ValueTask DisposeAsync() => default;

    [Fact]
    public async Task A_suite_that_passes_is_green_and_says_so_everywhere()
    {
        using var step = Step(("TESTS", "\n  tests/quick.spec.js\n\n"));
        var ended = await step.RunAsync();
        Assert.True(ended.ExitCode == 0, ended.All);
        var outputs = step.Outputs();
        Assert.Equal(("passed", "1", "0", "0"), (outputs["status"], outputs["passed"], outputs["failed"], outputs["flaky"]));
        Assert.Equal(outputs["run-id"], (await Fleet.Client.FindRunAsync(outputs["run-id"], Cancel))!.RunId);
        Assert.StartsWith(Fleet.Url, outputs["url"], StringComparison.Ordinal);
        Assert.True(File.Exists(outputs["junit"]), outputs["junit"]);
        Assert.Equal(0, JsonDocument.Parse(outputs["results"]).RootElement.GetProperty("exit_code").GetInt32());
        Assert.Contains("## ✅ passed: 1 passed, 0 failed", step.Summary, StringComparison.Ordinal);
        Assert.Contains("<code>tests/quick.spec.js</code>", step.Summary, StringComparison.Ordinal);
        Assert.Equal(["::group::tests/quick.spec.js: passed on one/phone-1", "::endgroup::"], ActionStep.Commands(ended));
        var meta = (await Fleet.Client.FindRunAsync(outputs["run-id"], Cancel))!.Meta;
        Assert.Equal(("acme/shop", "o'brien"), (meta["repo"], meta["actor"]));
        Assert.Equal("$(touch${IFS}pwned)`touch${IFS}pwned`;::error::forged", meta["branch"]);
        Assert.EndsWith("/acme/shop/actions/runs/4711", meta["run_url"], StringComparison.Ordinal);
        Assert.False(step.Pwned);
    }

    [Fact]
    public async Task A_test_that_fails_is_red_and_marked_at_its_line()
    {
        using var step = Step(("TESTS", "tests/fails.spec.js\ntests/quick.spec.js"), ("EXTRA", "--env\nGATE=/"));
        var ended = await step.RunAsync();
        Assert.True(ended.ExitCode == 10, ended.All);
        var outputs = step.Outputs();
        Assert.Equal(("failed", "1", "1"), (outputs["status"], outputs["passed"], outputs["failed"]));
        var mark = Assert.Single(ActionStep.Commands(ended), c => c.StartsWith("::error", StringComparison.Ordinal));
        Assert.Matches("^::error file=project/tests/fails\\.spec\\.js,line=[0-9]+,title=fails at its gate::Error.*toBe.*%0A", mark);
        Assert.Contains("## ❌ failed: 1 passed, 1 failed", step.Summary, StringComparison.Ordinal);
        Assert.Contains("<summary>❌ fails at its gate</summary>", step.Summary, StringComparison.Ordinal);
        Assert.Contains("fails at its gate", await File.ReadAllTextAsync(outputs["junit"], Cancel), StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_test_is_exit_code_3()
    {
        using var step = Step(("TESTS", "tests/nothing-*.spec.js"));
        await EndsAsync(step, 3, "no_tests", "no test file matches");
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_said()
    {
        using var step = Step(("TESTS", "tests/quick.spec.js"), ("QGJOB_URL", "http://127.0.0.1:9"));
        await EndsAsync(step, 1, "error", "127\\.0\\.0\\.1\\:9");
    }

    [Fact]
    public async Task A_wrong_setting_is_said_before_anything_is_sent()
    {
        using var step = Step(("TESTS", "tests/quick.spec.js"), ("APP", Path.Combine(Fleet.Project, "builds", "*.apk")));
        await EndsAsync(step, 2, "invalid", "matches 2 files");
    }

    [Fact]
    public async Task A_token_that_the_server_refuses_is_exit_code_4_and_in_no_log()
    {
        var folder = Directory.CreateTempSubdirectory("qgjob-token-").FullName;
        try
        {
            var (ready, token) = (Path.Combine(folder, "ready"), Path.Combine(folder, "token"));
            await File.WriteAllTextAsync(token, "the-server-s-own-token-0123456789", Cancel);
            await using var server = Program.Start(Checkout.Server, folder, new Dictionary<string, string>(),
                "--data", folder, "--urls", "http://127.0.0.1:0", "--ready-file", ready, "--token-file", token);
            await Fleet.UntilAsync(() => Task.FromResult(File.Exists(ready)), "the server with a token is ready");
            using var step = Step(("TESTS", "tests/quick.spec.js"), ("QGJOB_URL", (await File.ReadAllTextAsync(ready, Cancel)).Trim()), ("QGJOB_TOKEN", "a-token-of-somebody-else-0123456"));
            var ended = await EndsAsync(step, 4, "unauthorized", "token");
            Assert.DoesNotContain("somebody-else", ended.All + step.Summary, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_wait_that_takes_too_long_cancels_the_run()
    {
        using var step = Step(("TESTS", "tests/steady.spec.js"), ("EXTRA", "--env\nSECONDS=300"), ("TIMEOUT", "8s"));
        await EndsAsync(step, 124, "timed_out", "is not finished after");
        await CanceledAsync(step);
    }

    [Fact]
    public async Task A_workflow_that_is_cancelled_cancels_the_run()
    {
        using var step = Step(("TESTS", "tests/steady.spec.js"), ("EXTRA", "--env\nSECONDS=300"));
        await using var program = step.Start();
        await Fleet.UntilAsync(() => Task.FromResult(program.Output().Contains("running", StringComparison.Ordinal)), "the test runs");
        await program.SignalAsync("INT");
        var ended = await program.EndAsync(TimeSpan.FromSeconds(30));
        Assert.True(ended.ExitCode == 130, ended.All);
        Assert.Equal("canceled", step.Outputs()["status"]);
        Assert.Contains("Canceled", step.Summary, StringComparison.Ordinal);
        await CanceledAsync(step);
    }

    [Fact]
    public async Task A_run_that_a_newer_one_superseded_is_exit_code_19_or_no_failure()
    {
        var busy = await Fleet.SubmitAsync("steady", r => r with { Env = new() { ["SECONDS"] = "300" }, Device = "tag=one" });
        await Fleet.RunningAsync(busy);
        using var first = Step(("TESTS", "tests/quick.spec.js"), ("SUPERSEDE", "auto"));
        using var second = Step(("TESTS", "tests/quick.spec.js"), ("SUPERSEDE", "auto"), ("SUPERSEDED_OK", "true"));
        using var third = Step(("TESTS", "tests/quick.spec.js"), ("SUPERSEDE", "auto"), ("ASYNC", "true"));
        await using var one = first.Start();
        await Fleet.UntilAsync(() => Task.FromResult(one.Output().Contains("queued", StringComparison.Ordinal)), "the first waits");
        await using var two = second.Start();
        var superseded = await one.EndAsync(TimeSpan.FromSeconds(60));
        Assert.True(superseded.ExitCode == 19, superseded.All);
        Assert.Equal("canceled", first.Outputs()["status"]);
        Assert.Contains("Superseded by run", first.Summary, StringComparison.Ordinal);
        await Fleet.UntilAsync(() => Task.FromResult(two.Output().Contains("queued", StringComparison.Ordinal)), "the second waits");

        var async = await third.RunAsync();
        Assert.True(async.ExitCode == 0, async.All);
        Assert.Equal("submitted", third.Outputs()["status"]);
        var fine = await two.EndAsync(TimeSpan.FromSeconds(60));
        Assert.True(fine.ExitCode == 0, fine.All);
        await Fleet.Client.CancelRunAsync(third.Outputs()["run-id"], Cancel);
        await Fleet.Client.CancelRunAsync((await Fleet.JobAsync(busy)).RunId, Cancel);
    }

    /// <summary>Whatever went wrong: the outputs are there, and log and summary say what it was.</summary>
    private static async Task<Ended> EndsAsync(ActionStep step, int exitCode, string status, string said)
    {
        var ended = await step.RunAsync();
        Assert.True(ended.ExitCode == exitCode, ended.All);
        var outputs = step.Outputs();
        Assert.Equal(status, outputs["status"]);
        Assert.All(new[] { "run-id", "url", "passed", "failed", "flaky", "quarantined", "results", "junit", "report" }, name => Assert.Contains(name, outputs.Keys));
        Assert.Contains("## ❌", step.Summary, StringComparison.Ordinal);
        Assert.Contains(said, step.Summary, StringComparison.Ordinal);
        Assert.Single(ActionStep.Commands(ended), c => c.StartsWith("::error title=qgjob::", StringComparison.Ordinal));
        return ended;
    }

    private async Task CanceledAsync(ActionStep step)
    {
        var run = step.Outputs()["run-id"];
        Assert.Equal("canceled", (await Fleet.Client.FindRunAsync(run, Cancel))!.Status);
        await Fleet.UntilAsync(() => Fleet.IsFreeAsync("one"), "the phone is free again");
    }
}
