using Tyer.Comms.Frames;
using Tyer.Comms.Links;
using Tyer.Comms.Sending;

namespace Tyer.Comms.Peers;

/// <summary>What to do with a sequenced frame.</summary>
internal enum ReceiveVerdict
{
    /// <summary>It is the next one.</summary>
    Deliver,

    /// <summary>It came before; drop it.</summary>
    Duplicate,

    /// <summary>One is missing before it, which a link cannot do by itself.</summary>
    Gap,
}

/// <summary>
/// Messages between this incarnation and one of a peer: numbered from 1, kept until acknowledged, sent again on the next link, delivered
/// once and in order. The pair of incarnations is the session's identity: a side that has never heard of the session and a side that has
/// delivered nothing in it are in the same state, so no agreement on its beginning is needed. A new incarnation of the peer ends it; what
/// is already meant for one that has not come yet is kept until it does.
/// Pure: no thread, socket or clock. The gate of the queue guards all but <see cref="Receive"/>, which belongs to the one reader.
/// </summary>
internal sealed class PeerSession(SendQueue queue, int messagesMax) : IFlushPrefix
{
    private ulong _sendNext = 1;
    private ulong _acknowledged;
    private ulong _goodbye;
    private bool _turnedAway;

    // For an incarnation that membership knows of and that has not come yet, in the order sent.
    private readonly Queue<(ushort Binding, uint View, byte[] Body)> _ahead = new();
    private ulong _aheadFor;
    private long _aheadBytes;

    // Written by the reader, read by whoever sends.
    private ulong _receiveNext = 1;
    private long _receivedBytes;

    private ulong _acknowledgeSent;
    private long _acknowledgedBytes;
    private bool _isAcknowledgeDemanded;

    /// <summary>Who the session is with; 0 before anything is known of the peer.</summary>
    public ulong PeerIncarnation { get; private set; }

    /// <summary>The newest incarnation that was cut off; 0 for none.</summary>
    public ulong FencedThrough { get; private set; }

    /// <summary>Whether the session is with an incarnation that was cut off.</summary>
    public bool IsFenced => PeerIncarnation != 0 && PeerIncarnation <= FencedThrough;

    /// <summary>Whether the peer has said goodbye: this incarnation sends nothing more and takes nothing more.</summary>
    public bool HasPeerLeft { get; private set; }

    /// <summary>Whether this side's goodbye, and so all before it, has been received.</summary>
    public bool IsGoodbyeAcknowledged => _goodbye != 0 && _acknowledged >= _goodbye;

    /// <summary>The number of the first message not yet received.</summary>
    public ulong ReceiveNext => Volatile.Read(ref _receiveNext);

    /// <summary>Messages sent or queued and not acknowledged.</summary>
    public int UnacknowledgedMessages => (int)(_sendNext - 1 - _acknowledged);

    /// <summary>Messages that came again after a new link, ever.</summary>
    public long Duplicates { get; private set; }

    /// <summary>Bytes that were sent again, ever.</summary>
    public long ResentBytes { get; private set; }

    /// <inheritdoc/>
    public bool IsDemanded => _isAcknowledgeDemanded;

    /// <summary>Whether something was received that no acknowledgement has told yet.</summary>
    public bool IsAcknowledgeOwed => ReceiveNext - 1 > _acknowledgeSent;

    /// <summary>Numbers and queues a message.</summary>
    /// <param name="binding">The service.</param>
    /// <param name="view">The view stamp.</param>
    /// <param name="body">What it says.</param>
    /// <param name="toIncarnation">Whom it is meant for; 0 for whoever is there.</param>
    public SendResult TrySend(ushort binding, uint view, ReadOnlySpan<byte> body, ulong toIncarnation)
    {
        if (_goodbye != 0) return SendResult.Closed;
        if (toIncarnation != 0)
        {
            // Known from membership before it was ever connected: what is queued is for that one.
            if (PeerIncarnation == 0 && toIncarnation > FencedThrough) PeerIncarnation = toIncarnation;
            if (toIncarnation < PeerIncarnation || toIncarnation <= FencedThrough) return SendResult.Closed;
            if (toIncarnation > PeerIncarnation) return KeepAhead(binding, view, body, toIncarnation);
        }

        if (HasPeerLeft || IsFenced) return SendResult.Closed;
        if (UnacknowledgedMessages >= messagesMax) return TurnAway();
        if (!queue.TryAppend(new FrameHeader(body.Length, FrameKind.Message, binding, _sendNext, view), body)) return TurnAway();

        _sendNext++;
        return SendResult.Accepted;
    }

    /// <summary>Queues the last message; false when there is nobody to say it to, or no room.</summary>
    public bool TryQueueGoodbye()
    {
        if (PeerIncarnation == 0 || HasPeerLeft || IsFenced || _goodbye != 0) return false;
        if (!queue.TryAppend(new FrameHeader(0, FrameKind.Goodbye, Binding: 0, _sendNext, View: 0), default)) return false;

        _goodbye = _sendNext++;
        return true;
    }

    /// <summary>Whether an incarnation may have a session with this node.</summary>
    public RefusalCode Judge(ulong incarnation) =>
        incarnation <= FencedThrough ? RefusalCode.Fenced
        : incarnation < PeerIncarnation ? RefusalCode.StaleIncarnation
        : RefusalCode.None;

    /// <summary>
    /// The session is with this incarnation from now on. If it was with an older one, what that has not acknowledged is dropped. Only when no
    /// link delivers or sends.
    /// </summary>
    /// <returns>The older incarnation, or 0 when nothing ended.</returns>
    public ulong Begin(ulong incarnation)
    {
        Invariant.Check(incarnation >= PeerIncarnation && incarnation > FencedThrough, "a session never goes back to an older incarnation");
        ulong old = PeerIncarnation;
        PeerIncarnation = incarnation;
        if (old == 0 || old == incarnation) return 0;

        queue.Clear();
        _sendNext = 1;
        _acknowledged = 0;
        _goodbye = 0;
        _receiveNext = 1;
        HasPeerLeft = false;
        TakeAhead();
        return old;
    }

    /// <summary>
    /// A new link carries the session on: what the peer has not received is sent again. False when its number does not fit what was sent and
    /// acknowledged: somebody has lost what must not be lost. Only when no link delivers or sends.
    /// </summary>
    public bool TryResume(ulong peerReceiveNext)
    {
        if (peerReceiveNext <= _acknowledged || peerReceiveNext > _sendNext || !queue.Release(peerReceiveNext - 1)) return false;

        _acknowledged = peerReceiveNext - 1;
        long sent = queue.SentOffset;
        queue.Rewind();
        ResentBytes += sent - queue.SentOffset;

        // This side's number went with the same exchange.
        _acknowledgeSent = ReceiveNext - 1;
        _acknowledgedBytes = _receivedBytes;
        _isAcknowledgeDemanded = false;
        return true;
    }

    /// <summary>A sequenced frame has come. By the reader of the session's link only.</summary>
    public ReceiveVerdict Receive(in MessageView frame)
    {
        ulong next = _receiveNext;
        if (frame.Sequence == next)
        {
            _receivedBytes += frame.FrameBytes;
            Volatile.Write(ref _receiveNext, next + 1);
            return ReceiveVerdict.Deliver;
        }

        if (frame.Sequence == 0 || frame.Sequence > next) return ReceiveVerdict.Gap;
        Duplicates++;
        return ReceiveVerdict.Duplicate;
    }

    /// <summary>The goodbye has been received, and everything before it.</summary>
    public void PeerLeft()
    {
        HasPeerLeft = true;
        DemandAcknowledge();
    }

    /// <summary>The peer has everything up to here; false when it cannot have.</summary>
    public bool TryAcknowledge(ulong through)
    {
        if (through <= _acknowledged) return true;
        if (through >= _sendNext || !queue.Release(through)) return false;

        _acknowledged = through;
        return true;
    }

    /// <summary>Whether to tell somebody who was turned away that there is room again; true once.</summary>
    public bool TakeRoom()
    {
        if (!_turnedAway || !queue.IsHalfEmpty || UnacknowledgedMessages > messagesMax / 2) return false;
        _turnedAway = false;
        return true;
    }

    /// <summary>Sends the acknowledgement without waiting for a message to ride on if much has come; at the end of each batch.</summary>
    public void EndBatch()
    {
        ulong messages = ReceiveNext - 1 - _acknowledgeSent;
        if (messages >= CommsLimits.UnacknowledgedMessagesMax
            || (messages > 0 && _receivedBytes - _acknowledgedBytes >= CommsLimits.UnacknowledgedBytesMax))
        {
            DemandAcknowledge();
        }
    }

    /// <summary>The next flush says what was received, even if it has nothing else to say.</summary>
    public void DemandAcknowledge() => _isAcknowledgeDemanded = true;

    /// <inheritdoc/>
    public int WritePrefix(Span<byte> destination, bool hasFrames)
    {
        if (!_isAcknowledgeDemanded && !(hasFrames && IsAcknowledgeOwed)) return 0;

        _acknowledgeSent = ReceiveNext - 1;
        _acknowledgedBytes = _receivedBytes;
        _isAcknowledgeDemanded = false;
        new FrameHeader(0, FrameKind.Ack, Binding: 0, _acknowledgeSent, View: 0).Write(destination, default);
        return FrameHeader.Bytes;
    }

    /// <summary>Incarnations up to this one are cut off: nothing is taken for them any more.</summary>
    public void Fence(ulong incarnation)
    {
        FencedThrough = Math.Max(FencedThrough, incarnation);
        if (_aheadFor <= FencedThrough) DropAhead();
    }

    /// <summary>Drops what was queued for an incarnation that was cut off. Only when no link sends.</summary>
    public void DropFenced()
    {
        if (IsFenced) queue.Clear();
    }

    private SendResult KeepAhead(ushort binding, uint view, ReadOnlySpan<byte> body, ulong toIncarnation)
    {
        if (toIncarnation < _aheadFor) return SendResult.Closed;
        if (toIncarnation > _aheadFor) DropAhead();

        // As much as the queue takes in, so that all of it finds room there.
        long bytes = FrameHeader.Bytes + body.Length;
        if (_ahead.Count >= messagesMax || _aheadBytes + bytes > queue.BytesMax) return TurnAway();

        _ahead.Enqueue((binding, view, body.ToArray()));
        _aheadFor = toIncarnation;
        _aheadBytes += bytes;
        return SendResult.Accepted;
    }

    /// <summary>The session is with a new incarnation, and its queue is empty: what was kept for that one goes first.</summary>
    private void TakeAhead()
    {
        if (_aheadFor == PeerIncarnation)
        {
            foreach ((ushort binding, uint view, byte[] body) in _ahead)
            {
                bool isTaken = queue.TryAppend(new FrameHeader(body.Length, FrameKind.Message, binding, _sendNext++, view), body);
                Invariant.Check(isTaken, "what was kept for a new incarnation fits into its empty queue");
            }
        }

        if (_aheadFor <= PeerIncarnation) DropAhead();
    }

    private void DropAhead()
    {
        _ahead.Clear();
        _aheadFor = 0;
        _aheadBytes = 0;
    }

    private SendResult TurnAway()
    {
        _turnedAway = true;
        return SendResult.WouldBlock;
    }
}
