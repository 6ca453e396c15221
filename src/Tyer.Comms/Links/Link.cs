using System.Net;
using System.Net.Sockets;
using Tyer.Comms.Endpoints;
using Tyer.Comms.Frames;
using Tyer.Comms.Security;
using Tyer.Comms.Sending;

namespace Tyer.Comms.Links;

/// <summary>
/// One connection that carries frames: bytes go out by its sink, and those that come are cut into frames and delivered. One reader delivers;
/// anybody may send. Whoever ends it wakes the reader, and the reader alone cleans up: when its receiver hears of the end, nobody touches the
/// connection, the queue or the receiver any more. What the connection is made of is said by who derives from it.
/// </summary>
internal abstract class Link : IWriterOwner
{
    private IByteSink _sink;
    private readonly bool _hasThread;
    private int _bodyMax;
    private readonly ReceiveBuffer _buffer;
    private readonly Lock _endGate = new();
    private SealCipher? _sends;
    private SealCipher? _receives;
    private ReceiveBuffer? _opened;
    private IFrameReceiver? _receiver;
    private volatile CombiningWriter? _writer;
    private LinkEnd _end;
    private bool _isEndDeclared;
    private volatile bool _hasEnded;

    /// <param name="sink">Where its bytes go.</param>
    /// <param name="hasThread">True: a sink without room is waited for by a thread. False: asynchronously.</param>
    /// <param name="bodyMax">Bytes in a received body, at most.</param>
    /// <param name="bufferMin">Bytes of the receive buffer at first.</param>
    protected Link(IByteSink sink, bool hasThread, int bodyMax, int bufferMin)
    {
        _sink = sink;
        _hasThread = hasThread;
        _bodyMax = bodyMax;
        _buffer = new ReceiveBuffer(bufferMin);
    }

    /// <summary>Whether a sink without room is waited for by a thread; else asynchronously.</summary>
    public bool HasThread => _hasThread;

    /// <summary>Who is at the other end, if the system can tell.</summary>
    public PeerCredentials? Credentials { get; protected init; }

    /// <summary>The address at the other end; null over a Unix socket.</summary>
    public IPAddress? RemoteAddress { get; protected init; }

    /// <summary>Whom the certificate of the other end speaks of; null where there is none.</summary>
    public virtual CertificateIdentity? Identity => null;

    /// <summary>The certificate of the other end, to be judged again; null where there is none.</summary>
    public virtual Credential? Credential => null;

    /// <summary>Bytes that were sent over it and have not got to the other side, as far as the system tells; 0 where it does not.</summary>
    public virtual long QueuedBytes => 0;

    /// <summary>Has the system prefer what is sent over it to other things.</summary>
    /// <returns>Why it does not; none where it does, or cannot tell things apart.</returns>
    public virtual SocketError Prefer(SocketPriority priority) => SocketError.Success;

    /// <summary>Bytes received that do not make a whole frame yet, and room for more; the reader's.</summary>
    protected ReceiveBuffer Buffer => _buffer;

    /// <summary>Whether somebody has ended it: the reader is to clean up.</summary>
    protected bool HasEnded => _hasEnded;

    /// <summary>Who sends over it, or answers what comes over it.</summary>
    protected CombiningWriter? Writer => _writer;

    /// <summary>From now on this writer sends over the link, and over nothing else. False when the link has ended.</summary>
    public bool Attach(QueueWriter writer)
    {
        lock (_endGate)
        {
            if (_hasEnded) return false;
            _writer = writer;
            lock (writer.Gate) writer.SwitchTo(_sink, this);
            return true;
        }
    }

    /// <summary>What one read brings is answered by this writer, over whichever link it sends: it holds back until the read is done with.</summary>
    public void AnswerBy(CombiningWriter writer)
    {
        lock (_endGate)
        {
            if (!_hasEnded) _writer = writer;
        }
    }

    /// <summary>This writer sends over the link from now on, unless the link has ended.</summary>
    /// <param name="writer">Sent over another link before, maybe.</param>
    /// <param name="gate">The writer's gate.</param>
    /// <returns>Whether the caller has become the flusher.</returns>
    public bool Carry(CombiningWriter writer, Lock gate)
    {
        lock (_endGate)
        {
            if (_hasEnded) return false;
            _writer = writer;
            lock (gate) return writer.SwitchTo(_sink, this);
        }
    }

    /// <summary>From the next frame on, bodies may be longer: the other side is known now. From within the receiver only.</summary>
    public void RaiseBodyMax(int bodyMax) => _bodyMax = bodyMax;

    /// <summary>
    /// From here on all that is sent is sealed, and all that comes after the present frame has to be. From within the receiver only, once, and
    /// before a queue is attached. The ciphers are the link's from here on.
    /// </summary>
    public void Seal(SealCipher sends, SealCipher receives)
    {
        lock (_endGate) _sink = new SealingSink(_sink, sends);
        (_sends, _receives) = (sends, receives);
        _opened = new ReceiveBuffer(SealCipher.PlainBytesMax);
    }

    /// <summary>Reads on the calling thread until the link ends.</summary>
    public virtual void Read(IFrameReceiver receiver) => throw new NotSupportedException("This sort of link is not read by a thread.");

    /// <summary>Begins to read, and delivers to this receiver.</summary>
    public abstract void Start(IFrameReceiver receiver);

    /// <summary>Sends one frame outside any queue, during a handshake only: a socket's empty buffer takes it, or the link ends.</summary>
    public void SendNow(ReadOnlySpan<byte> frame)
    {
        lock (_endGate)
        {
            if (_hasEnded) return;
            long sent = LibC.SendTo(_sink, frame, out int error);
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
            Shutdown();
        }
    }

    /// <inheritdoc/>
    public void SendFailed(SocketError error) => End(new LinkEnd(LinkEndReason.NetworkFailure, SocketError: error));

    /// <inheritdoc/>
    public void QueueHasRoom() => _receiver!.OnSendable();

    /// <summary>Wakes the reader, and lets nothing pass any more. Under the gate of the end, once.</summary>
    protected abstract void Shutdown();

    /// <summary>Gives the connection back to the system. Under the gate of the end, once, by the reader.</summary>
    protected abstract void Release();

    /// <summary>Names whom it delivers to; before it delivers.</summary>
    protected void DeliverTo(IFrameReceiver receiver) => _receiver = receiver;

    /// <summary>So many bytes were read into the buffer: delivers the frames that are whole; 0: the other side has closed.</summary>
    protected void Received(int count)
    {
        if (count == 0)
        {
            End(_buffer.IsEmpty && _opened is null or { IsEmpty: true }
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
            while (!_hasEnded && TryReadFrame(out MessageView frame, out error))
            {
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

    /// <summary>Nobody sends over it any more; the task ends when nobody is about to.</summary>
    protected Task DetachAsync() => _writer is { } writer ? writer.DetachAsync(_sink) : Task.CompletedTask;

    /// <summary>
    /// Who does not read what it asked for may not ask for more: the socket fills, and pushes back. A link without such a limit never waits: its
    /// writer may send over another one.
    /// </summary>
    protected Task WaitForQuietAsync(long bytes) => bytes < long.MaxValue && _writer is { } writer ? writer.WhenQuietAsync(bytes) : Task.CompletedTask;

    private bool TryReadFrame(out MessageView frame, out FrameError error)
    {
        ReceiveBuffer buffer = _opened ?? _buffer;
        while (!FrameParser.TryRead(buffer.Pending, _bodyMax, out frame, out error))
        {
            if (error != FrameError.None || _opened is null || !TryOpenRecord(out error)) return false;
        }

        buffer.Consume(frame.FrameBytes);
        return true;
    }

    private bool TryOpenRecord(out FrameError error)
    {
        ReadOnlySpan<byte> record = _buffer.Pending;
        int length = _receives!.Measure(record);
        error = length < 0 ? FrameError.BadSeal : FrameError.None;
        if (length <= 0) return false;

        if (!_receives.TryOpen(record, _opened!.Free(length).Span[..length]))
        {
            error = FrameError.BadSeal;
            return false;
        }

        _buffer.Consume(length + SealCipher.OverheadBytes);
        _opened.Received(length);
        return true;
    }

    /// <summary>Cleans up; by the reader, when nobody sends any more.</summary>
    protected void Finish()
    {
        lock (_endGate) Release();
        _sends?.Dispose();
        _receives?.Dispose();
        _opened?.Release();
        _buffer.Release();
        _receiver!.OnEnded(_end);
    }
}
