using Tyer.Comms.Frames;

namespace Tyer.Comms.Sending;

/// <summary>One queue, sent in its order and forgotten when sent.</summary>
internal sealed class QueueSource(SendQueue queue) : FlushSource
{
    private bool _turnedAway;

    /// <inheritdoc/>
    public override Lock Gate => queue.Gate;

    /// <inheritdoc/>
    public override bool HasWork => queue.PendingBytes > 0;

    /// <inheritdoc/>
    public override long PendingBytes => queue.PendingBytes;

    /// <inheritdoc/>
    public override bool IsBetweenFlushes => queue.PendingBytes == 0;

    /// <summary>Appends a frame, if there is room.</summary>
    public bool TryAppend(in FrameHeader header, ReadOnlySpan<byte> body)
    {
        bool isTaken = queue.TryAppend(header, body);
        _turnedAway |= !isTaken;
        return isTaken;
    }

    /// <inheritdoc/>
    public override int Take(Span<IoVector> vectors) => queue.Take(vectors, queue.TailOffset);

    /// <inheritdoc/>
    public override ReadOnlyMemory<byte> TakeFirst() => queue.TakeFirst(queue.TailOffset);

    /// <inheritdoc/>
    public override void Advance(long bytes) => queue.Advance(bytes);

    /// <inheritdoc/>
    public override void Restart() => queue.Clear();

    /// <inheritdoc/>
    public override bool TakeRoom()
    {
        if (!_turnedAway || !queue.IsHalfEmpty) return false;
        _turnedAway = false;
        return true;
    }
}
