using System.Net.Sockets;
using Tyer.Comms.Sending;

namespace Tyer.Comms.Links;

/// <summary>A link over a bare socket.</summary>
internal sealed class SocketLink : ConnectedLink
{
    private readonly Socket _socket;

    /// <inheritdoc cref="ConnectedLink(Socket, IByteSink, ReadModel, int, int)"/>
    public SocketLink(Socket socket, ReadModel model, int bodyMax, int bufferMin)
        : base(socket, new SocketSink(socket), model, bodyMax, bufferMin)
    {
        _socket = socket;
        Credentials = PeerCredentials.Of(socket);
    }

    /// <inheritdoc/>
    protected override void Receive()
    {
        int count = _socket.Receive(Buffer.Free().Span, SocketFlags.None, out SocketError error);
        if (error == SocketError.Success) Received(count);
        else if (error != SocketError.Interrupted) End(new LinkEnd(LinkEndReason.NetworkFailure, SocketError: error));
    }

    /// <inheritdoc/>
    protected override ValueTask<int> ReceiveAsync(Memory<byte> room) => _socket.ReceiveAsync(room);

    /// <inheritdoc/>
    protected override LinkEnd? EndOf(Exception exception) => exception is SocketException failure
        ? new LinkEnd(LinkEndReason.NetworkFailure, SocketError: failure.SocketErrorCode)
        : null;
}
