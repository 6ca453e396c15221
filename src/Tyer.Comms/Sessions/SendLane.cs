using Tyer.Comms.Frames;
using Tyer.Comms.Sending;

namespace Tyer.Comms.Sessions;

/// <summary>
/// What one lane has to send: messages numbered from 1, kept until acknowledged, sent again over the next path from the same bytes, and no
/// faster than the other side allows. All members with the gate of the queue held.
/// </summary>
internal sealed class SendLane(byte number, SendQueue queue, int messagesMax)
{
    private ulong _next = 1;
    private ulong _goodbye;
    private long _origin;
    private ulong _creditMessages;
    private long _creditOffset;

    /// <summary>What is kept.</summary>
    public SendQueue Queue => queue;

    /// <summary>The last message that the other side has acknowledged.</summary>
    public ulong Acknowledged { get; private set; }

    /// <summary>Messages sent or queued and not acknowledged.</summary>
    public int UnacknowledgedMessages => (int)(_next - 1 - Acknowledged);

    /// <summary>Whether the goodbye, and so all before it, has been received.</summary>
    public bool IsGoodbyeAcknowledged => _goodbye != 0 && Acknowledged >= _goodbye;

    /// <summary>Whether there is something to send, and it may be sent.</summary>
    public bool CanSend => queue.PendingBytes > 0 && (IsAllAllowed || FlushEnd(bytesMax: 1) > queue.SentOffset);

    /// <summary>Whether there is room enough again to tell who was turned away.</summary>
    public bool HasRoom => queue.IsHalfEmpty && UnacknowledgedMessages <= messagesMax / 2;

    private bool IsAllAllowed => _next - 1 <= _creditMessages && queue.TailOffset <= _creditOffset;

    /// <summary>Numbers and queues a message, all of it or nothing.</summary>
    /// <param name="binding">The service.</param>
    /// <param name="view">The view stamp.</param>
    /// <param name="body">What it says.</param>
    /// <param name="isReply">Whether it may take what is kept for answers.</param>
    public bool TryAppend(ushort binding, uint view, ReadOnlySpan<byte> body, bool isReply)
    {
        int frames = Math.Max(1, (body.Length + CommsLimits.FragmentBytes - 1) / CommsLimits.FragmentBytes);
        if (!HasRoomFor(frames, body.Length + ((long)frames * FrameHeader.Bytes), isReply)) return false;

        while (body.Length > CommsLimits.FragmentBytes)
        {
            Append(FrameKind.Fragment, binding, view, body[..CommsLimits.FragmentBytes]);
            body = body[CommsLimits.FragmentBytes..];
        }

        Append(FrameKind.Message, binding, view, body);
        return true;
    }

    /// <summary>Queues the last message.</summary>
    public void AppendGoodbye()
    {
        _goodbye = _next;
        Append(FrameKind.Goodbye, binding: 0, view: 0, default);
    }

    /// <summary>The other side has everything up to here; false when it cannot have.</summary>
    public bool TryAcknowledge(ulong through)
    {
        if (through <= Acknowledged) return true;
        if (through >= _next || !queue.Release(through)) return false;

        Acknowledged = through;
        return true;
    }

    /// <summary>The other side takes messages up to a number and frames up to so many bytes; what was allowed once stays allowed.</summary>
    public void Allow(ulong messages, ulong bytes)
    {
        _creditMessages = Math.Max(_creditMessages, messages);
        _creditOffset = Math.Max(_creditOffset, _origin + (long)Math.Min(bytes, long.MaxValue / 2));
    }

    /// <summary>Where a flush that begins now ends.</summary>
    /// <param name="bytesMax">Bytes of it, at most, if it has more than one frame.</param>
    public long FlushEnd(long bytesMax) => IsAllAllowed && queue.PendingBytes <= bytesMax
        ? queue.TailOffset
        : queue.FlushEnd(bytesMax, _creditOffset, _creditMessages);

    /// <summary>Whether another node's number for the first message that it has not received can be true.</summary>
    public bool IsWithin(ulong receiveNext) => receiveNext >= 1 && receiveNext <= _next;

    /// <summary>Another session begins. Only when no link is sending.</summary>
    public void Reset()
    {
        queue.Clear();
        _next = 1;
        _goodbye = 0;
        Acknowledged = 0;
        _origin = queue.TailOffset;
        _creditMessages = 0;
        _creditOffset = _origin;
    }

    private bool HasRoomFor(int frames, long bytes, bool isReply)
    {
        // A goodbye always finds room.
        long bytesMax = queue.BytesMax - FrameHeader.Bytes;
        int countMax = messagesMax;
        if (!isReply)
        {
            bytesMax -= bytesMax / CommsLimits.PeerQueueReservedPart;
            countMax -= countMax / CommsLimits.PeerQueueReservedPart;
        }

        return queue.HeldBytes + bytes <= bytesMax && UnacknowledgedMessages + frames <= countMax;
    }

    private void Append(FrameKind kind, ushort binding, uint view, ReadOnlySpan<byte> body)
    {
        bool isTaken = queue.TryAppend(new FrameHeader(body.Length, kind, binding, _next++, view, number), body);
        Invariant.Check(isTaken, "there was room for all frames of a message");
    }
}
