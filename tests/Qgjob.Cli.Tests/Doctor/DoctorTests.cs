using System.Text.Json;
using Qgjob.Agent;
using Qgjob.Agent.Checks;
using Qgjob.Cli.Tests.Commands;
using Qgjob.Client.Wire;

namespace Qgjob.Cli.Tests.Doctor;

public sealed class DoctorTests : IAsyncDisposable
{
    private const string Config = "export default { projects: [{ use: { buildPath: \"app.apk\" } }] }; // buildPath: \"old.apk\"";
    private const string Pinned = """{"dependencies":{"@playwright/test":"1.49.1","appwright":"0.1.1"}}""";
    private readonly FakeServer server = new();
    private readonly TemporaryFolder folder = new();

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        folder.Dispose();
    }

    private static string NpmLock(string playwright = "1.49.1", string range = "1.49.1") => $$"""
        {"lockfileVersion":3,"packages":{"":{"dependencies":{"@playwright/test":"{{range}}","appwright":"0.1.1"} },
        "node_modules/@playwright/test":{"version":"{{playwright}}" },"node_modules/appwright":{"version":"0.1.1"} } }
        """;

    private Finding Find(string check) => Assert.Single(AgentDoctor.CheckProject(folder.Path), f => f.Check == check);

    [Fact]
    public void A_project_that_runs_has_nothing_to_mend()
    {
        folder.With("appwright.config.ts", "export default {}").With("package.json", Pinned).With("package-lock.json", NpmLock());
        Assert.All(AgentDoctor.CheckProject(folder.Path), f => Assert.Equal((FindingLevel.Ok, null), (f.Level, f.Mend)));
    }

    [Theory]
    [InlineData("1.49.1", FindingLevel.Ok)]
    [InlineData("1.49.0", FindingLevel.Ok)]
    [InlineData("1.55.0", FindingLevel.Warning)]
    [InlineData("1.65.1", FindingLevel.Problem)]
    [InlineData("2.0.0", FindingLevel.Problem)]
    [InlineData("1.40.0", FindingLevel.Problem)]
    public void Playwright_must_be_one_that_appwright_works_with(string version, FindingLevel level)
    {
        folder.With("appwright.config.ts").With("package.json", Pinned).With("package-lock.json", NpmLock(version));
        Assert.Equal(level, Find("playwright").Level);
        if (level is not FindingLevel.Ok) Assert.Contains("\"overrides\": { \"@playwright/test\": \"$@playwright/test\" }", Find("playwright").Mend, StringComparison.Ordinal);
    }

    [Fact]
    public void A_range_without_a_lock_file_gets_the_newest()
    {
        folder.With("appwright.config.ts").With("package.json", """{"devDependencies":{"@playwright/test":"^1.46.1","appwright":"0.1.1"}}""");
        Assert.Equal(FindingLevel.Problem, Find("playwright").Level);
        Assert.Equal(FindingLevel.Warning, Find("lock-file").Level);
    }

    [Fact]
    public void A_lock_file_out_of_step_is_named()
    {
        folder.With("appwright.config.ts").With("package.json", Pinned).With("package-lock.json", NpmLock(range: "^1.46.1"));
        Assert.Equal(FindingLevel.Problem, Find("lock-file").Level);
        Assert.Contains("@playwright/test", Find("lock-file").What, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("pnpm-lock.yaml", "importers:\n\n  .:\n    dependencies:\n      '@playwright/test':\n        specifier: 1.49.1\n        version: 1.49.1\n      appwright:\n        specifier: 0.1.1\n        version: 0.1.1\n\npackages:\n\n  '@playwright/test@1.49.1':\n    resolution: {}\n\n  appwright@0.1.1:\n    resolution: {}\n")]
    [InlineData("yarn.lock", "\"@playwright/test@1.49.1\":\n  version \"1.49.1\"\n\nappwright@0.1.1:\n  version \"0.1.1\"\n")]
    [InlineData("yarn.lock", "\"@playwright/test@npm:1.49.1\":\n  version: 1.49.1\n\n\"appwright@npm:0.1.1\":\n  version: 0.1.1\n")]
    public void Locks_of_pnpm_and_yarn_are_read(string name, string content)
    {
        folder.With("appwright.config.ts").With("package.json", Pinned).With(name, content);
        Assert.Equal(FindingLevel.Ok, Find("lock-file").Level);
        Assert.Equal(FindingLevel.Ok, Find("playwright").Level);
        folder.With(name, content.Replace("1.49.1", "1.65.1", StringComparison.Ordinal));
        Assert.Equal(FindingLevel.Problem, Find("lock-file").Level);
        Assert.Equal(FindingLevel.Problem, Find("playwright").Level);
    }

    [Fact]
    public void The_build_must_be_there_and_readable()
    {
        folder.With("appwright.config.ts", Config).With("package.json", Pinned).With("package-lock.json", NpmLock());
        Assert.Equal(FindingLevel.Warning, Find("build").Level);
        Assert.Contains("--app", Find("build").Mend, StringComparison.Ordinal);
        folder.With("app.apk", "no zip");
        Assert.Equal(FindingLevel.Problem, Find("build").Level);
    }

    [Theory]
    [InlineData("package.json", "{", "packages")]
    [InlineData("package-lock.json", "{", "lock-file")]
    public void Broken_files_are_findings(string file, string content, string check)
    {
        folder.With("appwright.config.ts").With("package.json", Pinned).With("package-lock.json", NpmLock()).With(file, content);
        Assert.Equal(FindingLevel.Problem, Find(check).Level);
    }

    [Theory]
    [InlineData("R1 unauthorized transport_id:1", FindingLevel.Problem, "allow USB debugging", "tap Allow")]
    [InlineData("R1 offline transport_id:1", FindingLevel.Problem, "R1 is offline", "Plug it in again")]
    [InlineData("R1 no permissions (user is not in the plugdev group)", FindingLevel.Problem, "may not be opened", "plugdev")]
    [InlineData("R1 device transport_id:1", FindingLevel.Ok, "R1 is a Acme Phone with Android 13", null)]
    [InlineData("", FindingLevel.Warning, "no phone", "--virtual-phones")]
    public async Task Phones_say_what_they_wait_for(string listing, FindingLevel level, string what, string? mend)
    {
        await using var adb = new FakeAdb(listing);
        var phone = Assert.Single(await Machine(adb.Port), f => f.Check == "phone");
        Assert.Equal(level, phone.Level);
        Assert.Contains(what, phone.What, StringComparison.Ordinal);
        if (mend is null) Assert.Null(phone.Mend);
        else Assert.Contains(mend, phone.Mend, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Something_else_on_adbs_port_is_a_problem()
    {
        Assert.Equal(FindingLevel.Problem, Assert.Single(await Machine(server.Url.Port), f => f.Check == "adb-server").Level);
    }

    [Fact]
    public async Task The_doctor_ends_with_1_when_there_is_a_problem_and_its_json_is_golden()
    {
        folder.With("appwright.config.ts", Config).With("package.json", Pinned).With("package-lock.json", NpmLock("1.65.1"));
        server.On("GET /readyz", new Health("ok", "0.0.1"), WireJson.Default.Health)
            .On("GET /api/v1/agents", new ListOf<AgentView>([new AgentView("a-1", "desk", "0.1.0", true, false, CliRun.Now, 0, 0)]), WireJson.Default.ListOfAgentView)
            .On("GET /api/v1/devices", new ListOf<DeviceView>([]), WireJson.Default.ListOfDeviceView);
        string[] args = ["doctor", "--data", "data", "--toolchain", "toolchain"];
        var run = await CliRun.OfAsync([.. args, "--json"], server.Url, folder.Path, cancel: TestContext.Current.CancellationToken);
        Assert.Equal(1, run.ExitCode);
        using var json = JsonDocument.Parse(run.Out);
        // What the machine has differs; what the project and the server have does not.
        var lines = json.RootElement.GetProperty("findings").EnumerateArray().Select(f => f.GetRawText()).Where(f => f.StartsWith("{\"area\":\"project\"", StringComparison.Ordinal) || f.StartsWith("{\"area\":\"server\"", StringComparison.Ordinal));
        Golden.Check("doctor.json", (string.Join('\n', lines) + "\n").Replace(folder.Path, "FOLDER", StringComparison.Ordinal).Replace(server.Url.ToString(), "SERVER", StringComparison.Ordinal));
        Assert.StartsWith("{\"schema\":1,\"kind\":\"doctor\",\"problems\":", run.Out, StringComparison.Ordinal);

        var text = await CliRun.OfAsync(args, server.Url, folder.Path, cancel: TestContext.Current.CancellationToken);
        Assert.Equal(1, text.ExitCode);
        Assert.Contains("  problem  @playwright/test 1.65.1 does not work with AppWright", text.Out, StringComparison.Ordinal);
        Assert.Equal([], Directory.GetDirectories(folder.Path));
    }

    [Theory]
    [InlineData(401, """{"detail":"asks for a token"}""", "token")]
    [InlineData(200, "<html>", "server")]
    public async Task The_servers_refusal_is_a_finding(int status, string body, string check)
    {
        server.On("GET /readyz", new Health("ok", "0.1.0"), WireJson.Default.Health).On("GET /api/v1/agents", status, body);
        var run = await CliRun.OfAsync(["doctor", "--json", "--data", "data", "--toolchain", "toolchain"], server.Url, folder.Path, cancel: TestContext.Current.CancellationToken);
        using var json = JsonDocument.Parse(run.Out);
        Assert.Contains(json.RootElement.GetProperty("findings").EnumerateArray(), f =>
            f.GetProperty("check").GetString() == check && f.GetProperty("level").GetString() == "problem" && f.GetProperty("mend").GetString()!.Contains("--", StringComparison.Ordinal));
    }

    private Task<IReadOnlyList<Finding>> Machine(int adbPort) => AgentDoctor.CheckMachineAsync(
        new AgentOptions { Servers = [server.Url], DataFolder = folder["data"], ToolchainFolder = folder["toolchain"], AdbPort = adbPort }, TimeProvider.System, TestContext.Current.CancellationToken);
}
