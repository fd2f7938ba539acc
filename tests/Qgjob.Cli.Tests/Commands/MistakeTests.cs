using Qgjob.Client.Wire;

namespace Qgjob.Cli.Tests.Commands;

/// <summary>Every mistake is told in two lines: what is wrong, and what to do next.</summary>
public sealed class MistakeTests : IAsyncDisposable
{
    private const string Submit = "submit --org-id o --app-version-id v --test a.spec.ts";
    private readonly FakeServer server = new();
    private readonly TemporaryFolder folder = new();

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        folder.Dispose();
    }

    [Theory]
    [InlineData("status j-9", 1, "no job j-9", "qgjob list --jobs")]
    [InlineData("status r-9", 1, "no run r-9", "qgjob list")]
    [InlineData("cancel j-9", 1, "no job j-9", "qgjob list --jobs")]
    [InlineData("logs r-9", 2, "is a run", "qgjob list --jobs --run-id r-9")]
    [InlineData("devices show d-9", 1, "no device d-9", "qgjob devices list")]
    [InlineData("devices pause d-9", 1, "no device d-9", "qgjob devices list")]
    [InlineData("agents drain a-9", 1, "no agent a-9", "qgjob agents list")]
    [InlineData("apps show v9 --org-id o", 1, "no app version v9 of o", "qgjob apps list")]
    [InlineData("apps show v9", 2, "No org", "--org-id")]
    [InlineData("apps upload none.apk --org-id o --app-version-id v", 2, "There is no file", "an .apk file")]
    [InlineData("apps upload . --org-id o --app-version-id v", 2, ". is a folder", "an .apk file")]
    [InlineData("apps upload Shop.app --org-id o --app-version-id v", 2, "Shop.app is a folder", "Builds for iOS are not taken yet. Give the build, an .apk file.")]
    [InlineData("apps upload bad.apk --org-id o --app-version-id bad", 2, "bad.apk was not taken: This is not an APK", "check that it is whole")]
    [InlineData("apps upload shop.ipa --org-id o --app-version-id kind", 2, "shop.ipa was not taken: must end in .apk", "Builds for iOS are not taken yet")]
    [InlineData("apps upload shop.zip --org-id o --app-version-id kind", 2, "shop.zip was not taken: must end in .apk", "Builds for iOS are not taken yet")]
    [InlineData("apps upload shop.aab --org-id o --app-version-id kind", 2, "shop.aab was not taken: must end in .apk", "bundletool")]
    [InlineData("apps upload bad.apk --org-id o --app-version-id used", 1, "other bytes already", "new --app-version-id")]
    [InlineData("apps upload bad.apk --org-id o --app-version-id large", 1, "larger than 4 bytes", "how large a build may be")]
    [InlineData("apps upload bad.apk --app-version-id v", 2, "No org", "--org-id")]
    [InlineData("apps upload bad.apk --org-id a/b --app-version-id v", 2, "'a/b' cannot be the name of an org", "letters, digits")]
    [InlineData("apps upload --org-id o --app-version-id v", 2, "'qgjob apps upload' needs <file>.", "qgjob apps upload --help")]
    [InlineData(Submit + " --app none.apk", 2, "There is no file", "an .apk file")]
    [InlineData(Submit + " --app .", 2, ". is a folder", "an .apk file")]
    [InlineData("submit --org-id o --app-version-id bad --test a.spec.ts --app bad.apk", 2, "bad.apk was not taken: This is not an APK", "check that it is whole")]
    [InlineData("submit --org-id o --app-version-id kind --test a.spec.ts --app shop.ipa", 2, "must end in .apk", "Builds for iOS are not taken yet")]
    [InlineData("submit --org-id o --app-version-id used --test a.spec.ts --app bad.apk", 1, "other bytes", "new --app-version-id")]
    [InlineData("status job-9", 1, "no job job-9", "qgjob list --jobs")]
    [InlineData("results r-9", 1, "no run r-9", "qgjob list")]
    [InlineData("artifacts j-9", 1, "no job j-9", "qgjob list --jobs")]
    [InlineData("wait r-9", 1, "no run r-9", "qgjob list")]
    [InlineData("wait j-9", 2, "j-9 is a job", "qgjob status j-9")]
    [InlineData("wait abc", 2, "abc is not a run", "qgjob list")]
    [InlineData("logs j-1 --attempt 3", 2, "j-1 has 1 attempt", "qgjob status j-1")]
    [InlineData("cancel j-1", 1, "finished already", "qgjob status j-1")]
    [InlineData("agents resume a-9", 1, "no agent a-9", "qgjob agents list")]
    [InlineData("apps show v9 --org-id nobody", 1, "no app version v9 of nobody", "qgjob apps list")]
    [InlineData("list --limit x", 2, "--limit: 'x' is not a whole number.", "qgjob list --help")]
    [InlineData("submit", 2, "'qgjob submit' needs --test.", "qgjob submit --help")]
    [InlineData("wait", 2, "'qgjob wait' needs <run>.", "qgjob wait --help")]
    [InlineData("submit --org-id o --app-version-id v --test tests --project .", 2, "no AppWright config in", "appwright.config.ts")]
    [InlineData("submit --org-id o --app-version-id v --test README.md", 2, "README.md is not a test file", "*.spec.*")]
    [InlineData(Submit + " --target toaster", 2, "'toaster'", "any, device, emulator")]
    [InlineData(Submit + " --platform windows", 2, "'windows'", "android, ios")]
    [InlineData(Submit + " --timeout 90", 2, "not a duration", "90s, 10m or 1h30m")]
    [InlineData(Submit + " --queue-timeout soon", 2, "--queue-timeout: 'soon'", "1h30m")]
    [InlineData(Submit + " --max-attempts 0", 2, "not from 1 to 10", "qgjob submit --help")]
    [InlineData(Submit + " --project nowhere", 2, "there is no folder", "appwright.config.ts")]
    [InlineData("submit --org-id o --app-version-id v --test *.none.ts", 3, "no test file matches", "*.spec.*")]
    [InlineData("submit --org-id o --test a.spec.ts", 2, "No app version", "--app-version-id NAME")]
    [InlineData("list --status lost", 2, "'lost'", "queued")]
    [InlineData("list --limit 0", 2, "1 to 500", "--cursor")]
    [InlineData("agent --no-usb", 2, "nothing to offer", "--virtual-phones")]
    [InlineData("agent --target toaster", 2, "'toaster'", "emulator")]
    [InlineData("completion tcsh", 2, "'tcsh'", "bash, zsh or fish")]
    [InlineData("virtual-phone --data p --api-level 3", 2, "", "qgjob virtual-phone --help")]
    [InlineData("devices lst", 2, "Did you mean list?", "qgjob devices --help")]
    [InlineData("orgs set o", 2, "Nothing is to be set", "--max-devices")]
    [InlineData("orgs set a/b --weight 2", 2, "'a/b' cannot be the name of an org", "letters, digits")]
    [InlineData("orgs set o --weight 0", 2, "'0' is not a number from 0.01 to 1000", "twice the share")]
    [InlineData("orgs set o --weight NaN", 2, "'NaN' is not a number", "twice the share")]
    [InlineData("orgs set o --max-devices -1", 2, "'-1' is not a number of devices", "none for no limit")]
    [InlineData("orgs set o --max-devices many", 2, "'many' is not a number of devices", "none for no limit")]
    [InlineData("orgs set o --max-priority hot", 2, "--max-priority: 'hot'", "low, normal, high, urgent")]
    [InlineData("orgs set o --max-priority 11", 2, "11 is not from -10 to 10", "qgjob orgs set --help")]
    [InlineData("resources list", 2, "No org", "--org-id")]
    [InlineData("resources set a --org-id o", 2, "No unit is given", "--units-from FILE")]
    [InlineData("resources set a --org-id o --unit x --units-from y", 2, "exclude each other", "--unit VALUE")]
    [InlineData("resources set a --org-id o --units-from none.txt", 2, "There is no file", "standard input")]
    [InlineData("resources set a --org-id o --units-from -", 2, "holds no unit", "one on each line")]
    [InlineData("resources set a/b --org-id o --unit x", 2, "'a/b' cannot be the name of a resource", "letters, digits")]
    [InlineData("resources remove none --org-id o", 1, "no resource none of o", "qgjob resources list")]
    [InlineData(Submit + " --needs a/b", 2, "cannot be the name of a resource", "letters, digits")]
    [InlineData("submit --org-id o --app-version-id v --test needy.spec.ts --needs account", 2, "o has no resource 'account'", "qgjob resources set")]
    [InlineData("groups --url ftp://x", 2, "not the address of a server", "http://localhost:8000")]
    public async Task Each_mistake_says_what_to_do(string line, int code, string what, string next)
    {
        foreach (var file in new[] { "bad.apk", "shop.ipa", "shop.zip", "shop.aab", "Shop.app/Info.plist" }) folder.With(file, "no zip");
        server.On("POST /api/v1/runs", a => a.Text.Contains("needy", StringComparison.Ordinal)
                ? new Answer(400, """{"title":"Invalid request","status":400,"detail":"needs: o has no resource 'account'; it has none yet.","field":"needs"}""")
                : new Answer(200, """{"run_id":"r-1","job_ids":["j-1"]}"""))
            .On("PUT /api/v1/apps/o/bad", 400, """{"title":"Invalid","status":400,"detail":"This is not an APK."}""")
            .On("PUT /api/v1/apps/o/kind", 400, """{"title":"Invalid","status":400,"detail":"must end in .apk; this version takes no other kind of build","field":"file_name"}""")
            .On("PUT /api/v1/apps/o/large", 413, """{"title":"Too large","status":413,"detail":"The body is larger than 4 bytes (max-build)."}""")
            .On("GET /api/v1/jobs/j-1", Views.Job("j-1", "a.spec.ts", Core.Jobs.JobStatus.Failed) with { FinishedAt = CliRun.Now }, WireJson.Default.JobView)
            .On("POST /api/v1/jobs/j-1/cancel", new CancelResult(0), WireJson.Default.CancelResult)
            .On("PUT /api/v1/apps/o/used", 409, """{"title":"Conflict","status":409,"detail":"v is another build"}""");
        await Check(await CliRun.OfAsync(line.Split(' '), server.Url, folder.Path, cancel: TestContext.Current.CancellationToken), code, what, next);
    }

    [Fact]
    public async Task Something_else_at_the_address_is_told_from_a_server()
    {
        server.On("GET /api/v1/groups", 200, "<html>hello</html>").On("GET /api/v1/runs", 404, "<html>no</html>").On("POST /api/v1/runs", 501, "<html>no</html>").On("GET /api/v1/jobs/j-1", 404, "<html>no</html>").On("GET /api/v1/agents", 401, """{"detail":"asks for a token"}""");
        await Check(await CliRun.OfAsync(["groups"], server.Url, cancel: TestContext.Current.CancellationToken), 1, "is not a qgjob server", "QGJOB_URL");
        await Check(await CliRun.OfAsync(["list"], server.Url, cancel: TestContext.Current.CancellationToken), 1, "is not a qgjob server", "QGJOB_URL");
        await Check(await CliRun.OfAsync(Submit.Split(' '), server.Url, folder.Path, cancel: TestContext.Current.CancellationToken), 1, "is not a qgjob server", "QGJOB_URL");
        await Check(await CliRun.OfAsync(["status", "j-1"], server.Url, cancel: TestContext.Current.CancellationToken), 1, "is not a qgjob server", "QGJOB_URL");
        await Check(await CliRun.OfAsync(["agents", "list"], server.Url, cancel: TestContext.Current.CancellationToken), 4, "asks for a token", "QGJOB_TOKEN");
    }

    [Fact]
    public async Task A_wrong_address_is_named()
    {
        // Port 1 is nobody's.
        var gone = new Uri("http://127.0.0.1:1/");
        await Check(await CliRun.OfAsync(["wait", "r-1"], gone, time: TimeProvider.System, cancel: TestContext.Current.CancellationToken), 1, $"No answer from the qgjob server at {gone}", "QGJOB_URL");
        await Check(await CliRun.OfAsync(["groups"], gone, time: TimeProvider.System, cancel: TestContext.Current.CancellationToken), 1, $"No answer from the qgjob server at {gone}", "QGJOB_URL");
    }

    private static Task Check(CliRun run, int code, string what, string next)
    {
        // Outside a project, a submission says so first.
        var lines = run.Err.Split('\n', StringSplitOptions.RemoveEmptyEntries).SkipWhile(l => l.StartsWith("No AppWright project here: ", StringComparison.Ordinal)).ToList();
        Assert.True(run.ExitCode == code, $"exit code {run.ExitCode}: {run.Err}");
        Assert.Equal(2, lines.Count);
        Assert.StartsWith("qgjob: ", lines[0], StringComparison.Ordinal);
        Assert.StartsWith("  ", lines[1], StringComparison.Ordinal);
        Assert.Contains(what, lines[0], StringComparison.Ordinal);
        Assert.Contains(next, lines[1], StringComparison.Ordinal);
        Assert.Empty(run.Out);
        return Task.CompletedTask;
    }
}
