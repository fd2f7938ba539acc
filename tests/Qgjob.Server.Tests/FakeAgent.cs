using Qgjob.Client.Wire;
using Qgjob.Core.Devices;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;
using Qgjob.Core.Storage;
using Xunit;
using TestResult = Qgjob.Core.Results.TestResult;

namespace Qgjob.Server.Tests;

/// <summary>An agent without phones: it says what a real one would say.</summary>
internal sealed class FakeAgent(RunningServer server, string name, int devices = 1, IReadOnlyList<string>? phones = null)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public string Boot { get; set; } = "boot-1";
    public IReadOnlyList<string> Devices { get; } = phones ?? [.. Enumerable.Range(1, devices).Select(i => $"{name}/phone-{i}")];

    public Task<RegisterResponse> RegisterAsync() => server.Agent.RegisterAsync(
        new RegisterRequest(name, Boot, name, "1", null,
            [.. Devices.Select(d => new DeviceOffer(d, Target.Device, Platform.Android, "13", "Pixel 7", [], [], Virtual: true))]), Cancel);

    public Task<WorkResponse> WorkAsync(double wait = 0, IReadOnlyList<LeaseRef>? leases = null, IReadOnlyList<string>? free = null) =>
        server.Agent.WorkAsync(new WorkRequest(name, Boot, free ?? Devices, leases ?? [], wait), Cancel);

    public async Task<LeaseState> RenewAsync(LeaseRef lease) =>
        (await server.Agent.RenewAsync(new RenewRequest(name, [lease]), Cancel)).States[0];

    public async Task<LeaseState> ProgressAsync(LeaseRef lease, JobStatus status) =>
        (await server.Agent.ProgressAsync(new ProgressRequest([new ProgressItem(lease, status)]), Cancel)).States[0];

    public async Task<bool> FinishAsync(LeaseRef lease, AttemptOutcome outcome = AttemptOutcome.Passed, params TestResult[] tests) =>
        (await server.Agent.FinishAsync(new FinishRequest([new FinishItem(lease, $"f-{lease.DeviceId}-{lease.Token}", new AttemptEnd(outcome, null, 3, tests))]), Cancel)).Accepted[0];

    public static TestResult Test(string title, TestStatus status = TestStatus.Passed) =>
        new(["suite", title], "tests/a.spec.js", 3, status, 1200, Error: status is TestStatus.Failed ? "expected <1> & got 2\u0001" : null);
}
