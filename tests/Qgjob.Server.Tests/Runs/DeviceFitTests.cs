using Qgjob.Client.Http;
using Qgjob.Client.Wire;
using Qgjob.Core.Devices;
using Qgjob.Core.Jobs;
using Xunit;

namespace Qgjob.Server.Tests.Runs;

public sealed class DeviceFitTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;
    private static readonly SubmitRun One = new() { OrgId = "o", AppVersionId = "v", Tests = ["a.spec.js"] };

    private static DeviceOffer Phone(string id, string os, string model = "Google Pixel 7") => new(id, Target.Device, Platform.Android, os, model, ["lab1"], []) { Manufacturer = "Google", ApiLevel = 33 };

    private static Task<RegisterResponse> RegisterAsync(RunningServer server, params DeviceOffer[] devices) =>
        server.Agent.RegisterAsync(new RegisterRequest("a-1", "boot", "desk", "1", null, devices), Cancel);

    [Fact]
    public async Task What_no_device_seen_so_far_could_run_is_warned_about_with_what_comes_nearest()
    {
        await using var server = await RunningServer.StartAsync();
        var nobody = await server.Client.SubmitAsync(One, "k0", Cancel);
        Assert.Equal("Warning: no agent ever offered a device. The jobs wait for one, at most 60 min; --strict refuses them.", Assert.Single(nobody.Notes!));
        Assert.Empty(Assert.Single(nobody.Unmatched!).Nearest);

        server.Time.Advance(TimeSpan.FromSeconds(1));
        await RegisterAsync(server, Phone("d1", "13"), Phone("d2", "13"), Phone("d3", "14", "Google Pixel 8"));
        Assert.Null((await server.Client.SubmitAsync(One, "k1", Cancel)).Notes);
        foreach (var fits in new[] { "agent=desk,model=Pixel 8", "os>=14,tag=lab1", "api>=33,manufacturer=google" })
            Assert.Null((await server.Client.SubmitAsync(One with { Device = fits }, "k-" + fits.Length, Cancel)).Notes);

        var none = await server.Client.SubmitAsync(One with { Device = "model=Pixel 7,os>=14" }, "k2", Cancel);
        Assert.Equal(
            "Warning: no device seen so far can run model=Pixel 7,os>=14: d1, d2 (Google Pixel 7, android 13) lack os>=14 (has 13); "
            + "d3 (Google Pixel 8, android 14) lacks model=Pixel 7 (has Google Pixel 8). The jobs wait for one, at most 60 min; --strict refuses them.",
            Assert.Single(none.Notes!));
        var near = Assert.Single(none.Unmatched!).Nearest;
        Assert.Equal(["d1", "d2"], near[0].DeviceIds);
        Assert.Equal(new LackView("os>=14", "13"), Assert.Single(near[0].Lacks));

        server.Time.Advance(TimeSpan.FromSeconds(1));
        // A device that went was seen all the same, and one that comes is seen at once.
        await RegisterAsync(server, Phone("d9", "15"));
        Assert.Null((await server.Client.SubmitAsync(One with { Device = "os>=13,os<14" }, "k3", Cancel)).Notes);
        Assert.Null((await server.Client.SubmitAsync(One with { Device = "model=Pixel 7,os>=14" }, "k4", Cancel)).Notes);
    }

    [Fact]
    public async Task A_strict_submission_is_refused_whole()
    {
        await using var server = await RunningServer.StartAsync();
        await RegisterAsync(server, Phone("d1", "13"));
        var refused = await Assert.ThrowsAsync<ApiException>(() => server.Client.SubmitAsync(One with { Platforms = [Platform.Android, Platform.Ios], Strict = true }, "k1", Cancel));
        Assert.Equal((422, Problem.NoDevice, "device"), ((int)refused.Status, refused.Problem.Type, refused.Problem.Field));
        Assert.Contains("platform=ios: d1 (Google Pixel 7, android 13) lacks platform=ios (has android)", refused.Message, StringComparison.Ordinal);
        Assert.Empty((await server.Client.ListRunsAsync(null, 10, null, Cancel)).Items);
        Assert.NotEmpty((await server.Client.SubmitAsync(One with { Strict = true }, "k1", Cancel)).JobIds);
    }

    [Fact]
    public async Task A_slot_counts_as_all_that_it_can_become()
    {
        await using var server = await RunningServer.StartAsync();
        await RegisterAsync(server, new DeviceOffer("desk/slot-1", Target.Browserstack, Platform.Android, "", "", [], [])
        {
            Models = [new("Google Pixel 7", "13", Platform.Android), new("iPhone 15", "17", Platform.Ios)],
        });
        Assert.NotEmpty((await server.Client.SubmitAsync(One with { Platforms = [Platform.Android, Platform.Ios], Strict = true }, "k1", Cancel)).JobIds);
        var none = await server.Client.SubmitAsync(One with { Device = "model=iPhone*,os>=18" }, "k2", Cancel);
        Assert.Contains("desk/slot-1 (a slot that can become 2 models) lacks os>=18 (has 17)", Assert.Single(none.Notes!), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_selector_with_a_mistake_is_refused_with_its_place()
    {
        await using var server = await RunningServer.StartAsync();
        var refused = await Assert.ThrowsAsync<ApiException>(() => server.Client.SubmitAsync(One with { Device = "os>=13, colour=red" }, "k1", Cancel));
        Assert.Equal((400, "device"), ((int)refused.Status, refused.Problem.Field));
        Assert.Contains("unknown field 'colour'", refused.Message, StringComparison.Ordinal);
        Assert.Contains("(at character 9)", refused.Message, StringComparison.Ordinal);
    }
}
