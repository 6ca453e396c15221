using System.Net.Sockets;

namespace Tyer.Comms.Sending;

/// <summary>The sending half of a socket.</summary>
internal sealed class SocketSink(Socket socket) : IByteSink
{
    /// <inheritdoc/>
    public bool MayBlock => true;

    /// <inheritdoc/>
    public long Send(ReadOnlySpan<IoVector> vectors, bool waits, out int error) =>
        LibC.Send(socket.SafeHandle, vectors, waits ? 0 : LibC.DontWait, out error);

    /// <inheritdoc/>
    public ValueTask<int> SendAsync(ReadOnlyMemory<byte> bytes) => socket.SendAsync(bytes);
}
