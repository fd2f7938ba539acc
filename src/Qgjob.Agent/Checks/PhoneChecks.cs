using System.Net;
using System.Net.Sockets;
using Qgjob.Agent.Devices;

namespace Qgjob.Agent.Checks;

/// <summary>The adb server and the phones it sees. No server is started.</summary>
internal static class PhoneChecks
{
    private const string Area = "phones";
    // Appium's uiautomator2 driver starts at Android 5.
    private const int OldestSdk = 21;

    public static async Task<IReadOnlyList<Finding>> RunAsync(int port, TimeProvider time, CancellationToken cancel)
    {
        var adb = new AdbClient(port, time);
        if (await adb.VersionAsync(cancel).ConfigureAwait(false) is not { } version)
            return
            [
                await IsTakenAsync(port, cancel).ConfigureAwait(false)
                    ? Finding.Problem(Area, "adb-server", $"What answers on port {port} is not an adb server.", "End that program, or give the agent another port: --adb-port PORT.")
                    : Finding.Warning(Area, "adb-server", $"No adb server runs on port {port}, so phones were not looked for.", "Start it with 'adb start-server' and ask again; 'qgjob agent' starts it by itself."),
            ];
        var findings = new List<Finding> { Finding.Ok(Area, "adb-server", $"the adb server on port {port} answers (version {version})") };
        try
        {
            var listings = await adb.DevicesAsync(cancel).ConfigureAwait(false);
            if (listings.Count == 0)
                findings.Add(Finding.Warning(Area, "phone", "adb sees no phone and no emulator.", "Connect one with USB debugging switched on, or try 'qgjob agent --virtual-phones 1'."));
            foreach (var listing in listings.OrderBy(l => l.Serial, StringComparer.Ordinal)) findings.Add(await PhoneAsync(adb, listing, cancel).ConfigureAwait(false));
        }
        catch (AdbException e)
        {
            findings.Add(Finding.Problem(Area, "phone", e.Message, "Restart the adb server: adb kill-server, then adb start-server."));
        }
        return findings;
    }

    private static async Task<Finding> PhoneAsync(AdbClient adb, AdbListing listing, CancellationToken cancel)
    {
        if (!listing.IsOnline) return Finding.Problem(Area, "phone", $"{listing.Serial} {listing.Trouble}.", listing.Mend);
        try
        {
            var info = await adb.InfoAsync(listing.Serial, cancel).ConfigureAwait(false);
            var what = $"{listing.Serial} is a {info.Manufacturer} {info.Model} with Android {info.Release}";
            return info.Sdk is > 0 and < OldestSdk
                ? Finding.Problem(Area, "phone", $"{what}; Appium needs Android 5 or later.", "Take another phone, or an emulator.")
                : Finding.Ok(Area, "phone", what);
        }
        catch (AdbException e)
        {
            return Finding.Problem(Area, "phone", $"{listing.Serial} does not answer: {e.Message}", "Plug it in again, or restart it.");
        }
    }

    private static async Task<bool> IsTakenAsync(int port, CancellationToken cancel)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, port, cancel).ConfigureAwait(false);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
