using Tyer.Comms.Frames;

namespace Tyer.Comms.Sending;

/// <summary>
/// Frames in the order in which they go out, in pooled segments. Three places move through it:
/// <code>
///   head ............ sent ............ tail
///    kept for resend    still to be sent
/// </code>
/// For a client, head follows sent. For a peer, head follows the acknowledgements, so that what a broken link lost can be sent again from
/// the same bytes. A header never straddles two segments, a body may: the head can be moved frame by frame by reading the headers.
/// Pure memory, no thread of its own: every member is called with <see cref="Gate"/> held.
/// </summary>
internal sealed class SendQueue(SegmentPool pool, long bytesMax, bool keepsUntilReleased, Lock? gate = null)
{
    private Segment? _first;
    private Segment? _last;
    private Place _head;
    private Place _sent;
    private long _offeredOffset;
    private bool _taken;

    /// <summary>The lock that whoever shares the queue takes, and maybe other queues with it; short, never held over a system call.</summary>
    public Lock Gate { get; } = gate ?? new Lock();

    /// <summary>The most bytes that it holds.</summary>
    public long BytesMax => bytesMax;

    /// <summary>Bytes ever appended.</summary>
    public long TailOffset { get; private set; }

    /// <summary>Bytes ever sent, those sent again not counted twice.</summary>
    public long SentOffset => _sent.Offset;

    /// <summary>Bytes still to be sent.</summary>
    public long PendingBytes => TailOffset - _sent.Offset;

    /// <summary>Bytes held, sent or not.</summary>
    public long HeldBytes => TailOffset - _head.Offset;

    /// <summary>Whether there is room enough again to tell who was turned away.</summary>
    public bool IsHalfEmpty => HeldBytes <= bytesMax / 2;

    /// <summary>Copies a frame to the tail; false when that would go over the limit.</summary>
    public bool TryAppend(in FrameHeader header, ReadOnlySpan<byte> body)
    {
        if (HeldBytes + header.FrameBytes > bytesMax) return false;

        if (_last is null || _last.Room < FrameHeader.Bytes) AddSegment();
        header.Write(_last!.Free, body);
        _last.Used += FrameHeader.Bytes;

        while (!body.IsEmpty)
        {
            if (_last.Room == 0) AddSegment();
            int part = Math.Min(_last.Room, body.Length);
            body[..part].CopyTo(_last.Free);
            _last.Used += part;
            body = body[part..];
        }

        TailOffset += header.FrameBytes;
        return true;
    }

    /// <summary>
    /// Lists the bytes that come next, up to an offset. They stay where they are until <see cref="Advance"/> is called, whatever is released
    /// in between: the kernel may be reading them.
    /// </summary>
    public int Take(Span<IoVector> vectors, long upTo)
    {
        int count = 0;
        for (Place place = _sent; place.Offset < upTo && count < vectors.Length; count++)
        {
            int length = place.Contiguous(upTo);
            vectors[count] = new IoVector(place.Segment!.Address + place.Index, (nuint)length);
            place.Skip(length);
        }

        if (count > 0) Offer(upTo);
        return count;
    }

    /// <summary>The first stretch of what comes next, for a sender that takes one at a time; otherwise as <see cref="Take"/>.</summary>
    public ReadOnlyMemory<byte> TakeFirst(long upTo)
    {
        if (_sent.Offset >= upTo) return default;

        Offer(upTo);
        int length = _sent.Contiguous(upTo);
        return _sent.Segment!.Written(_sent.Index, length);
    }

    /// <summary>Says how many of the bytes taken were sent; 0 gives all of them back.</summary>
    public void Advance(long bytes)
    {
        _taken = false;
        _sent.Skip(bytes);
        if (!keepsUntilReleased) _head = _sent;
        Trim();
    }

    /// <summary>
    /// Lets go of the frames up to a sequence number, the last that the peer has; false when one of them was never offered to the network,
    /// so that the peer cannot have it.
    /// </summary>
    public bool Release(ulong through)
    {
        Place head = _head;
        while (head.Offset < TailOffset)
        {
            int contiguous = head.Contiguous(TailOffset);
            FrameHeader header = FrameHeader.Read(head.Segment!.Written(head.Index, contiguous).Span);
            if (header.Sequence > through) break;
            head.Skip(header.FrameBytes);
        }

        if (head.Offset > _offeredOffset) return false;
        _head = head;
        Trim();
        return true;
    }

    /// <summary>
    /// Where a flush from here ends: at the end of a frame, with so many bytes at most, or one frame; before an offset, and with no frame of a
    /// number beyond the last that may be sent. Where nothing is left over of the last flush.
    /// </summary>
    public long FlushEnd(long bytesMax, long offsetMax, ulong through)
    {
        Place place = _sent;
        while (place.Offset < TailOffset)
        {
            int contiguous = place.Contiguous(TailOffset);
            FrameHeader header = FrameHeader.Read(place.Segment!.Written(place.Index, contiguous).Span);
            long end = place.Offset + header.FrameBytes;
            if (end > offsetMax || header.Sequence > through) break;
            if (end - _sent.Offset > bytesMax && place.Offset > _sent.Offset) break;
            place.Skip(header.FrameBytes);
        }

        return place.Offset;
    }

    /// <summary>
    /// Everything that is not released will be sent again, from the start of a frame. Only when no link is sending. What was offered once stays
    /// so: an acknowledgement of it may still be on its way.
    /// </summary>
    public void Rewind() => _sent = _head;

    /// <summary>What was released after a rewind need not be sent again. Where nothing is left over of the last flush.</summary>
    public void SkipReleased()
    {
        if (_taken || _head.Offset <= _sent.Offset) return;
        _sent = _head;
        Trim();
    }

    /// <summary>Drops everything. Only when no link is sending.</summary>
    public void Clear()
    {
        _taken = false;
        _sent.Skip(PendingBytes);
        _head = _sent;
        _offeredOffset = TailOffset;
        Trim();
    }

    private void Offer(long upTo)
    {
        _taken = true;
        _offeredOffset = Math.Max(_offeredOffset, upTo);
    }

    private void AddSegment()
    {
        Segment segment = pool.Rent();
        if (_last is null)
        {
            _first = segment;
            _head = _sent = new Place(segment, TailOffset);
        }
        else
        {
            _last.Next = segment;
        }

        _last = segment;
    }

    /// <summary>Gives back the segments that neither head nor sent can reach. Not while bytes are taken.</summary>
    private void Trim()
    {
        if (_taken) return;

        _head.Normalize();
        _sent.Normalize();

        // The head is beyond sent when a peer acknowledges what was offered before the send has returned.
        Place least = _head.Offset <= _sent.Offset ? _head : _sent;
        bool isEmpty = least.Offset == TailOffset;
        Segment? kept = isEmpty ? null : least.Segment;
        while (_first != kept)
        {
            Segment free = _first!;
            _first = free.Next;
            pool.Return(free);
        }

        if (!isEmpty) return;
        _last = null;
        _head = _sent = new Place(null, TailOffset);
    }

    /// <summary>A byte's place in the queue.</summary>
    private struct Place(Segment? segment, long offset)
    {
        /// <summary>The segment, or null in a queue without any.</summary>
        public Segment? Segment { get; private set; } = segment;

        /// <summary>The index in the segment.</summary>
        public int Index { get; private set; }

        /// <summary>The offset in the queue's whole life.</summary>
        public long Offset { get; private set; } = offset;

        /// <summary>Bytes in one piece from here to an offset further on; moves to where they start.</summary>
        public int Contiguous(long upTo)
        {
            Normalize();
            return (int)Math.Min(upTo - Offset, Segment!.Used - Index);
        }

        /// <summary>Forward by so many bytes.</summary>
        public void Skip(long bytes)
        {
            while (bytes > 0)
            {
                int step = Contiguous(Offset + bytes);
                Index += step;
                Offset += step;
                bytes -= step;
            }
        }

        /// <summary>From the end of a segment to the start of the next, if there is one.</summary>
        public void Normalize()
        {
            while (Segment?.Next is { } next && Index == Segment.Used)
            {
                Segment = next;
                Index = 0;
            }
        }
    }
}
