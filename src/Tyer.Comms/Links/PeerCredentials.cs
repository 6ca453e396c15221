using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Tyer.Comms.Links;

/// <summary>
/// Who is at the other end of a Unix socket, as the kernel says: of a connection that was accepted, the process that connected, at that
/// time; of one that was dialled, the process that listens.
/// </summary>
/// <param name="ProcessId">The process.</param>
/// <param name="UserId">The effective user.</param>
/// <param name="GroupId">The effective group.</param>
public readonly record struct PeerCredentials(int ProcessId, uint UserId, uint GroupId)
{
    private const int SocketLevel = 1;
    private const int PeerCredentialsOption = 17;

    internal static PeerCredentials? Of(Socket socket)
    {
        if (socket.AddressFamily != AddressFamily.Unix) return null;

        // struct ucred: pid, uid, gid.
        Span<int> credentials = stackalloc int[3];
        socket.GetRawSocketOption(SocketLevel, PeerCredentialsOption, MemoryMarshal.AsBytes(credentials));
        return new PeerCredentials(credentials[0], (uint)credentials[1], (uint)credentials[2]);
    }
}
