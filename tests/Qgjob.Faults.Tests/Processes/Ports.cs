using System.Net;
using System.Net.Sockets;

namespace Qgjob.Faults.Tests.Processes;

/// <summary>Ports that nobody listens on now; what is started anew takes the same again.</summary>
internal static class Ports
{
    public static int Free()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
