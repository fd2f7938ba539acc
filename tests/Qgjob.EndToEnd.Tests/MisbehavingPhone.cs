using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Xunit;

namespace Qgjob.EndToEnd.Tests;

/// <summary>Tells a virtual phone to misbehave.</summary>
internal static class MisbehavingPhone
{
    /// <summary>Through an adb server of the test's own, as anybody could.</summary>
    /// <param name="serial">What adb connects to.</param>
    /// <param name="fault">What <c>qgjob-fault</c> takes.</param>
    public static async Task TellAsync(string serial, string fault)
    {
        var port = FreePort();
        try
        {
            await AdbAsync(port, "connect", serial);
            var told = await AdbAsync(port, "-s", serial, "shell", "qgjob-fault " + fault);
            Assert.True(told.ExitCode == 0, told.All);
        }
        finally
        {
            await AdbAsync(port, "kill-server");
        }
    }

    private static Task<Ended> AdbAsync(string port, params string[] arguments) =>
        Program.RunAsync("adb", Checkout.Root, new Dictionary<string, string>(), Lab.Patience, ["-P", port, .. arguments]);

    private static string FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);
    }
}
