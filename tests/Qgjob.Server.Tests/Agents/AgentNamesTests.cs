using System.Net;
using Qgjob.Client.Http;
using Qgjob.Client.Wire;
using Qgjob.Core.Devices;
using Qgjob.Core.Jobs;
using Xunit;

namespace Qgjob.Server.Tests.Agents;

public sealed class AgentNamesTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_second_agent_of_the_same_name_does_not_get_the_first_ones_devices()
    {
        await using var server = await RunningServer.StartAsync();
        await RegisterAsync(server, "a-1", "lab/phone-1");
        var refused = await Assert.ThrowsAsync<ApiException>(() => RegisterAsync(server, "a-2", "lab/phone-1"));
        Assert.Equal(HttpStatusCode.Conflict, refused.Status);
        Assert.Contains("another agent named 'lab' (a-1)", refused.Message, StringComparison.Ordinal);
        Assert.Contains("--name", refused.Message, StringComparison.Ordinal);
        Assert.Equal("a-1", Assert.Single((await server.Client.ListDevicesAsync(Cancel)).Items).AgentId);
        await RegisterAsync(server, "a-1", "lab/phone-1");
    }

    [Fact]
    public async Task A_phone_with_a_serial_number_may_move_and_so_may_what_its_agent_gave_up()
    {
        await using var server = await RunningServer.StartAsync();
        await RegisterAsync(server, "a-1", "R58", "lab/phone-1");
        await RegisterAsync(server, "a-2", "R58");
        await RegisterAsync(server, "a-1");
        await RegisterAsync(server, "a-2", "R58", "lab/phone-1");
        Assert.All((await server.Client.ListDevicesAsync(Cancel)).Items, d => Assert.Equal("a-2", d.AgentId));
    }

    private static Task<RegisterResponse> RegisterAsync(RunningServer server, string agent, params string[] devices) =>
        server.Agent.RegisterAsync(new RegisterRequest(agent, "boot", "lab", "1", null,
            [.. devices.Select(d => new DeviceOffer(d, Target.Device, Platform.Android, "13", "Pixel", [], [], Virtual: true))]), Cancel);
}
