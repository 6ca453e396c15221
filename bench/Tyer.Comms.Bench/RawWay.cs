using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Tyer.Comms.Bench;

/// <summary>A blocking socket and nothing else: the floor.</summary>
internal sealed class RawWay : IWay
{
    private readonly byte[] _buffer = new byte[64];
    private Socket? _socket;

    public void Serve(string near, string far)
    {
        using Socket listener = NewSocket(far);
        listener.Bind(AddressOf(far));
        listener.Listen(1);
        _socket = Accepted(listener);
        while (true)
        {
            Receive(_socket);
            _socket.Send(_buffer);
        }
    }

    public void Connect(string near, string far)
    {
        while (_socket is null)
        {
            Socket socket = NewSocket(far);
            try
            {
                socket.Connect(AddressOf(far));
                if (socket.AddressFamily != AddressFamily.Unix) socket.NoDelay = true;
                _socket = socket;
            }
            catch (SocketException)
            {
                // The other process is not there yet.
                socket.Dispose();
                Thread.Sleep(20);
            }
        }
    }

    public void Measure(long[] times)
    {
        for (int i = 0; i < times.Length; i++)
        {
            long start = Stopwatch.GetTimestamp();
            _socket!.Send(_buffer);
            Receive(_socket);
            times[i] = Stopwatch.GetTimestamp() - start;
        }
    }

    public void Dispose() => _socket?.Dispose();

    private static Socket Accepted(Socket listener)
    {
        Socket socket = listener.Accept();
        if (socket.AddressFamily != AddressFamily.Unix) socket.NoDelay = true;
        return socket;
    }

    private void Receive(Socket socket)
    {
        for (int count = 0; count < _buffer.Length;)
        {
            int more = socket.Receive(_buffer.AsSpan(count));
            if (more == 0) Environment.Exit(0);
            count += more;
        }
    }

    private static Socket NewSocket(string place) => place.StartsWith("unix:", StringComparison.Ordinal)
        ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
        : new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    private static EndPoint AddressOf(string place) => place.StartsWith("unix:", StringComparison.Ordinal)
        ? new UnixDomainSocketEndPoint(place["unix:".Length..])
        : IPEndPoint.Parse(place["tcp://".Length..]);
}
