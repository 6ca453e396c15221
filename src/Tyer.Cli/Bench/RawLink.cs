using System.Net;
using System.Net.Sockets;

namespace Tyer.Cli.Bench;

/// <summary>The yardstick for everything between processes: 64 bytes there and back over blocking TCP sockets, without anything else.</summary>
internal sealed class RawLink : IDisposable
{
    private const int MessageBytes = 64;

    private readonly Socket _socket;
    private readonly byte[] _message = new byte[MessageBytes];

    public RawLink(int port)
    {
        _socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        _socket.Connect(IPAddress.Loopback, port);
    }

    public void RoundTrips(int count)
    {
        for (int i = 0; i < count; i++)
        {
            _socket.Send(_message);
            Receive(_socket, _message);
        }
    }

    public void Dispose() => _socket.Dispose();

    /// <summary>The other end, in another process: tells its port, and sends back what it gets until the connection ends.</summary>
    public static void Echo(TextWriter told)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        told.WriteLine(((IPEndPoint)listener.LocalEndpoint).Port);
        told.Flush();
        using Socket socket = listener.AcceptSocket();
        socket.NoDelay = true;
        byte[] message = new byte[MessageBytes];
        while (Receive(socket, message)) socket.Send(message);
    }

    private static bool Receive(Socket socket, Span<byte> message)
    {
        while (message.Length > 0)
        {
            int received = socket.Receive(message);
            if (received == 0) return false;
            message = message[received..];
        }

        return true;
    }
}
