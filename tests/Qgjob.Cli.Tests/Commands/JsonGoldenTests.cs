using System.Text.RegularExpressions;
using Qgjob.Client.Wire;
using Qgjob.Core.Devices;
using Qgjob.Core.Groups;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;

namespace Qgjob.Cli.Tests.Commands;

/// <summary>What <c>--json</c> prints is an interface. The commands that are not here have their golden file beside their own tests.</summary>
public sealed partial class JsonGoldenTests : IAsyncDisposable
{
    private static readonly Build TodoBuild = new(Platform.Android, "com.example.todo", new string('a', 64), 12, "todo.apk", "1.0", Views.Start);
    private static readonly DeviceView Phone = new()
    {
        DeviceId = "desk/phone-1",
        AgentId = "a-1",
        Target = Target.Device,
        Platform = Platform.Android,
        OsVersion = "13",
        Model = "Pixel 7",
        Tags = ["lab"],
        State = "busy",
        JobId = "j-1",
        Residents = [new ResidentBuild("com.example.todo", new string('a', 64), "qualgent", "xyz123")],
        Installs = 1,
        Attempts = 3,
    };

    private static readonly AgentView Agent = new("a-1", "desk", "0.1.0", true, false, CliRun.Now, 1, 1);
    private static readonly OrgView Org = new() { OrgId = "qualgent", Weight = 2, MaxDevices = 20, MaxPriority = 1, DevicesInUse = 3, JobsWaiting = 14, Share = 0.6667 };
    private static readonly ResourceView Accounts = new()
    {
        Name = "account:checkout",
        Variable = "QGJOB_RESOURCE_ACCOUNT_CHECKOUT",
        Units = 2,
        Free = 1,
        Holders = [new ResourceHolder("desk/phone-1", "j-1")],
    };

    private static readonly AppVersionView App = new("qualgent", "xyz123", Views.Start, [TodoBuild]);
    private static readonly JobResults Results = new("j-1", "tests/a.spec.ts", JobStatus.Failed, 1, [Views.FailedTest, Views.FlakyTest, Views.SkippedTest, Views.ExcusedTest]);
    private const string NoProject = "No AppWright project here: the agents look the tests up in their own --workspace. Name one with --project.\n";
    private readonly FakeServer server = new();
    private readonly TemporaryFolder folder = new();

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        folder.Dispose();
    }

    [Theory]
    [InlineData("submitted", "submit --org-id qualgent --app-version-id xyz123 --test tests/a.spec.ts", 0, NoProject)]
    [InlineData("plan", "submit --org-id qualgent --app-version-id xyz123 --test tests/a.spec.ts --platform android --list", 0, NoProject)]
    [InlineData("runs", "list --org-id qualgent")]
    [InlineData("jobs", "list --jobs --run-id r-1")]
    [InlineData("job-results", "results j-1")]
    [InlineData("run-results", "results r-1")]
    [InlineData("tests", "tests --org-id qualgent --flaky")]
    [InlineData("quarantine", "quarantine list --org-id qualgent")]
    [InlineData("quarantined", "quarantine add adds --org-id qualgent --reason x")]
    [InlineData("test-history", "tests adds --org-id qualgent --history")]
    [InlineData("canceled", "cancel r-1")]
    [InlineData("rerun", "rerun r-1 --idempotency-key k-1")]
    [InlineData("log", "logs j-1")]
    [InlineData("artifacts", "artifacts j-1")]
    [InlineData("downloaded", "artifacts j-1 --download saved")]
    [InlineData("build", "apps upload todo.apk --org-id qualgent --app-version-id xyz124", 0, "uploaded todo.apk, 5 B in 0.0 s\n")]
    [InlineData("app-versions", "apps list --org-id qualgent")]
    [InlineData("app-version", "apps show xyz123 --org-id qualgent")]
    [InlineData("devices", "devices list")]
    [InlineData("device", "devices show phone-1")]
    [InlineData("device", "devices pause phone-1")]
    [InlineData("device", "devices resume phone-1")]
    [InlineData("device", "devices release phone-1")]
    [InlineData("agents", "agents list")]
    [InlineData("agent", "agents drain a-1")]
    [InlineData("agent", "agents resume a-1")]
    [InlineData("groups", "groups")]
    [InlineData("orgs", "orgs list")]
    [InlineData("org", "orgs set qualgent --weight 2")]
    [InlineData("resources", "resources list --org-id qualgent")]
    [InlineData("resource", "resources set account:checkout --org-id qualgent --unit anna --unit ben")]
    [InlineData("removed", "resources remove account:checkout --org-id qualgent")]
    [InlineData("hooks", "hooks list --org-id qualgent")]
    [InlineData("hook", "hooks add chat --org-id qualgent --to https://example.com/x --format slack --branch main --owner @acme/cart")]
    [InlineData("delivery", "hooks test chat --org-id qualgent")]
    [InlineData("deliveries", "hooks deliveries chat --org-id qualgent")]
    [InlineData("version", "version")]
    [InlineData("agent-nothing", "agent --no-usb", 2, """
        qgjob: There is nothing to offer: --no-usb leaves out what adb sees, and there are no phones in software.
          Leave out --no-usb, or add --virtual-phones N, --emulators N or --browserstack.

        """)]
    public async Task Json_is_one_golden_document(string golden, string line, int code = 0, string said = "")
    {
        Answer();
        folder.With("todo.apk", "bytes");
        var run = await CliRun.OfAsync([.. line.Split(' '), "--json"], server.Url, folder.Path, cancel: TestContext.Current.CancellationToken);
        Assert.Equal(code, run.ExitCode);
        Assert.Equal(said, run.Err);
        Assert.Single(run.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        var stable = run.Out.Replace(folder.Path, "FOLDER", StringComparison.Ordinal);
        Golden.Check($"{golden}.json", golden == "version" ? Versions().Replace(stable, "\"$1\":\"…\"") : stable);
    }

    [Fact]
    public async Task A_phone_in_software_says_where_it_is_in_json()
    {
        using var stop = new CancellationTokenSource();
        using var output = new FirstLine(stop);
        using var error = new StringWriter();
        var world = CliRun.World(output, error, Stream.Null, folder.Path, [], TimeProvider.System);
        await CommandLine.RunAsync(["virtual-phone", "--name", "p1", "--data", "phone", "--json"], world, stop.Token);
        Golden.Check("virtual-phone.json", Port().Replace(output.ToString(), m => m.Value.StartsWith(':') ? ":PORT\"" : "\"port\":0"));
    }

    private void Answer() => server
        .On("POST /api/v1/runs", new RunAccepted("r-1", ["j-1"]), WireJson.Default.RunAccepted)
        .On("GET /api/v1/runs", new ListOf<RunView>([Views.Run()], "more"), WireJson.Default.ListOfRunView)
        .On("GET /api/v1/jobs", new ListOf<JobView>([Views.Job("j-1", "tests/a.spec.ts", JobStatus.Queued)]), WireJson.Default.ListOfJobView)
        .On("GET /api/v1/jobs/j-1", Views.Job("j-1", "tests/a.spec.ts", JobStatus.Failed), WireJson.Default.JobView)
        .On("GET /api/v1/jobs/j-1/results", Results, WireJson.Default.JobResults)
        .On("GET /api/v1/runs/r-1/results", new RunResults("r-1", "failed", 10, new TestCounts(0, 1, 0, 0), [Results]), WireJson.Default.RunResults)
        .On("GET /api/v1/orgs/qualgent/tests", new ListOf<TestView>([Views.Test]), WireJson.Default.ListOfTestView)
        .On("GET /api/v1/orgs/qualgent/quarantine", new ListOf<QuarantineView>([Views.Quarantined]), WireJson.Default.ListOfQuarantineView)
        .On("POST /api/v1/orgs/qualgent/quarantine", Views.Quarantined, WireJson.Default.QuarantineView)
        .On("GET /api/v1/orgs/qualgent/tests/history", Views.TestHistory, WireJson.Default.TestHistoryView)
        .On("POST /api/v1/runs/r-1/cancel", new CancelResult(2), WireJson.Default.CancelResult)
        .On("POST /api/v1/runs/r-1/rerun", new RunAccepted("r-2", ["j-2"]), WireJson.Default.RunAccepted)
        .On("GET /api/v1/jobs/j-1/log", 200, "line one\nline \"two\"\n")
        .On("GET /api/v1/jobs/j-1/artifacts", new ListOf<ArtifactView>([new ArtifactView("trace/a.zip", 4, "application/zip", 1)]), WireJson.Default.ListOfArtifactView)
        .On("GET /api/v1/jobs/j-1/artifacts/1/trace/a.zip", 200, "data")
        .On("PUT /api/v1/apps/qualgent/xyz124", new BuildStored("qualgent", "xyz124", TodoBuild, true), WireJson.Default.BuildStored)
        .On("GET /api/v1/apps", new ListOf<AppVersionView>([App]), WireJson.Default.ListOfAppVersionView)
        .On("GET /api/v1/apps/qualgent/xyz123", App, WireJson.Default.AppVersionView)
        .On("GET /api/v1/devices", new ListOf<DeviceView>([Phone]), WireJson.Default.ListOfDeviceView)
        .On("GET /api/v1/devices/phone-1", Phone, WireJson.Default.DeviceView)
        .On("POST /api/v1/devices/phone-1/pause", Phone, WireJson.Default.DeviceView)
        .On("POST /api/v1/devices/phone-1/resume", Phone, WireJson.Default.DeviceView)
        .On("POST /api/v1/devices/phone-1/release", Phone, WireJson.Default.DeviceView)
        .On("GET /api/v1/agents", new ListOf<AgentView>([Agent]), WireJson.Default.ListOfAgentView)
        .On("POST /api/v1/agents/a-1/drain", Agent, WireJson.Default.AgentView)
        .On("POST /api/v1/agents/a-1/resume", Agent, WireJson.Default.AgentView)
        .On("GET /api/v1/orgs", new ListOf<OrgView>([Org]), WireJson.Default.ListOfOrgView)
        .On("PUT /api/v1/orgs/qualgent", Org, WireJson.Default.OrgView)
        .On("GET /api/v1/orgs/qualgent/resources", new ListOf<ResourceView>([Accounts]), WireJson.Default.ListOfResourceView)
        .On("PUT /api/v1/orgs/qualgent/resources/account%3Acheckout", Accounts, WireJson.Default.ResourceView)
        .On("DELETE /api/v1/orgs/qualgent/resources/account%3Acheckout", 204)
        .On("GET /api/v1/orgs/qualgent/hooks", new ListOf<HookView>([HookTests.Chat]), WireJson.Default.ListOfHookView)
        .On("PUT /api/v1/orgs/qualgent/hooks/chat", HookTests.Chat with { Secret = "whsec_c2VjcmV0" }, WireJson.Default.HookView)
        .On("POST /api/v1/orgs/qualgent/hooks/chat/test", HookTests.Taken, WireJson.Default.DeliveryView)
        .On("GET /api/v1/orgs/qualgent/hooks/chat/deliveries", new ListOf<DeliveryView>([HookTests.Waiting, HookTests.Taken]), WireJson.Default.ListOfDeliveryView)
        .On("GET /api/v1/groups", new ListOf<GroupView>([new GroupView("g-1", "qualgent", "xyz123", Target.Any, "android", [], 2, 24, 1, 1, 1, "the only device that fits is busy") { Waiting = Views.Busy, ExpectedEnd = CliRun.Now.AddSeconds(40) }]), WireJson.Default.ListOfGroupView);

    [GeneratedRegex("\"(version|runtime|platform)\":\"[^\"]+\"")]
    private static partial Regex Versions();

    [GeneratedRegex("\"port\":[0-9]+|:[0-9]+\"")]
    private static partial Regex Port();

    /// <summary>Ends the command after its first line.</summary>
    private sealed class FirstLine(CancellationTokenSource stop) : StringWriter
    {
        public override void WriteLine(string? value)
        {
            Write(value + "\n");
            stop.Cancel();
        }
    }
}
