using System.Net.Sockets;

namespace Tyer.Comms.Sending;

/// <summary>
/// Sends with as few calls and hops as the load allows. Callers append to the source under its gate; whoever finds no flusher becomes the
/// flusher and sends, without waiting in the kernel, what everybody has appended until nothing is left. At low load a message is sent by
/// its own caller at once; at high load one call carries hundreds. When the sink has no room, or after a few rounds of sending for others,
/// the role goes to the writer's own thread, which blocks, or to the pool for links that are read asynchronously.
/// The sink may change while the writer lives: a peer's messages go over the path that is best now. It changes between two flushes, or at
/// once when the old sink is gone; then the source begins anew, from what the other side may not have.
/// </summary>
internal class CombiningWriter
{
    private readonly FlushSource _source;
    private readonly bool _hasThread;

    // Written with the gate held.
    private IByteSink? _sink;
    private IWriterOwner? _owner;
    private IByteSink? _nextSink;
    private IWriterOwner? _nextOwner;
    private bool _isFlushing;
    private int _batchDepth;
    private TaskCompletionSource? _outside;
    private TaskCompletionSource? _quiet;
    private long _quietBytes;
    private WriterStatistics _statistics;

    // Written with the wake lock held; the thread is started by the first hand-over.
    private readonly object _wake = new();
    private bool _hasStarted;
    private bool _isHandedOver;
    private bool _isThreadDone;

    /// <param name="source">What is sent.</param>
    /// <param name="hasThread">True: a blocked sink is waited for by a thread. False: asynchronously; the socket is read that way too.</param>
    public CombiningWriter(FlushSource source, bool hasThread)
    {
        _source = source;
        _hasThread = hasThread;
    }

    /// <summary>Counters since the writer began.</summary>
    public WriterStatistics Statistics
    {
        get
        {
            lock (_source.Gate) return _statistics;
        }
    }

    /// <summary>The gate of what it sends.</summary>
    public Lock Gate => _source.Gate;

    /// <summary>Whether it has somewhere to send to. With the gate held.</summary>
    protected bool HasSink => _sink is not null;

    /// <summary>
    /// Sends over this sink from now on, or as soon as the flush under way on another has ended. With the gate held; who gets true must call
    /// <see cref="Flush"/> after leaving it.
    /// </summary>
    /// <param name="sink">Where to.</param>
    /// <param name="owner">Who is told of failure and of room.</param>
    public bool SwitchTo(IByteSink sink, IWriterOwner owner)
    {
        _nextSink = sink;
        _nextOwner = owner;
        if (!_isFlushing) TakeNextSink();
        return TryBecomeFlusher();
    }

    /// <summary>
    /// Takes the flusher's role if there is something to do and nobody has it; who gets true must call <see cref="Flush"/> after leaving the
    /// gate. An open batch keeps the role back until it ends or has enough to fill a send. With the gate held.
    /// </summary>
    public bool TryBecomeFlusher(bool throughBatch = false)
    {
        if (_isFlushing || (_sink is null && _nextSink is null) || !_source.HasWork) return false;
        if (_batchDepth > 0 && !throughBatch && _source.PendingBytes < CommsLimits.BatchBytesMax) return false;
        return _isFlushing = true;
    }

    /// <summary>Sends until nothing is left, or hands the rest over. Only for who has the flusher's role; without the gate.</summary>
    public void Flush()
    {
        if (!Run(waits: false, CommsLimits.FlushRoundsMax)) HandOver();
    }

    /// <summary>Holds sending back until the matching <see cref="LeaveBatch"/>.</summary>
    public void EnterBatch()
    {
        lock (_source.Gate) _batchDepth++;
    }

    /// <summary>Ends a batch and sends what it held back.</summary>
    public void LeaveBatch()
    {
        lock (_source.Gate)
        {
            _batchDepth--;
            if (!TryBecomeFlusher()) return;
        }

        Flush();
    }

    /// <summary>
    /// Completes when no more than so many bytes wait to be sent, or when nothing is sent any more. Whoever has to wait is woken at half of it,
    /// so as not to be woken for each message.
    /// </summary>
    public Task WhenQuietAsync(long bytesMax)
    {
        lock (_source.Gate)
        {
            if (_sink is null || _source.PendingBytes <= bytesMax) return Task.CompletedTask;
            _quietBytes = bytesMax;
            _quiet ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _quiet.Task;
        }
    }

    /// <summary>
    /// Sends over this sink no more, if it ever did. It must have been shut down, so that a send under way fails. The task ends when nobody
    /// touches it any more.
    /// </summary>
    public Task DetachAsync(IByteSink sink)
    {
        lock (_source.Gate)
        {
            if (_nextSink == sink) _nextSink = null;
            if (_sink != sink) return _outside?.Task ?? Task.CompletedTask;

            LoseSink();
            if (!_isFlushing)
            {
                TakeNextSink();
                return Task.CompletedTask;
            }

            _outside ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _outside.Task;
        }
    }

    /// <summary>The writer is not needed any more: its thread ends, when it is not sending. After the last <see cref="DetachAsync"/>.</summary>
    public void Close()
    {
        lock (_wake)
        {
            _isThreadDone = true;
            Monitor.Pulse(_wake);
        }
    }

    /// <summary>The flusher's loop; false when the role has to go to the writer.</summary>
    private bool Run(bool waits, int roundsMax)
    {
        Span<IoVector> vectors = stackalloc IoVector[CommsLimits.SegmentsPerSendMax + 1];
        long sent = 0;
        for (int round = 0; ; round++)
        {
            int count = 0;
            IByteSink? sink;
            IWriterOwner? owner;
            bool hasRoom;
            lock (_source.Gate)
            {
                hasRoom = Advance(sent);
                sink = _sink;
                owner = _owner;
                if (sink is not null)
                {
                    if (round >= roundsMax && sink.MayBlock && _source.HasWork) return false;
                    count = _source.Take(vectors);
                }

                if (count == 0) LeaveRole();
            }

            if (hasRoom) owner!.QueueHasRoom();
            if (count == 0) return true;

            sent = sink!.Send(vectors[..count], waits, out int error);
            if (sent >= 0) continue;

            sent = 0;
            if (error == LibC.TryAgain)
            {
                lock (_source.Gate) _source.Advance(0);
                return false;
            }

            if (error != LibC.Interrupted) Fail(sink, owner!, new SocketException(error).SocketErrorCode);
        }
    }

    /// <summary>The flusher is out of the kernel: accounts for what was sent, and sees whether the sink is still the right one.</summary>
    private bool Advance(long sent)
    {
        _source.Advance(sent);
        if (sent > 0)
        {
            _statistics.Sends++;
            _statistics.Bytes += sent;
            WakeIfQuiet();
        }

        bool hasRoom = _source.TakeRoom();
        if (_outside is { } outside)
        {
            _outside = null;
            outside.SetResult();
        }

        if (_sink is null || _source.IsBetweenFlushes) TakeNextSink();
        return hasRoom && _owner is not null;
    }

    private void TakeNextSink()
    {
        if (_nextSink is null) return;
        _source.Restart();
        (_sink, _owner) = (_nextSink, _nextOwner);
        (_nextSink, _nextOwner) = (null, null);
    }

    private void LoseSink()
    {
        _sink = null;
        WakeIfQuiet();
    }

    private void WakeIfQuiet()
    {
        if (_quiet is not { } quiet || (_sink is not null && _source.PendingBytes > _quietBytes / 2)) return;
        _quiet = null;
        quiet.SetResult();
    }

    private void LeaveRole() => _isFlushing = false;

    private void Fail(IByteSink sink, IWriterOwner owner, SocketError error)
    {
        lock (_source.Gate)
        {
            if (_sink == sink) LoseSink();
        }

        owner.SendFailed(error);
    }

    private void HandOver()
    {
        lock (_source.Gate) _statistics.HandOvers++;

        // Only the holder of the role comes here, so there is one at a time.
        if (!_hasThread)
        {
            _ = Task.Run(FlushAsync);
            return;
        }

        lock (_wake)
        {
            _isHandedOver = true;
            Monitor.Pulse(_wake);
            if (_hasStarted) return;
            _hasStarted = true;
        }

        if (!CommsThread.TryStart("tyer link writer", ThreadLoop)) _ = Task.Run(ThreadLoop);
    }

    private void ThreadLoop()
    {
        while (true)
        {
            lock (_wake)
            {
                while (!_isHandedOver && !_isThreadDone) Monitor.Wait(_wake);
                if (!_isHandedOver) return;
                _isHandedOver = false;
            }

            Run(waits: true, roundsMax: int.MaxValue);
        }
    }

    private async Task FlushAsync()
    {
        int sent = 0;
        while (true)
        {
            ReadOnlyMemory<byte> bytes = default;
            IByteSink? sink;
            IWriterOwner? owner;
            bool hasRoom;
            lock (_source.Gate)
            {
                hasRoom = Advance(sent);
                sink = _sink;
                owner = _owner;
                if (sink is not null) bytes = _source.TakeFirst();
                if (bytes.IsEmpty) LeaveRole();
            }

            if (hasRoom) owner!.QueueHasRoom();
            if (bytes.IsEmpty) return;

            try
            {
                sent = await sink!.SendAsync(bytes).ConfigureAwait(false);
            }
            catch (SocketException e)
            {
                sent = 0;
                Fail(sink!, owner!, e.SocketErrorCode);
            }
        }
    }
}
