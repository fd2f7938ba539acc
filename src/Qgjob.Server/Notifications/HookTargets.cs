using System.Net;
using System.Net.Sockets;
using Qgjob.Server.Auth;
using Qgjob.Server.Hosting;

namespace Qgjob.Server.Notifications;

/// <summary>How far notifications may go; each includes those before it.</summary>
internal enum HookReach
{
    /// <summary>As the server listens: private, or loopback where nobody but this machine reaches it.</summary>
    Default,
    /// <summary>Nowhere.</summary>
    None,
    /// <summary>To public addresses.</summary>
    Public,
    /// <summary>To private networks, too: a chat server of one's own.</summary>
    Private,
    /// <summary>To this machine, too.</summary>
    Loopback,
}

/// <summary>
/// Which addresses notifications may go to. Who may submit names any URL, and the server must not be made to call what its
/// callers cannot: cloud machines answer their own secrets at a link-local address. Names are looked up when something is
/// sent, and the address that was judged is the one that is connected to.
/// </summary>
internal sealed class HookTargets(ServerSettings settings)
{
    private readonly HookReach reach = settings.HookReach is not HookReach.Default ? settings.HookReach
        : settings.Urls.Split(';').All(Access.IsLoopback) ? HookReach.Loopback
        : HookReach.Private;

    public HookReach Reach => reach;

    /// <summary>Why the address may not be called; null: it may.</summary>
    public string? Refusal(IPAddress address) => reach >= NeededFor(address) ? null
        : NeededFor(address) > HookReach.Loopback ? $"{address} is a link-local, metadata or other special address, which notifications never go to"
        : $"{address} is {(NeededFor(address) is HookReach.Loopback ? "this machine" : "in a private network")}; the server sends there with --hook-targets {Core.Words.Of(NeededFor(address))}";

    /// <summary>Connects to the first address of the host that may be called.</summary>
    public async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancel)
    {
        var (host, port) = (context.DnsEndPoint.Host, context.DnsEndPoint.Port);
        var found = IPAddress.TryParse(host, out var literal) ? [literal] : await Dns.GetHostAddressesAsync(host, cancel);
        string? refusal = null;
        SocketException? failure = null;
        foreach (var address in found)
        {
            if (Refusal(address) is { } why)
            {
                refusal = why;
                continue;
            }
            var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(address, port, cancel);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (SocketException e)
            {
                socket.Dispose();
                failure = e;
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }
        throw failure ?? (Exception)new HookRefusedException(refusal ?? $"{host} has no address");
    }

    /// <summary>The reach that the address takes; above loopback: none is enough.</summary>
    internal static HookReach NeededFor(IPAddress address)
    {
        const HookReach Never = HookReach.Loopback + 1;
        if (Inner(address) is { } inner) return NeededFor(inner);
        if (IPAddress.IsLoopback(address)) return HookReach.Loopback;
        var bytes = address.GetAddressBytes();
        if (address.AddressFamily is AddressFamily.InterNetworkV6)
            return address.IsIPv6LinkLocal || address.IsIPv6SiteLocal || address.IsIPv6Multicast || address.Equals(IPAddress.IPv6Any) || address.Equals(Ec2Metadata) ? Never
                : (bytes[0] & 0xfe) == 0xfc ? HookReach.Private
                : HookReach.Public;
        return bytes switch
        {
            // "This network", link-local with the metadata of most clouds, Alibaba's and Oracle's, protocol assignments, multicast and reserved.
            [0, ..] or [169, 254, ..] or [100, 100, 100, 200] or [192, 0, 0, ..] or [>= 224, ..] => Never,
            [10, ..] or [172, >= 16 and <= 31, ..] or [192, 168, ..] or [100, >= 64 and <= 127, ..] or [198, 18 or 19, ..] => HookReach.Private,
            _ => HookReach.Public,
        };
    }

    private static readonly IPAddress Ec2Metadata = IPAddress.Parse("fd00:ec2::254");

    /// <summary>The IPv4 address that an IPv6 one stands for: mapped, by NAT64 or by 6to4.</summary>
    private static IPAddress? Inner(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) return address.MapToIPv4();
        if (address.AddressFamily is not AddressFamily.InterNetworkV6) return null;
        var bytes = address.GetAddressBytes();
        return bytes switch
        {
            [0x00, 0x64, 0xff, 0x9b, ..] => new IPAddress(bytes.AsSpan(12)),
            [0x20, 0x02, ..] => new IPAddress(bytes.AsSpan(2, 4)),
            // IPv4-compatible, long out of use.
            [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, not 0, ..] => new IPAddress(bytes.AsSpan(12)),
            _ => null,
        };
    }
}

/// <summary>The server does not send there.</summary>
internal sealed class HookRefusedException(string message) : Exception(message);
