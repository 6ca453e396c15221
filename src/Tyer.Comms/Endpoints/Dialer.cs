using System.Net.Sockets;
using Tyer.Comms.Links;
using Tyer.Comms.Sending;

namespace Tyer.Comms.Endpoints;

/// <summary>Connects. Blocking, since a socket that was ever used asynchronously cannot be read by a blocking thread at full speed.</summary>
internal static class Dialer
{
    /// <summary>A connected socket.</summary>
    /// <exception cref="CommsException">Nobody there, not in time, not allowed, or not whom to trust.</exception>
    public static Socket Connect(CommsEndpoint endpoint, TimeSpan timeout)
    {
        if (!OperatingSystem.IsLinux())
            throw new PlatformNotSupportedException("Tyer's connections use system calls of Linux; other systems are not supported yet.");

        Socket socket = endpoint.CreateSocket();
        try
        {
            // On Linux the send timeout bounds connect(2) too, for TCP and for a Unix socket whose backlog is full.
            socket.SendTimeout = Math.Max(1, (int)timeout.TotalMilliseconds);
            socket.Connect(endpoint.Address);
            socket.SendTimeout = 0;
            SocketSetup.Apply(socket);
            CheckOwner(endpoint, socket);
            return socket;
        }
        catch (Exception e)
        {
            socket.Dispose();
            if (e is SocketException failure) throw Explain(endpoint, timeout, failure);
            throw;
        }
    }

    private static void CheckOwner(CommsEndpoint endpoint, Socket socket)
    {
        if (PeerCredentials.Of(socket) is not { } listener) return;

        uint self = LibC.GetEffectiveUserId();
        if (listener.UserId == 0 || listener.UserId == self) return;
        throw new CommsException(
            CommsErrorCode.UntrustedOwner,
            $"'{endpoint}' is served by user {listener.UserId} (process {listener.ProcessId}), and only root and this user ({self}) are trusted.");
    }

    private static CommsException Explain(CommsEndpoint endpoint, TimeSpan timeout, SocketException failure)
    {
        CommsErrorCode code = failure.SocketErrorCode switch
        {
            SocketError.TimedOut or SocketError.WouldBlock or SocketError.InProgress => CommsErrorCode.ConnectTimeout,
            SocketError.AccessDenied => CommsErrorCode.PermissionDenied,
            _ => CommsErrorCode.ConnectFailed,
        };
        string reason = code switch
        {
            CommsErrorCode.ConnectTimeout => $"nobody answered within {timeout.TotalSeconds:0.###} s",
            CommsErrorCode.PermissionDenied => "this user may not use it",
            // So the runtime calls a path that is not there.
            _ when failure.SocketErrorCode == SocketError.AddressNotAvailable => "there is no such socket",
            _ when failure.SocketErrorCode == SocketError.ConnectionRefused => "nobody listens there",
            _ => failure.Message,
        };
        return new CommsException(code, $"Cannot connect to '{endpoint}': {reason}.", failure);
    }
}
