using System.Text;
using Qgjob.Agent.Devices;

namespace Qgjob.Agent.Tests.Devices;

public sealed class AdbTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void A_request_carries_its_length_in_bytes()
    {
        Assert.Equal("000chost:version", Encoding.UTF8.GetString(AdbWire.Request("host:version")));
        Assert.StartsWith("0003", Encoding.UTF8.GetString(AdbWire.Request("aé")), StringComparison.Ordinal);
    }

    [Fact]
    public void Device_lines_give_serial_state_and_transport()
    {
        var devices = AdbWire.ParseDevices(
            "R58M123\tdevice usb:1-2 product:x model:Pixel_7 transport_id:3\n"
            + "127.0.0.1:15555        offline transport_id:4\n"
            + "0123 no permissions (user in plugdev group; are your udev rules wrong?); see [http://x]\n");
        Assert.Equal(
            [new AdbListing("R58M123", "device", "3"), new AdbListing("127.0.0.1:15555", "offline", "4"), new AdbListing("0123", "no permissions", null)],
            devices);
        Assert.True(devices[0].IsOnline);
        Assert.False(devices[1].IsOnline);
    }

    [Fact]
    public async Task Shell_packets_are_put_together_by_stream()
    {
        using var stream = new MemoryStream(
        [
            .. FakeAdbServer.Packet(1, "one "u8.ToArray()), .. FakeAdbServer.Packet(2, "oops"u8.ToArray()),
            .. FakeAdbServer.Packet(9, "from the future"u8.ToArray()), .. FakeAdbServer.Packet(1, "two"u8.ToArray()),
            .. FakeAdbServer.Packet(3, [7]),
        ]);
        var result = await AdbWire.ReadShellAsync(stream, Cancel);
        Assert.Equal(new AdbShellResult(7, "one two", "oops"), result);
    }

    [Fact]
    public async Task A_phone_that_leaves_during_a_command_is_an_error()
    {
        using var stream = new MemoryStream(FakeAdbServer.Packet(1, "half"u8.ToArray()));
        await Assert.ThrowsAsync<AdbException>(() => AdbWire.ReadShellAsync(stream, Cancel));
    }

    [Fact]
    public async Task A_phone_tells_who_it_is()
    {
        var answers = new Dictionary<string, string>
        {
            ["getprop ro.serialno"] = "R58M\n",
            ["getprop ro.product.model"] = "Pixel 7\n",
            ["getprop ro.build.version.release"] = "13\n",
            ["getprop ro.build.version.sdk"] = "33\n",
            ["getprop ro.product.cpu.abi"] = "arm64-v8a\n",
            ["getprop ro.product.manufacturer"] = "Google\n",
        };
        await using var server = new FakeAdbServer { Shell = c => (answers.GetValueOrDefault(c, "\n"), 0) };
        var info = await new AdbClient(server.Port, TimeProvider.System).InfoAsync("R58M", Cancel);
        Assert.Equal(new AdbDeviceInfo("R58M", "Google", "Pixel 7", "13", 33, "arm64-v8a", IsEmulator: false), info);
    }

    [Fact]
    public async Task A_refusal_carries_adbs_own_words()
    {
        await using var server = new FakeAdbServer();
        var error = await Assert.ThrowsAsync<AdbException>(
            () => new AdbClient(server.Port, TimeProvider.System).ShellAsync("absent", "true", Cancel));
        Assert.Contains("device 'absent' not found", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_tracker_yields_each_change_and_an_empty_list_when_the_server_goes()
    {
        await using var server = new FakeAdbServer { Tracked = ["a\tdevice\n", "a\tdevice\nb\toffline\n"] };
        var tracker = new AdbTracker(new AdbClient(server.Port, TimeProvider.System), TimeProvider.System);
        var seen = new List<string>();
        await foreach (var snapshot in tracker.FollowAsync(Cancel))
        {
            seen.Add(string.Join(' ', snapshot.Select(d => $"{d.Serial}={d.State}")));
            if (seen.Count == 4) break;
        }

        // The fourth shows that it connected again.
        Assert.Equal(["a=device", "a=device b=offline", "", "a=device"], seen);
    }
}
