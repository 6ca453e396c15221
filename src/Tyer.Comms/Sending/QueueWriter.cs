using Tyer.Comms.Frames;

namespace Tyer.Comms.Sending;

/// <summary>The writer of one link's own queue: what it does not take is somebody's business to notice, and what the link loses is lost.</summary>
internal sealed class QueueWriter : CombiningWriter
{
    private readonly QueueSource _source;

    /// <param name="queue">What is sent.</param>
    /// <param name="hasThread">True: a blocked sink is waited for by a thread. False: asynchronously.</param>
    public QueueWriter(SendQueue queue, bool hasThread)
        : this(new QueueSource(queue), hasThread)
    {
    }

    private QueueWriter(QueueSource source, bool hasThread)
        : base(source, hasThread) => _source = source;

    /// <summary>Appends a frame and sends it, now or with the batch.</summary>
    public SendResult TrySend(in FrameHeader header, ReadOnlySpan<byte> body) => TrySend(header, body, throughBatch: false);

    /// <summary>Appends a frame and sends it with all before it, batch or not: the last words before the link ends, or a word that cannot wait.</summary>
    public SendResult TrySendThroughBatch(in FrameHeader header, ReadOnlySpan<byte> body) => TrySend(header, body, throughBatch: true);

    /// <summary>Drops what was not sent. Only when nobody sends.</summary>
    public void Clear()
    {
        lock (_source.Gate) _source.Restart();
    }

    private SendResult TrySend(in FrameHeader header, ReadOnlySpan<byte> body, bool throughBatch)
    {
        lock (_source.Gate)
        {
            if (!HasSink) return SendResult.Closed;
            if (!_source.TryAppend(header, body)) return SendResult.WouldBlock;
            if (!TryBecomeFlusher(throughBatch)) return SendResult.Accepted;
        }

        Flush();
        return SendResult.Accepted;
    }
}
