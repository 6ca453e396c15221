using System.Net.Sockets;

namespace Tyer.Comms.Endpoints;

/// <summary>The accept loop of one endpoint, on a thread of its own.</summary>
internal sealed class Listener : IDisposable
{
    private readonly ListeningSocket _socket;
    private readonly Action<Socket> _accepted;
    private readonly Thread _thread;
    private readonly ManualResetEventSlim _stop = new();
    private long _failures;

    /// <param name="endpoint">Where to listen.</param>
    /// <param name="mode">The mode of a Unix socket's file.</param>
    /// <param name="accepted">Takes a connected socket over; called by the accept loop, so it must be quick.</param>
    /// <exception cref="CommsException">It cannot listen there.</exception>
    public Listener(CommsEndpoint endpoint, UnixFileMode mode, Action<Socket> accepted)
    {
        _socket = new ListeningSocket(endpoint, mode);
        _accepted = accepted;
        _thread = new Thread(AcceptLoop) { IsBackground = true, Name = "tyer listener" };
    }

    /// <summary>Where it listens, with the port that the system chose.</summary>
    public CommsEndpoint Endpoint => _socket.Endpoint;

    /// <summary>Times that the system had no socket to give: no descriptor, no memory.</summary>
    public long Failures => Volatile.Read(ref _failures);

    /// <summary>Begins to accept.</summary>
    public void Start() => _thread.Start();

    /// <summary>Stops; no connection is handed over after this returns.</summary>
    public void Dispose()
    {
        if (_stop.IsSet) return;
        _stop.Set();
        _socket.Dispose();
        if (_thread.IsAlive && _thread != Thread.CurrentThread) _thread.Join();
        _stop.Dispose();
    }

    private void AcceptLoop()
    {
        while (!_stop.IsSet)
        {
            Socket? socket = null;
            try
            {
                socket = _socket.Accept();
                SocketSetup.Apply(socket);
                _accepted(socket);
            }
            catch (SocketException) when (socket is not null)
            {
                // Who connected has gone again.
                socket.Dispose();
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionAborted or SocketError.Interrupted)
            {
                // Gone before it was accepted; or this listener is being disposed of.
            }
            catch (SocketException)
            {
                // Out of descriptors, most likely. The connection stays in the backlog, so accepting again at once would spin.
                Interlocked.Increment(ref _failures);
                _stop.Wait(CommsLimits.AcceptRetryDelay);
            }
            catch (ObjectDisposedException) when (_stop.IsSet)
            {
                return;
            }
        }
    }
}
