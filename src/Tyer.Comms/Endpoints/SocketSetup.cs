using System.Net.Sockets;

namespace Tyer.Comms.Endpoints;

/// <summary>The options of every connected socket.</summary>
internal static class SocketSetup
{
    private const int TcpLevel = 6;
    private const int TcpUserTimeout = 18;

    // The second line of defence, for a peer whose machine vanished: what a node believes about another comes from membership.
    private const int KeepAliveSeconds = 23;
    private const int KeepAliveIntervalSeconds = 23;
    private const int KeepAliveProbes = 9;
    private const int UnansweredMilliseconds = 10_000;

    /// <summary>Sets them; merging small messages is the writer's business, so the system must not wait for more.</summary>
    public static void Apply(Socket socket)
    {
        if (socket.AddressFamily == AddressFamily.Unix) return;

        socket.NoDelay = true;
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, KeepAliveSeconds);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, KeepAliveIntervalSeconds);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, KeepAliveProbes);
        socket.SetRawSocketOption(TcpLevel, TcpUserTimeout, BitConverter.GetBytes(UnansweredMilliseconds));
    }
}
