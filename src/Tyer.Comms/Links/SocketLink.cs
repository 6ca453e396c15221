using System.Net;
using System.Net.Sockets;
using Tyer.Comms.Sending;

namespace Tyer.Comms.Links;

/// <summary>A link over a socket, read on a thread of its own or on the pool. Whoever ends it shuts the socket down, which wakes the reader.</summary>
internal sealed class SocketLink : Link
{
    private readonly Socket _socket;
    private readonly ReadModel _model;

    /// <param name="socket">Connected; the link owns it from here on.</param>
    /// <param name="model">Who reads.</param>
    /// <param name="bodyMax">Bytes in a received body, at most.</param>
    /// <param name="bufferMin">Bytes of the receive buffer at first.</param>
    public SocketLink(Socket socket, ReadModel model, int bodyMax, int bufferMin)
        : base(new SocketSink(socket), hasThread: model == ReadModel.Thread, bodyMax, bufferMin)
    {
        _socket = socket;
        _model = model;
        Credentials = PeerCredentials.Of(socket);
        RemoteAddress = (socket.RemoteEndPoint as IPEndPoint)?.Address;
    }

    /// <summary>With more bytes than this waiting to be sent, nothing is read.</summary>
    public long QuietBytes { get; init; } = long.MaxValue;

    /// <inheritdoc/>
    public override void Start(IFrameReceiver receiver)
    {
        if (_model == ReadModel.Async)
        {
            DeliverTo(receiver);
            _ = Task.Run(ReadAsync);
            return;
        }

        if (CommsThread.TryStart("tyer link reader", () => Read(receiver))) return;

        // Ended, it reads nothing: only the clean-up runs, wherever it can.
        End(new LinkEnd(LinkEndReason.NetworkFailure, SocketError: SocketError.NoBufferSpaceAvailable));
        _ = Task.Run(() => Read(receiver));
    }

    /// <inheritdoc/>
    public override void Read(IFrameReceiver receiver)
    {
        DeliverTo(receiver);
        while (!HasEnded)
        {
            WaitForQuietAsync(QuietBytes).GetAwaiter().GetResult();
            int count = _socket.Receive(Buffer.Free().Span, SocketFlags.None, out SocketError error);
            if (error == SocketError.Success) Received(count);
            else if (error != SocketError.Interrupted) End(new LinkEnd(LinkEndReason.NetworkFailure, SocketError: error));
        }

        DetachAsync().GetAwaiter().GetResult();
        Finish();
    }

    /// <inheritdoc/>
    protected override void Shutdown()
    {
        try
        {
            _socket.Shutdown(SocketShutdown.Both);
        }
        catch (SocketException)
        {
            // The other side was faster: the reader is awake already.
        }
    }

    /// <inheritdoc/>
    protected override void Release() => _socket.Dispose();

    private async Task ReadAsync()
    {
        while (!HasEnded)
        {
            try
            {
                await WaitForQuietAsync(QuietBytes).ConfigureAwait(false);
                if (Buffer.IsEmpty)
                {
                    // An empty read waits for data while no buffer is held.
                    Buffer.Release();
                    await _socket.ReceiveAsync(Memory<byte>.Empty).ConfigureAwait(false);
                }

                Received(await _socket.ReceiveAsync(Buffer.Free()).ConfigureAwait(false));
            }
            catch (SocketException e)
            {
                End(new LinkEnd(LinkEndReason.NetworkFailure, SocketError: e.SocketErrorCode));
            }
        }

        await DetachAsync().ConfigureAwait(false);
        Finish();
    }
}
