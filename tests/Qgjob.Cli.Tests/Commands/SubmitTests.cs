using System.Text.Json;
using Qgjob.Client.Projects;
using Qgjob.Client.Wire;

namespace Qgjob.Cli.Tests.Commands;

public sealed class SubmitTests : IAsyncDisposable
{
    private readonly FakeServer server = new FakeServer().On("POST /api/v1/runs", new RunAccepted("r-1", ["j-1"]), WireJson.Default.RunAccepted);
    private readonly TemporaryFolder folder = new();

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        folder.Dispose();
    }

    private Task<CliRun> Run(params string[] args) => CliRun.OfAsync(args, server.Url, folder.Path);

    private void Project() => folder.With("appwright.config.ts").With("tests/onboarding.spec.js", "x").With("tests/other.spec.ts", "y").With("app.apk", "build");

    private SubmitRun Sent() => JsonSerializer.Deserialize(server.Last("POST /api/v1/runs").Body, WireJson.Default.SubmitRun)!;

    [Fact]
    public async Task The_seed_command_works_letter_for_letter_without_a_project()
    {
        var run = await Run("submit", "--org-id=qualgent", "--app-version-id=xyz123", "--test=tests/onboarding.spec.js");
        Assert.Equal(0, run.ExitCode);
        Assert.Equal("run r-1\njob j-1 tests/onboarding.spec.js\n", run.Out);
        Assert.Contains("No AppWright project here", run.Err, StringComparison.Ordinal);
        Assert.Contains("qgjob status --job-id=j-1", run.Err, StringComparison.Ordinal);
        Assert.Equal(["tests/onboarding.spec.js"], Sent().Tests);
        Assert.Equal(("qualgent", "xyz123", null), (Sent().OrgId, Sent().AppVersionId, Sent().BundleSha256));
        Assert.Equal("k-1", server.Last("POST /api/v1/runs").IdempotencyKey);
    }

    [Fact]
    public async Task The_project_is_uploaded_once()
    {
        Project();
        string? stored = null;
        server.On("POST /api/v1/runs", a => new Answer(200, """{"run_id":"r-1","job_ids":["j-1"]}"""));
        var files = ProjectFiles.List(folder.Path, []);
        var packed = await Bundle.PackAsync(files, Path.Combine(Path.GetTempPath(), Path.GetRandomFileName()), 1_000_000, TestContext.Current.CancellationToken);
        File.Delete(packed.File);
        var path = $"/api/v1/bundles/qualgent/{packed.Sha256}";
        server.On($"HEAD {path}", _ => new Answer(stored is null ? 404 : 200, "")).On($"PUT {path}", a =>
        {
            stored = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(a.Body));
            return new Answer(201, "");
        });
        string[] args = ["submit", "--org-id", "qualgent", "--app-version-id", "xyz123", "--test", "tests/onboarding.spec.js"];
        Assert.Equal(0, (await Run(args)).ExitCode);
        Assert.Equal(packed.Sha256, stored);
        Assert.Equal(packed.Sha256, Sent().BundleSha256);
        Assert.Equal(0, (await Run(args)).ExitCode);
        Assert.Single(server.Requests, r => r.StartsWith("PUT", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Every_option_reaches_the_server()
    {
        var run = await Run(
            "submit", "--org-id=o", "--app-version-id=v", "--test", "a.spec.ts", "--test", "b.spec.ts", "--target", "device", "--platform", "android", "--platform", "ios",
            "--device", "os>=13,model=Pixel*", "--strict", "--priority", "high", "--reset", "none", "--max-attempts", "2", "--infra-attempts", "4", "--queue-timeout", "90s",
            "--install-timeout", "5m", "--timeout", "1h", "--silence-timeout", "2m", "--env", "A=b=c", "--meta", "who=me", "--grep", "@smoke", "--aw-project", "android", "--config", "x.config.ts",
            "--test-retries", "0", "--needs", "account:checkout", "--needs", "licence", "--supersede", "pr-17", "--fail-fast", "--idempotency-key", "mine");
        Assert.Equal(0, run.ExitCode);
        Golden.Check("submit-body.json", server.Last("POST /api/v1/runs").Text + "\n");
        Assert.Equal("mine", server.Last("POST /api/v1/runs").IdempotencyKey);
    }

    [Fact]
    public async Task Each_device_names_the_device_of_each_job()
    {
        server.On("POST /api/v1/runs", new RunAccepted("r-1", ["j-1", "j-2"], Devices: ["lab/phone-1", "lab/phone-2"]), WireJson.Default.RunAccepted);
        var run = await Run("submit", "--org-id=o", "--app-version-id=v", "--test", "a.spec.ts", "--each-device");
        Assert.Equal("run r-1\njob j-1 a.spec.ts on lab/phone-1\njob j-2 a.spec.ts on lab/phone-2\n", run.Out);
        Assert.True(Sent().EachDevice);
    }

    [Fact]
    public async Task Overflow_and_its_wait_reach_the_server()
    {
        Assert.Equal(0, (await Run("submit", "--org-id=o", "--app-version-id=v", "--test", "a.spec.ts", "--overflow", "browserstack", "--after", "5m")).ExitCode);
        Assert.Equal((Qgjob.Core.Jobs.Target.Browserstack, 300), (Sent().Overflow, Sent().OverflowAfterSeconds));
        Assert.Contains("--after goes with --overflow", (await Run("submit", "--org-id=o", "--app-version-id=v", "--test", "a.spec.ts", "--after", "5m")).Err, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_mistake_in_a_selector_is_pointed_at()
    {
        var run = await Run("submit", "--org-id=o", "--app-version-id=v", "--test", "a.spec.ts", "--device", "os>=13, colour=red");
        Assert.Equal(2, run.ExitCode);
        Assert.StartsWith("qgjob: --device: unknown field 'colour'; fields are agent, ", run.Err, StringComparison.Ordinal);
        Assert.Contains("\n  os>=13, colour=red\n          ^^^^^^\n  Conditions are joined by commas", run.Err, StringComparison.Ordinal);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task What_no_device_could_run_is_exit_code_18_where_the_server_refuses_it()
    {
        server.On("POST /api/v1/runs", _ => new Answer(422, """{"title":"No device","status":422,"type":"no-device","field":"device","detail":"Nothing was submitted: no device seen so far can run os>=99: d1 lacks os>=99."}"""));
        var run = await Run("submit", "--org-id=o", "--app-version-id=v", "--test", "a.spec.ts", "--device", "os>=99", "--strict");
        Assert.Equal(18, run.ExitCode);
        Assert.Contains("d1 lacks os>=99", run.Err, StringComparison.Ordinal);
        Assert.Contains("without --strict", run.Err, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--target", "toaster")]
    [InlineData("--platform", "windows")]
    [InlineData("--device", "colour=red")]
    [InlineData("--priority", "11")]
    [InlineData("--max-attempts", "0")]
    [InlineData("--timeout", "90")]
    [InlineData("--silence-timeout", "0s")]
    [InlineData("--env", "novalue")]
    [InlineData("--report", "junit=x")]
    [InlineData("--wait-timeout", "5m")]
    [InlineData("--org-id", "two words")]
    public async Task Mistakes_are_found_before_anything_is_sent(string option, string value)
    {
        string[] org = option == "--org-id" ? [] : ["--org-id", "o"];
        var run = await Run(["submit", .. org, "--app-version-id", "v", "--test", "a.spec.ts", option, value]);
        Assert.Equal(2, run.ExitCode);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task What_the_server_changed_is_told_on_standard_error()
    {
        const string Note = "Priority urgent is above the cap of o: the jobs count as normal.";
        server.On("POST /api/v1/runs", new RunAccepted("r-1", ["j-1"], Notes: [Note]), WireJson.Default.RunAccepted);
        string[] args = ["submit", "--org-id", "o", "--app-version-id", "v", "--test", "a.spec.ts", "--priority", "urgent"];
        var run = await Run(args);
        Assert.Equal((0, "run r-1\njob j-1 a.spec.ts\n"), (run.ExitCode, run.Out));
        Assert.Contains(Note + "\n", run.Err, StringComparison.Ordinal);
        Golden.Check("submitted-notes.json", (await Run([.. args, "--json"])).Out);
    }

    [Fact]
    public async Task Without_an_org_it_says_how_to_give_one()
    {
        var run = await Run("submit", "--app-version-id", "v", "--test", "a.spec.ts");
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("--org-id", run.Err, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Other_bytes_under_a_used_name_suggest_a_new_name()
    {
        Project();
        server.On("PUT /api/v1/apps/o/v", 409, """{"title":"Conflict","status":409,"detail":"v is another build"}""");
        var run = await Run("submit", "--org-id", "o", "--app-version-id", "v", "--test", "tests/other.spec.ts", "--app", "app.apk");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("other bytes", run.Err, StringComparison.Ordinal);
        Assert.Contains("new --app-version-id", run.Err, StringComparison.Ordinal);
        Assert.DoesNotContain(server.Requests, r => r.StartsWith("POST", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_build_that_the_server_has_is_not_sent_again()
    {
        var sha256 = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData("build"u8));
        folder.With("app.apk", "build");
        server.On("GET /api/v1/apps/o/v", 200,
            $$"""{"org_id":"o","app_version_id":"v","created_at":"2026-01-01T00:00:00Z","builds":[{"platform":"android","package_id":"p","sha256":"{{sha256}}","size_bytes":5,"file_name":"a","version_name":"1","uploaded_at":"2026-01-01T00:00:00Z"}]}""");
        Assert.Equal(0, (await Run("submit", "--org-id", "o", "--app-version-id", "v", "--test", "a.spec.ts", "--app", "app.apk")).ExitCode);
        Assert.DoesNotContain(server.Requests, r => r.StartsWith("PUT", StringComparison.Ordinal));
    }

    [Fact]
    public async Task List_shows_each_platforms_jobs_and_sends_nothing()
    {
        Project();
        var run = await Run("submit", "--org-id", "o", "--app-version-id", "v", "--test", "tests/*", "--platform", "android", "--platform", "ios", "--list");
        Assert.Equal(0, run.ExitCode);
        Assert.Equal(5, run.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Empty(server.Requests);
        Assert.Equal(3, (await Run("submit", "--org-id", "o", "--app-version-id", "v", "--test", "tests/*.none", "--list")).ExitCode);
    }
}
