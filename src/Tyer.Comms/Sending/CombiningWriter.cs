using System.Net.Sockets;
using Tyer.Comms.Frames;

namespace Tyer.Comms.Sending;

/// <summary>
/// Sends one link's queue with as few calls and hops as the load allows. Callers append to the queue under its gate; whoever finds no
/// flusher becomes the flusher and sends, without waiting in the kernel, what everybody has appended until nothing is left. At low load a
/// message is sent by its own caller at once; at high load one call carries hundreds. When the socket's buffer is full, or after a few
/// rounds of sending for others, the role goes to the link's own writer: a thread that blocks, or the pool for links that are read
/// asynchronously.
/// </summary>
internal sealed class CombiningWriter
{
    private readonly IByteSink _sink;
    private readonly SendQueue _queue;
    private readonly FlushSource _source;
    private readonly IWriterOwner _owner;
    private readonly bool _hasThread;

    // Written with the gate held.
    private bool _isFlushing;
    private bool _isClosed;
    private int _batchDepth;
    private bool _turnedAway;
    private TaskCompletionSource? _idle;
    private TaskCompletionSource? _quiet;
    private long _quietBytes;
    private WriterStatistics _statistics;

    // Written with the wake lock held; the thread is started by the first hand-over.
    private readonly object _wake = new();
    private bool _hasStarted;
    private bool _isHandedOver;
    private bool _isThreadDone;

    /// <param name="sink">Where to.</param>
    /// <param name="queue">From where.</param>
    /// <param name="prefix">What leads each flush, or null.</param>
    /// <param name="owner">Who is told of failure and of room.</param>
    /// <param name="hasThread">True: a blocked socket is waited for by a thread. False: asynchronously; the socket is read that way too.</param>
    public CombiningWriter(IByteSink sink, SendQueue queue, IFlushPrefix? prefix, IWriterOwner owner, bool hasThread)
    {
        _sink = sink;
        _queue = queue;
        _source = new FlushSource(queue, prefix);
        _owner = owner;
        _hasThread = hasThread;
    }

    /// <summary>The queue that it sends.</summary>
    public SendQueue Queue => _queue;

    /// <summary>Counters since the link began.</summary>
    public WriterStatistics Statistics
    {
        get
        {
            lock (_queue.Gate) return _statistics;
        }
    }

    /// <summary>Appends a frame and sends it, now or with the batch.</summary>
    public SendResult TrySend(in FrameHeader header, ReadOnlySpan<byte> body) => TrySend(header, body, throughBatch: false);

    /// <summary>Appends a frame and sends it with all before it, batch or not: the last words before the link ends.</summary>
    public SendResult TrySendThroughBatch(in FrameHeader header, ReadOnlySpan<byte> body) => TrySend(header, body, throughBatch: true);

    private SendResult TrySend(in FrameHeader header, ReadOnlySpan<byte> body, bool throughBatch)
    {
        lock (_queue.Gate)
        {
            if (_isClosed) return SendResult.Closed;
            if (!_queue.TryAppend(header, body))
            {
                _turnedAway = true;
                return SendResult.WouldBlock;
            }

            if (!TryBecomeFlusher(throughBatch)) return SendResult.Accepted;
        }

        Flush();
        return SendResult.Accepted;
    }

    /// <summary>
    /// Takes the flusher's role if there is something to do and nobody has it; who gets true must call <see cref="Flush"/> after leaving the
    /// gate. An open batch keeps the role back until it ends or has enough to fill a send. With the gate held.
    /// </summary>
    public bool TryBecomeFlusher(bool throughBatch = false)
    {
        if (_isFlushing || _isClosed || !_source.HasWork) return false;
        if (_batchDepth > 0 && !throughBatch && _queue.PendingBytes < CommsLimits.BatchBytesMax) return false;
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
        lock (_queue.Gate) _batchDepth++;
    }

    /// <summary>Ends a batch and sends what it held back.</summary>
    public void LeaveBatch()
    {
        lock (_queue.Gate)
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
        lock (_queue.Gate)
        {
            if (_isClosed || _queue.PendingBytes <= bytesMax) return Task.CompletedTask;
            _quietBytes = bytesMax;
            _quiet ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _quiet.Task;
        }
    }

    /// <summary>
    /// No more sends. The socket must have been shut down, so that a send under way fails. The task ends when nobody touches queue or socket
    /// any more.
    /// </summary>
    public async Task CloseAsync()
    {
        Task idle = Task.CompletedTask;
        lock (_queue.Gate)
        {
            _isClosed = true;
            WakeIfQuiet();
            if (_isFlushing)
            {
                _idle = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                idle = _idle.Task;
            }
        }

        await idle.ConfigureAwait(false);
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
            bool hasRoom;
            lock (_queue.Gate)
            {
                hasRoom = Advance(sent);
                if (!_isClosed)
                {
                    if (round == roundsMax && _source.HasWork) return false;
                    count = _source.Take(vectors);
                }

                if (count == 0) LeaveRole();
            }

            if (hasRoom) _owner.QueueHasRoom();
            if (count == 0) return true;

            sent = _sink.Send(vectors[..count], waits, out int error);
            if (sent >= 0) continue;

            sent = 0;
            if (error == LibC.TryAgain)
            {
                lock (_queue.Gate) _source.Advance(0);
                return false;
            }

            if (error != LibC.Interrupted) Fail(new SocketException(error).SocketErrorCode);
        }
    }

    private bool Advance(long sent)
    {
        _source.Advance(sent);
        if (sent > 0)
        {
            _statistics.Sends++;
            _statistics.Bytes += sent;
            WakeIfQuiet();
        }

        if (!_turnedAway || !_queue.IsHalfEmpty) return false;
        _turnedAway = false;
        return true;
    }

    private void WakeIfQuiet()
    {
        if (_quiet is not { } quiet || (!_isClosed && _queue.PendingBytes > _quietBytes / 2)) return;
        _quiet = null;
        quiet.SetResult();
    }

    private void LeaveRole()
    {
        _isFlushing = false;
        _idle?.SetResult();
    }

    private void Fail(SocketError error)
    {
        lock (_queue.Gate)
        {
            _isClosed = true;
            WakeIfQuiet();
        }

        _owner.SendFailed(error);
    }

    private void HandOver()
    {
        lock (_queue.Gate) _statistics.HandOvers++;

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
                if (_isThreadDone) return;
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
            bool hasRoom;
            lock (_queue.Gate)
            {
                hasRoom = Advance(sent);
                if (!_isClosed) bytes = _source.TakeFirst();
                if (bytes.IsEmpty) LeaveRole();
            }

            if (hasRoom) _owner.QueueHasRoom();
            if (bytes.IsEmpty) return;

            try
            {
                sent = await _sink.SendAsync(bytes).ConfigureAwait(false);
            }
            catch (SocketException e)
            {
                sent = 0;
                Fail(e.SocketErrorCode);
            }
        }
    }
}
