using System.Net;
using System.Net.Sockets;
using Qgjob.Agent.Workspaces;

namespace Qgjob.Agent.Emulators;

/// <summary>
/// Ports for emulators: even ones, each with the next one for adb. adb looks by itself up to 5585, and people's own emulators
/// take the first of those, so these are above; an emulator tells adb of itself wherever it is.
/// </summary>
internal sealed class EmulatorPorts
{
    private const int First = 5586;
    private const int Last = 5682;
    private readonly HashSet<int> taken = [];

    public int Take()
    {
        lock (taken)
        {
            for (var port = First; port <= Last; port += 2)
                if (!taken.Contains(port) && IsFree(port) && IsFree(port + 1))
                {
                    taken.Add(port);
                    return port;
                }
        }

        throw new AttemptInfraException($"No port for an emulator is free from {First} to {Last}.");
    }

    public void Return(int port)
    {
        lock (taken) taken.Remove(port);
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
