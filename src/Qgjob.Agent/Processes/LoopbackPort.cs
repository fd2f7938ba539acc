using System.Net;
using System.Net.Sockets;

namespace Qgjob.Agent.Processes;

internal static class LoopbackPort
{
    /// <summary>A port that was free a moment ago. For programs that cannot pick one by themselves.</summary>
    public static int Free()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
