using System.Net.Sockets;

namespace Tyer.Comms.Endpoints;

/// <summary>
/// How the system and the network treat what heartbeats and acknowledgements go over, so that they do not wait behind what others send. Linux,
/// and TCP; a Unix socket has no queue to overtake.
/// </summary>
/// <param name="Queue">The place in the queues of this machine (<c>SO_PRIORITY</c>), 0 to 15; above 6 it takes a privilege (<c>CAP_NET_ADMIN</c>).</param>
/// <param name="Dscp">The mark for routers and switches, 0 to 63; 0: the system's own.</param>
public readonly record struct SocketPriority(int Queue, int Dscp = 0)
{
    private const int SocketLevel = 1;
    private const int PriorityOption = 12;
    private const int Ip4Level = 0;
    private const int Ip4TypeOfService = 1;
    private const int Ip6Level = 41;
    private const int Ip6TrafficClass = 67;

    /// <summary>What the field gives interactive control traffic: the highest that needs no privilege, and no mark.</summary>
    public static SocketPriority Default { get; } = new(6);

    /// <summary>Returns when both are in their range.</summary>
    /// <exception cref="CommsException">One is not; the message says which.</exception>
    public void ThrowIfInvalid()
    {
        if (Queue is < 0 or > 15) throw new CommsException(CommsErrorCode.OptionRange, $"The priority of heartbeats is {Queue}; it takes 0 to 15.");
        if (Dscp is < 0 or > 63) throw new CommsException(CommsErrorCode.OptionRange, $"The DSCP of heartbeats is {Dscp}; it takes 0 to 63.");
    }

    /// <summary>Gives a socket this priority.</summary>
    /// <returns>Why the system does not; none where it does.</returns>
    internal SocketError ApplyTo(Socket socket)
    {
        if (socket.AddressFamily == AddressFamily.Unix) return SocketError.Success;
        try
        {
            // The mark first: the system derives a priority of its own from it.
            bool isIp6 = socket.AddressFamily == AddressFamily.InterNetworkV6;
            if (Dscp != 0) socket.SetRawSocketOption(isIp6 ? Ip6Level : Ip4Level, isIp6 ? Ip6TrafficClass : Ip4TypeOfService, BitConverter.GetBytes(Dscp << 2));
            socket.SetRawSocketOption(SocketLevel, PriorityOption, BitConverter.GetBytes(Queue));
            return SocketError.Success;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode;
        }
        catch (ObjectDisposedException)
        {
            // It has ended meanwhile.
            return SocketError.Success;
        }
    }
}
