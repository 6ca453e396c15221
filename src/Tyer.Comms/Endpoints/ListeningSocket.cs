using System.Net;
using System.Net.Sockets;
using Tyer.Comms.Sending;

namespace Tyer.Comms.Endpoints;

/// <summary>
/// A socket to listen on. For a Unix socket: a file left over from a process that is gone is removed, one that somebody answers on is not,
/// and nobody can connect before the file has its mode. A lock beside the file, held for as long as the socket is open, makes sure that
/// neither a starter nor a process on its way out takes another's fresh file for an old one.
/// </summary>
internal sealed class ListeningSocket : IDisposable
{
    private const int Backlog = 4096;

    private readonly Socket _socket;
    private FileStream? _turn;

    /// <summary>Listens.</summary>
    /// <param name="endpoint">Where; TCP port 0 lets the system choose.</param>
    /// <param name="mode">The mode of a Unix socket's file.</param>
    /// <exception cref="CommsException">In use, not allowed, or the system's reason.</exception>
    public ListeningSocket(CommsEndpoint endpoint, UnixFileMode mode)
    {
        if (!OperatingSystem.IsLinux())
            throw new PlatformNotSupportedException("Tyer's connections use system calls of Linux; other systems are not supported yet.");

        _socket = endpoint.CreateSocket();
        try
        {
            if (endpoint.UnixPath is { } path) OpenUnix(endpoint, path, mode);
            else OpenTcp(endpoint);
        }
        catch (Exception e)
        {
            Dispose();
            if (e is SocketException or IOException and not CommsException or UnauthorizedAccessException) throw Explain(endpoint, e);
            throw;
        }

        Endpoint = _socket.LocalEndPoint is IPEndPoint address ? CommsEndpoint.OfTcp(address) : endpoint;
    }

    /// <summary>Where it listens, with the port that the system chose.</summary>
    public CommsEndpoint Endpoint { get; }

    /// <summary>Waits for a connection; fails when the socket is disposed of.</summary>
    /// <exception cref="SocketException">The system's reason.</exception>
    public Socket Accept() => _socket.Accept();

    /// <summary>Stops listening, removes the file, and only then lets the next one have its turn.</summary>
    public void Dispose()
    {
        _socket.Dispose();
        _turn?.Dispose();
    }

    private void OpenTcp(CommsEndpoint endpoint)
    {
        // The framework lets a restarted daemon have its port while old connections linger. Its own ReuseAddress would let two listen.
        _socket.Bind(endpoint.Address);
        _socket.Listen(Backlog);
    }

    private void OpenUnix(CommsEndpoint endpoint, string path, UnixFileMode mode)
    {
        _turn = TakeTurn(endpoint, path);
        RemoveLeftOver(endpoint, path);
        _socket.Bind(endpoint.Address);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, mode);
        _socket.Listen(Backlog);
    }

    private static FileStream TakeTurn(CommsEndpoint endpoint, string path)
    {
        try
        {
            return new FileStream(path + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (e.GetType() == typeof(IOException))
        {
            throw InUse(endpoint, e);
        }
    }

    private static void RemoveLeftOver(CommsEndpoint endpoint, string path)
    {
        int type = LibC.GetFileType(path);
        if (type == 0) return;

        if (type != LibC.SocketFileType)
        {
            throw new CommsException(
                CommsErrorCode.LocalEndpointInUse, $"Cannot listen on '{endpoint}': there is something else than a socket; choose another path.");
        }

        using Socket probe = endpoint.CreateSocket();
        try
        {
            // A blocking probe would wait for a live listener whose backlog is full.
            probe.Blocking = false;
            probe.Connect(endpoint.Address);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused)
        {
            File.Delete(path);
            return;
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.WouldBlock)
        {
            throw InUse(endpoint, e);
        }

        throw InUse(endpoint, null);
    }

    private static CommsException InUse(CommsEndpoint endpoint, Exception? cause) => new(
        CommsErrorCode.LocalEndpointInUse, $"Cannot listen on '{endpoint}': somebody does; stop that process, or choose another path.", cause);

    private static CommsException Explain(CommsEndpoint endpoint, Exception failure)
    {
        (CommsErrorCode code, string reason) = failure switch
        {
            SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse } =>
                (CommsErrorCode.LocalEndpointInUse, "somebody does; stop that process, or choose another address"),
            SocketException { SocketErrorCode: SocketError.AccessDenied } or UnauthorizedAccessException =>
                (CommsErrorCode.PermissionDenied, $"this user may not ({failure.Message})"),
            _ => (CommsErrorCode.SystemFailure, failure.Message),
        };
        return new CommsException(code, $"Cannot listen on '{endpoint}': {reason}.", failure);
    }
}
