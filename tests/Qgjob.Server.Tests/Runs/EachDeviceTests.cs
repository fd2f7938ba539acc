using System.Xml.Linq;
using Qgjob.Client.Http;
using Qgjob.Client.Wire;
using Qgjob.Core.Devices;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;
using Xunit;

namespace Qgjob.Server.Tests.Runs;

/// <summary>Each test once on every device that fits; and devices that are spared.</summary>
public sealed class EachDeviceTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;
    private static readonly SubmitRun Two = new() { OrgId = "o", AppVersionId = "v", Tests = ["tests/a.spec.js", "tests/b.spec.js"] };

    [Fact]
    public async Task Each_test_has_a_job_for_each_device_and_a_table_shows_what_came_of_them()
    {
        await using var server = await RunningServer.StartAsync();
        var lab = new FakeAgent(server, "lab", devices: 3);
        await lab.RegisterAsync();
        await server.Client.OrderDeviceAsync("lab/phone-3", "pause", "broken", Cancel);
        var accepted = await server.Client.SubmitAsync(Two with { EachDevice = true, Device = "model=Pixel*" }, "k1", Cancel);
        Assert.Equal(["lab/phone-1", "lab/phone-2"], accepted.Devices);
        Assert.Equal("Left out, since they take no work now: lab/phone-3 (paused).", Assert.Single(accepted.Notes!));
        Assert.Equal(4, accepted.JobIds.Count);
        var bound = (await server.Client.ListJobsAsync(null, accepted.RunId, null, null, 10, null, Cancel)).Items;
        Assert.Equal(["tests/a.spec.js id=lab/phone-1", "tests/a.spec.js id=lab/phone-2", "tests/b.spec.js id=lab/phone-1", "tests/b.spec.js id=lab/phone-2"], bound.Select(j => $"{j.TestPath} {j.Device}"));

        for (var ended = 0; ended < 3;)
            foreach (var work in (await lab.WorkAsync(free: ["lab/phone-1", "lab/phone-2"])).Assignments)
            {
                Assert.Equal($"id={work.Lease.DeviceId}", work.Spec.Device);
                if (ended++ == 3) break;
                var fails = work.Lease.DeviceId == "lab/phone-2" && work.Spec.TestPath == "tests/a.spec.js";
                await lab.FinishAsync(work.Lease, fails ? AttemptOutcome.Failed : AttemptOutcome.Passed,
                    FakeAgent.Test("adds", fails ? TestStatus.Failed : TestStatus.Passed) with { File = work.Spec.TestPath });
            }
        var results = (await server.Client.FindRunResultsAsync(accepted.RunId, Cancel))!;
        Assert.Equal(["lab/phone-1", "lab/phone-2"], results.ByDevice!.Devices);
        Assert.Equal(("suite › adds", "tests/a.spec.js"), (results.ByDevice.Rows[0].Title, results.ByDevice.Rows[0].File));
        Assert.Equal(["passed", "failed"], results.ByDevice.Rows[0].Results);
        Assert.Contains(results.ByDevice.Rows[1].Results, r => r is "leased");
        var junit = XDocument.Parse(await server.Http.GetStringAsync($"/api/v1/runs/{accepted.RunId}/report.junit.xml", Cancel));
        Assert.Contains(junit.Descendants("testcase"), c => c.Attribute("classname")!.Value == "tests/a.spec.js on lab/phone-2");
    }

    [Fact]
    public async Task Without_a_device_that_takes_work_nothing_is_submitted()
    {
        await using var server = await RunningServer.StartAsync();
        var refused = await Assert.ThrowsAsync<ApiException>(() => server.Client.SubmitAsync(Two with { EachDevice = true }, "k1", Cancel));
        Assert.Equal((422, Problem.NoDevice), ((int)refused.Status, refused.Problem.Type));
        await new FakeAgent(server, "lab").RegisterAsync();
        await server.Client.OrderDeviceAsync("lab/phone-1", "pause", "broken", Cancel);
        refused = await Assert.ThrowsAsync<ApiException>(() => server.Client.SubmitAsync(Two with { EachDevice = true }, "k1", Cancel));
        Assert.Contains("no device that fits takes work now: lab/phone-1 (paused)", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_runs_goes_before_what_has_to_be_started()
    {
        await using var server = await RunningServer.StartAsync();
        DeviceOffer Emulator(string id, double? start) => new(id, Target.Emulator, Platform.Android, "13", "pixel_7", [], []) { StartSeconds = start };
        await server.Agent.RegisterAsync(new RegisterRequest("a-1", "boot", "desk", "1", null, [Emulator("desk/avd-1", 60), Emulator("desk/avd-2", null)]), Cancel);
        Assert.Equal("does not run; starts when there is work, in about 60 s", (await server.Client.FindDeviceAsync("desk/avd-1", Cancel))!.Note);
        await server.Client.SubmitAsync(Two with { Tests = ["a.spec.js"] }, "k1", Cancel);
        Task<WorkResponse> Ask(params string[] free) => server.Agent.WorkAsync(new WorkRequest("a-1", "boot", free, [], 0), Cancel);
        Assert.Equal("desk/avd-2", Assert.Single((await Ask("desk/avd-1", "desk/avd-2")).Assignments).Lease.DeviceId);
        await server.Client.SubmitAsync(Two with { Tests = ["b.spec.js"], AppVersionId = "w" }, "k2", Cancel);
        Assert.Equal("b.spec.js", Assert.Single((await Ask("desk/avd-1")).Assignments).Spec.TestPath);
    }

    [Fact]
    public async Task Slots_are_as_many_devices_as_they_can_become_models()
    {
        await using var server = await RunningServer.StartAsync();
        DeviceOffer Slot(string id) => new(id, Target.Browserstack, Platform.Android, "", "", [], [])
        {
            Models = [new("Google Pixel 7", "13", Platform.Android), new("Google Pixel 8", "14", Platform.Android), new("iPhone 15", "17", Platform.Ios)],
        };
        await server.Agent.RegisterAsync(new RegisterRequest("a-1", "boot", "desk", "1", null, [Slot("desk/slot-1"), Slot("desk/slot-2")]), Cancel);
        var accepted = await server.Client.SubmitAsync(Two with { EachDevice = true, Tests = ["a.spec.js"], Platform = Platform.Android }, "k1", Cancel);
        Assert.Equal(["Google Pixel 7 (android 13)", "Google Pixel 8 (android 14)"], accepted.Devices);
        var work = (await server.Agent.WorkAsync(new WorkRequest("a-1", "boot", ["desk/slot-1", "desk/slot-2"], [], 0), Cancel)).Assignments;
        Assert.Equal(["model=Google Pixel 7,os=13,platform=android", "model=Google Pixel 8,os=14,platform=android"], work.Select(w => w.Spec.Device).Order());
    }

    [Fact]
    public async Task A_spared_slot_takes_a_job_when_it_has_waited()
    {
        await using var server = await RunningServer.StartAsync();
        DeviceOffer Device(string id, Target target) => new(id, target, Platform.Android, "13", "Pixel 7", [], []);
        await server.Agent.RegisterAsync(new RegisterRequest("a-1", "boot", "desk", "1", null, [Device("phone", Target.Device), Device("slot", Target.Browserstack)]), Cancel);
        var accepted = await server.Client.SubmitAsync(Two with { Tests = ["a.spec.js"], Overflow = Target.Browserstack, OverflowAfterSeconds = 10 }, "k1", Cancel);
        Task<WorkResponse> Ask() => server.Agent.WorkAsync(new WorkRequest("a-1", "boot", ["slot"], [], 0), Cancel);
        Assert.Empty((await Ask()).Assignments);
        var job = (await server.Client.FindJobAsync(accepted.JobIds[0], Cancel))!;
        Assert.Equal((Target.Browserstack, 10), (job.Overflow, job.OverflowAfterSeconds));
        await server.PassAsync(TimeSpan.FromSeconds(11));
        Assert.Equal(accepted.JobIds[0], Assert.Single((await Ask()).Assignments).JobId);
        foreach (var (options, field) in new (SubmitRun, string)[]
            {
                (Two with { Overflow = Target.Any }, "overflow"), (Two with { Overflow = Target.Browserstack, Target = Target.Device }, "overflow"),
                (Two with { OverflowAfterSeconds = 5 }, "overflow_after_seconds"), (Two with { Overflow = Target.Emulator, EachDevice = true }, "overflow"),
            })
            Assert.Equal(field, (await Assert.ThrowsAsync<ApiException>(() => server.Client.SubmitAsync(options, "k9", Cancel))).Problem.Field);
    }
}
