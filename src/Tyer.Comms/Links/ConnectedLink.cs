using System.Net;
using System.Net.Sockets;
using Tyer.Comms.Endpoints;
using Tyer.Comms.Sending;

namespace Tyer.Comms.Links;

/// <summary>
/// A link over a socket that is connected, read on a thread of its own or on the pool. Whoever ends it shuts the socket down, which wakes the reader. How bytes are
/// received, and what comes before the first of them, is the derived class's.
/// </summary>
internal abstract class ConnectedLink : Link
{
    private readonly Socket _socket;
    private readonly ReadModel _model;

    /// <param name="socket">Connected; the link owns it from here on.</param>
    /// <param name="sink">Where bytes are sent.</param>
    /// <param name="model">Who reads.</param>
    /// <param name="bodyMax">Bytes in a received body, at most.</param>
    /// <param name="bufferMin">Bytes of the receive buffer at first.</param>
    protected ConnectedLink(Socket socket, IByteSink sink, ReadModel model, int bodyMax, int bufferMin)
        : base(sink, hasThread: model == ReadModel.Thread, bodyMax, bufferMin)
    {
        _socket = socket;
        _model = model;
        RemoteAddress = (socket.RemoteEndPoint as IPEndPoint)?.Address;
    }

    /// <inheritdoc/>
    public override long QueuedBytes => LibC.GetQueuedBytes(_socket.SafeHandle);

    /// <inheritdoc/>
    public override SocketError Prefer(SocketPriority priority) => priority.ApplyTo(_socket);

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
        if (!HasEnded) Agree();
        while (!HasEnded)
        {
            WaitForQuietAsync(QuietBytes).GetAwaiter().GetResult();
            Receive();
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

    /// <summary>What has to be agreed on before bytes are received; ends the link where it is not.</summary>
    protected virtual void Agree()
    {
    }

    /// <inheritdoc cref="Agree"/>
    protected virtual Task AgreeAsync() => Task.CompletedTask;

    /// <summary>Receives into the buffer's free part and takes that in; or ends the link.</summary>
    protected abstract void Receive();

    /// <summary>Receives; with no room for a byte it waits until there is one.</summary>
    protected abstract ValueTask<int> ReceiveAsync(Memory<byte> room);

    /// <summary>What an exception while receiving means; null if it is none of the connection's.</summary>
    protected abstract LinkEnd? EndOf(Exception exception);

    private async Task ReadAsync()
    {
        if (!HasEnded) await AgreeAsync().ConfigureAwait(false);
        while (!HasEnded)
        {
            try
            {
                await WaitForQuietAsync(QuietBytes).ConfigureAwait(false);
                if (Buffer.IsEmpty)
                {
                    // An empty read waits for data while no buffer is held.
                    Buffer.Release();
                    await ReceiveAsync(Memory<byte>.Empty).ConfigureAwait(false);
                }

                Received(await ReceiveAsync(Buffer.Free()).ConfigureAwait(false));
            }
            catch (Exception e) when (EndOf(e) is { } end)
            {
                End(end);
            }
        }

        await DetachAsync().ConfigureAwait(false);
        Finish();
    }
}
