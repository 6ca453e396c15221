using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Tyer.Cli.Bench;

/// <summary>The yardstick for everything between processes: bytes there and back over blocking TCP sockets, without anything else.</summary>
internal sealed class RawLink : IDisposable
{
    public const int MessageBytes = 64;
    public const int MessagesPerBatch = 256;

    private const int SlicesLess = 4;

    private readonly Socket _socket;
    private readonly byte[] _messages = new byte[MessageBytes * MessagesPerBatch];

    /// <summary>Connects to the other end.</summary>
    /// <param name="port">What that end told.</param>
    public RawLink(string port)
    {
        _socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        _socket.Connect(IPAddress.Loopback, int.Parse(port, CultureInfo.InvariantCulture));
    }

    /// <summary>One message there and back.</summary>
    public Probe RoundTrip() => new()
    {
        Where = "raw",
        What = $"TCP round trip, {MessageBytes} bytes",
        SliceDivisor = SlicesLess,
        Run = count =>
        {
            for (int i = 0; i < count; i++) Exchange(_messages.AsSpan(0, MessageBytes));
            return Task.CompletedTask;
        },
    };

    /// <summary>Messages in batches there and back; an operation is a message.</summary>
    public Probe Batches() => new()
    {
        Where = "raw",
        What = $"TCP, batches of {MessagesPerBatch} messages, echoed",
        SliceDivisor = SlicesLess,
        Run = count =>
        {
            for (int left = count; left > 0; left -= MessagesPerBatch) Exchange(_messages.AsSpan(0, Math.Min(left, MessagesPerBatch) * MessageBytes));
            return Task.CompletedTask;
        },
    };

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
        byte[] buffer = new byte[MessageBytes * MessagesPerBatch];
        while (socket.Receive(buffer) is > 0 and int count) socket.Send(buffer.AsSpan(0, count));
    }

    private void Exchange(Span<byte> bytes)
    {
        _socket.Send(bytes);
        while (bytes.Length > 0)
        {
            int received = _socket.Receive(bytes);
            if (received == 0) throw new InvalidOperationException("The other process of the benchmark has ended.");
            bytes = bytes[received..];
        }
    }
}
