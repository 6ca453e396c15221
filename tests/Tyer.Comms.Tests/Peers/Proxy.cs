using System.Net.Sockets;

namespace Tyer.Comms.Tests.Peers;

/// <summary>
/// Stands between two nodes on Unix sockets: passes bytes on until told to hold or to cut; what it holds is lost with the cut, after which it
/// passes on again.
/// </summary>
internal sealed class Proxy : IDisposable
{
    private readonly Socket _listener;
    private readonly string _target;
    private readonly Lock _gate = new();
    private readonly List<Socket> _sockets = [];
    private readonly ManualResetEventSlim _passes = new(true);
    private bool _isClosed;
    private volatile Action<Memory<byte>>? _onTheWay;

    public Proxy(string path, string target)
    {
        _target = target;
        _listener = New();
        _listener.Bind(new UnixDomainSocketEndPoint(path));
        _listener.Listen(100);
        Run(AcceptLoop);
    }

    /// <summary>Sees, and may change, all that passes from now on, in either direction; on several threads.</summary>
    public void OnTheWay(Action<Memory<byte>>? action) => _onTheWay = action;

    /// <summary>Passes nothing on until it is told to, or until the next cut.</summary>
    public void Hold() => _passes.Reset();

    /// <summary>Passes on what it held, and all that follows.</summary>
    public void Resume() => _passes.Set();

    /// <summary>Ends all connections that there are, with whatever is on its way.</summary>
    public void Cut()
    {
        lock (_gate)
        {
            foreach (Socket socket in _sockets) Shut(socket);
            _sockets.Clear();
        }

        _passes.Set();
    }

    public void Dispose()
    {
        lock (_gate) _isClosed = true;
        _listener.Dispose();
        Cut();
    }

    private void AcceptLoop()
    {
        try
        {
            while (true)
            {
                Socket near = _listener.Accept();
                Socket far = New();
                try
                {
                    far.Connect(new UnixDomainSocketEndPoint(_target));
                }
                catch (SocketException)
                {
                    near.Dispose();
                    far.Dispose();
                    continue;
                }

                lock (_gate)
                {
                    _sockets.AddRange([near, far]);
                    if (_isClosed) Cut();
                }

                Run(() => Pass(near, far));
                Run(() => Pass(far, near));
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Disposed of.
        }
    }

    private void Pass(Socket from, Socket to)
    {
        byte[] buffer = new byte[3000];
        while (true)
        {
            int count = from.Receive(buffer, SocketFlags.None, out SocketError error);
            if (count == 0 || error != SocketError.Success) break;
            _passes.Wait();
            _onTheWay?.Invoke(buffer.AsMemory(0, count));
            for (int sent = 0; sent < count && error == SocketError.Success;)
                sent += to.Send(buffer.AsSpan(sent, count - sent), SocketFlags.None, out error);
            if (error != SocketError.Success) break;
        }

        Shut(from);
        Shut(to);
    }

    private static void Shut(Socket socket)
    {
        try
        {
            socket.Shutdown(SocketShutdown.Both);
        }
        catch (SocketException)
        {
            // Shut already.
        }
    }

    private static Socket New() => new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    private static void Run(Action body) => new Thread(() => body()) { IsBackground = true }.Start();
}
