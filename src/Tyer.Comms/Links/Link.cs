using System.Net.Sockets;
using Tyer.Comms.Frames;
using Tyer.Comms.Sending;

namespace Tyer.Comms.Links;

/// <summary>
/// One connected socket that carries frames. One reader delivers them on its own thread, or on the pool; anybody may send. Whoever ends it
/// shuts the socket down, which wakes the reader, and the reader alone cleans up: when its receiver hears of the end, nobody touches the
/// socket, the queue or the receiver any more.
/// </summary>
internal sealed class Link : IWriterOwner
{
    private readonly Socket _socket;
    private readonly ReadModel _model;
    private int _bodyMax;
    private readonly ReceiveBuffer _buffer;
    private readonly Lock _endGate = new();
    private IFrameReceiver? _receiver;
    private volatile CombiningWriter? _writer;
    private LinkEnd _end;
    private bool _isEndDeclared;
    private volatile bool _hasEnded;

    /// <param name="socket">Connected; the link owns it from here on.</param>
    /// <param name="model">Who reads.</param>
    /// <param name="bodyMax">Bytes in a received body, at most.</param>
    /// <param name="bufferMin">Bytes of the receive buffer at first.</param>
    public Link(Socket socket, ReadModel model, int bodyMax, int bufferMin)
    {
        _socket = socket;
        _model = model;
        _bodyMax = bodyMax;
        _buffer = new ReceiveBuffer(bufferMin);
        Credentials = PeerCredentials.Of(socket);
    }

    /// <summary>Who is at the other end, if the system can tell.</summary>
    public PeerCredentials? Credentials { get; }

    /// <summary>With more bytes than this waiting to be sent, nothing is read.</summary>
    public long QuietBytes { get; init; } = long.MaxValue;

    /// <summary>The sender, once a queue is attached.</summary>
    public CombiningWriter? Writer => _writer;

    /// <summary>From now on the link sends what is in this queue. Null when it has ended.</summary>
    public CombiningWriter? Attach(SendQueue queue, IFlushPrefix? prefix)
    {
        lock (_endGate)
        {
            if (!_hasEnded) _writer = new CombiningWriter(_socket, queue, prefix, this, hasThread: _model == ReadModel.Thread);
            return _writer;
        }
    }

    /// <summary>From the next frame on, bodies may be longer: the other side is known now. From within the receiver only.</summary>
    public void RaiseBodyMax(int bodyMax) => _bodyMax = bodyMax;

    /// <summary>Begins to read, on a thread of its own or on the pool.</summary>
    public void Start(IFrameReceiver receiver)
    {
        if (_model == ReadModel.Async)
        {
            _receiver = receiver;
            _ = Task.Run(ReadAsync);
            return;
        }

        if (CommsThread.TryStart("tyer link reader", () => Read(receiver))) return;

        // Ended, it reads nothing: only the clean-up runs, wherever it can.
        End(new LinkEnd(LinkEndReason.NetworkFailure, SocketError: SocketError.NoBufferSpaceAvailable));
        _ = Task.Run(() => Read(receiver));
    }

    /// <summary>Reads on the calling thread until the link ends.</summary>
    public void Read(IFrameReceiver receiver)
    {
        _receiver = receiver;
        while (!_hasEnded)
        {
            WaitForQuietAsync().GetAwaiter().GetResult();
            int count = _socket.Receive(_buffer.Free().Span, SocketFlags.None, out SocketError error);
            if (error == SocketError.Success) Received(count);
            else if (error != SocketError.Interrupted) End(new LinkEnd(LinkEndReason.NetworkFailure, SocketError: error));
        }

        _writer?.CloseAsync().GetAwaiter().GetResult();
        Finish();
    }

    /// <summary>Sends one frame outside any queue, during a handshake only: a socket's empty buffer takes it, or the link ends.</summary>
    public void SendNow(ReadOnlySpan<byte> frame)
    {
        lock (_endGate)
        {
            if (_hasEnded) return;
            long sent = LibC.Send(_socket.SafeHandle, frame, LibC.DontWait, out int error);
            if (sent != frame.Length) SendFailed(error == 0 ? SocketError.NoBufferSpaceAvailable : new SocketException(error).SocketErrorCode);
        }
    }

    /// <summary>
    /// Fixes why the link is about to end, before the other side is told and ends it first; <see cref="End"/> has to follow. False when
    /// there is a cause already.
    /// </summary>
    public bool Declare(in LinkEnd end)
    {
        lock (_endGate)
        {
            if (_isEndDeclared) return false;
            _end = end;
            return _isEndDeclared = true;
        }
    }

    /// <summary>Ends the link; the first cause is kept. Returns at once; the receiver hears of it from the reader.</summary>
    public void End(in LinkEnd end)
    {
        lock (_endGate)
        {
            Declare(end);
            if (_hasEnded) return;
            _hasEnded = true;
            try
            {
                _socket.Shutdown(SocketShutdown.Both);
            }
            catch (SocketException)
            {
                // The other side was faster: the reader is awake already.
            }
        }
    }

    /// <inheritdoc/>
    public void SendFailed(SocketError error) => End(new LinkEnd(LinkEndReason.NetworkFailure, SocketError: error));

    /// <inheritdoc/>
    public void QueueHasRoom() => _receiver!.OnSendable();

    private async Task ReadAsync()
    {
        while (!_hasEnded)
        {
            try
            {
                await WaitForQuietAsync().ConfigureAwait(false);
                if (_buffer.IsEmpty)
                {
                    // An empty read waits for data while no buffer is held.
                    _buffer.Release();
                    await _socket.ReceiveAsync(Memory<byte>.Empty).ConfigureAwait(false);
                }

                Received(await _socket.ReceiveAsync(_buffer.Free()).ConfigureAwait(false));
            }
            catch (SocketException e)
            {
                End(new LinkEnd(LinkEndReason.NetworkFailure, SocketError: e.SocketErrorCode));
            }
        }

        if (_writer is { } writer) await writer.CloseAsync().ConfigureAwait(false);
        Finish();
    }

    /// <summary>Who does not read what it asked for may not ask for more: the socket fills, and pushes back.</summary>
    private Task WaitForQuietAsync() => _writer is { } writer ? writer.WhenQuietAsync(QuietBytes) : Task.CompletedTask;

    private void Received(int count)
    {
        if (count == 0)
        {
            End(_buffer.IsEmpty
                ? new LinkEnd(LinkEndReason.RemoteClosed)
                : new LinkEnd(LinkEndReason.ProtocolError, FrameError.Truncated));
            return;
        }

        _buffer.Received(count);
        CombiningWriter? writer = _writer;
        writer?.EnterBatch();
        LinkEnd end = Deliver();
        writer?.LeaveBatch();
        if (end.Reason != LinkEndReason.None) End(end);
    }

    private LinkEnd Deliver()
    {
        try
        {
            bool delivered = false;
            FrameError error = FrameError.None;
            while (!_hasEnded && FrameParser.TryRead(_buffer.Pending, _bodyMax, out MessageView frame, out error))
            {
                _buffer.Consume(frame.FrameBytes);
                if (FrameKinds.IsIgnorable(frame.Kind)) continue;

                delivered = true;
                error = _receiver!.OnFrame(frame);
                if (error != FrameError.None) break;
            }

            if (delivered) _receiver!.OnBatchEnd();
            if (error == FrameError.None) return default;

            _receiver!.OnMalformed(error);
            return new LinkEnd(LinkEndReason.ProtocolError, error);
        }
        catch (Exception e)
        {
            return new LinkEnd(LinkEndReason.HandlerFailed, Fault: e);
        }
    }

    private void Finish()
    {
        lock (_endGate) _socket.Dispose();
        _buffer.Release();
        _receiver!.OnEnded(_end);
    }
}
