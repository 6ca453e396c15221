using Tyer.Comms.Links;
using Tyer.Comms.Sending;

namespace Tyer.Comms.Sessions;

/// <summary>
/// Messages between this incarnation and one of a peer: numbered from 1 on each lane, kept until acknowledged, sent again over the next path,
/// delivered once and in the order of their lane. The pair of incarnations is the session's identity: a side that has never heard of the
/// session and a side that has delivered nothing in it are in the same state, so no agreement on its beginning is needed. A new incarnation
/// of the peer ends it; what is already meant for one that has not come yet is kept until it does.
/// Pure: no thread, socket or clock. The gate of the queues guards all but what comes in, which belongs to who has the receiving side.
/// </summary>
internal sealed class PeerSession
{
    private readonly SendLane[] _sends = new SendLane[Lanes.Count];
    private readonly ReceiveLane[] _receives = new ReceiveLane[Lanes.Count];
    private readonly int _messagesMax;
    private bool _hasSaidGoodbye;
    private bool _turnedAway;
    private int _goodbyesHeard;
    private ulong _stamp;

    // For an incarnation that membership knows of and that has not come yet, in the order sent.
    private readonly Queue<(int Lane, ushort Binding, uint View, byte[] Body)> _ahead = new();
    private ulong _aheadFor;
    private long _aheadBytes;

    /// <param name="pool">Where the queues take their memory from.</param>
    /// <param name="bytesMax">Bytes kept on one lane, at most.</param>
    /// <param name="messagesMax">Messages kept on one lane, at most.</param>
    public PeerSession(SegmentPool pool, long bytesMax, int messagesMax)
    {
        _messagesMax = messagesMax;
        for (byte lane = 0; lane < Lanes.Count; lane++)
        {
            _sends[lane] = new SendLane(lane, new SendQueue(pool, bytesMax, keepsUntilReleased: true, Gate), messagesMax);
            _receives[lane] = new ReceiveLane(lane);
        }
    }

    /// <summary>The gate of all queues.</summary>
    public Lock Gate { get; } = new();

    /// <summary>What there is to send, by lane.</summary>
    public ReadOnlySpan<SendLane> Sends => _sends;

    /// <summary>What has been received, by lane.</summary>
    public ReadOnlySpan<ReceiveLane> Receives => _receives;

    /// <summary>Who the session is with; 0 before anything is known of the peer.</summary>
    public ulong PeerIncarnation { get; private set; }

    /// <summary>The newest incarnation that was cut off; 0 for none.</summary>
    public ulong FencedThrough { get; private set; }

    /// <summary>Whether the session is with an incarnation that was cut off.</summary>
    public bool IsFenced => PeerIncarnation != 0 && PeerIncarnation <= FencedThrough;

    /// <summary>Whether the peer has said goodbye on every lane: this incarnation sends nothing more and takes nothing more.</summary>
    public bool HasPeerLeft => _goodbyesHeard == Lanes.Count;

    /// <summary>Whether this side's goodbyes, and so all before them, have been received.</summary>
    public bool IsGoodbyeAcknowledged => _hasSaidGoodbye && Array.TrueForAll(_sends, send => send.IsGoodbyeAcknowledged);

    /// <summary>Messages sent or queued and not acknowledged.</summary>
    public int UnacknowledgedMessages => _sends.Sum(send => send.UnacknowledgedMessages);

    /// <summary>Bytes sent or queued and not acknowledged.</summary>
    public long UnacknowledgedBytes => _sends.Sum(send => send.Queue.HeldBytes);

    /// <summary>How many messages have been acknowledged; it grows when the peer takes what it is sent.</summary>
    public ulong Progress
    {
        get
        {
            ulong sum = 0;
            foreach (SendLane send in _sends) sum += send.Acknowledged;
            return sum;
        }
    }

    /// <summary>Messages that came again and were dropped, ever.</summary>
    public long Duplicates => _receives.Sum(receive => receive.Duplicates);

    /// <summary>Whether something was received that no acknowledgement has told yet.</summary>
    public bool IsAcknowledgeOwed
    {
        get
        {
            foreach (ReceiveLane receive in _receives)
            {
                if (receive.IsOwed) return true;
            }

            return false;
        }
    }

    /// <summary>A stamp for a hello or a ready, greater than all that this node has said to this peer before.</summary>
    public ulong NextStamp() => ++_stamp;

    /// <summary>Numbers and queues a message.</summary>
    /// <param name="lane">The lane.</param>
    /// <param name="binding">The service.</param>
    /// <param name="view">The view stamp.</param>
    /// <param name="body">What it says.</param>
    /// <param name="toIncarnation">Whom it is meant for; 0 for whoever is there.</param>
    /// <param name="isReply">Whether it may take what is kept for answers.</param>
    public SendResult TrySend(int lane, ushort binding, uint view, ReadOnlySpan<byte> body, ulong toIncarnation, bool isReply)
    {
        if (_hasSaidGoodbye) return SendResult.Closed;
        if (toIncarnation != 0)
        {
            // Known from membership before it was ever connected: what is queued is for that one.
            if (PeerIncarnation == 0 && toIncarnation > FencedThrough) PeerIncarnation = toIncarnation;
            if (toIncarnation < PeerIncarnation || toIncarnation <= FencedThrough) return SendResult.Closed;
            if (toIncarnation > PeerIncarnation) return KeepAhead(lane, binding, view, body, toIncarnation);
        }

        if (HasPeerLeft || IsFenced) return SendResult.Closed;
        return _sends[lane].TryAppend(binding, view, body, isReply) ? SendResult.Accepted : TurnAway();
    }

    /// <summary>Queues the last message of each lane, whatever room there is; false when there is nobody to say it to.</summary>
    public bool TryQueueGoodbye()
    {
        if (PeerIncarnation == 0 || HasPeerLeft || IsFenced || _hasSaidGoodbye) return false;
        _hasSaidGoodbye = true;
        foreach (SendLane send in _sends) send.AppendGoodbye();
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

        foreach (SendLane send in _sends) send.Reset();
        foreach (ReceiveLane receive in _receives) receive.Reset();
        _hasSaidGoodbye = false;
        _goodbyesHeard = 0;
        TakeAhead();
        return old;
    }

    /// <summary>Where this side stands, for the other.</summary>
    public void Mark(Span<LaneMark> marks)
    {
        for (int lane = 0; lane < Lanes.Count; lane++) marks[lane] = _receives[lane].Mark(_sends[lane].Acknowledged);
    }

    /// <summary>
    /// The other side says where it stands. False when that does not fit: somebody has lost what must not be lost. What it says may be older
    /// than what is known by now, for another path may have told more; it never was more than what is true.
    /// </summary>
    public bool TryResume(ReadOnlySpan<LaneMark> marks)
    {
        for (int lane = 0; lane < Lanes.Count; lane++)
        {
            if (!_sends[lane].IsWithin(marks[lane].ReceiveNext) || marks[lane].Acknowledged >= _receives[lane].Next) return false;
        }

        for (int lane = 0; lane < Lanes.Count; lane++)
        {
            if (!_sends[lane].TryAcknowledge(marks[lane].ReceiveNext - 1)) return false;
            _sends[lane].Allow(marks[lane].CreditMessages, marks[lane].CreditBytes);
        }

        return true;
    }

    /// <summary>The last message of a lane has been received, and everything before it.</summary>
    public void GoodbyeHeard(int lane)
    {
        _goodbyesHeard++;
        _receives[lane].Demand();
    }

    /// <summary>The peer has everything up to here and allows more; false when it cannot have.</summary>
    public bool TryAcknowledge(in Acknowledgement acknowledgement)
    {
        SendLane send = _sends[acknowledgement.Lane];
        if (!send.TryAcknowledge(acknowledgement.Through)) return false;
        send.Allow(acknowledgement.CreditMessages, acknowledgement.CreditBytes);
        return true;
    }

    /// <summary>Whether to tell somebody who was turned away that there is room again; true once.</summary>
    public bool TakeRoom()
    {
        if (!_turnedAway || !Array.TrueForAll(_sends, send => send.HasRoom)) return false;
        _turnedAway = false;
        return true;
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
        if (!IsFenced) return;
        foreach (SendLane send in _sends) send.Queue.Clear();
    }

    private SendResult KeepAhead(int lane, ushort binding, uint view, ReadOnlySpan<byte> body, ulong toIncarnation)
    {
        if (toIncarnation < _aheadFor) return SendResult.Closed;
        if (toIncarnation > _aheadFor) DropAhead();

        // Less than one lane takes in, whatever fragments make of it, so that all of it finds room there.
        long bytes = (2 * Frames.FrameHeader.Bytes) + body.Length;
        if (_ahead.Count >= _messagesMax / 2 || _aheadBytes + bytes > _sends[lane].Queue.BytesMax / 2) return TurnAway();

        _ahead.Enqueue((lane, binding, view, body.ToArray()));
        _aheadFor = toIncarnation;
        _aheadBytes += bytes;
        return SendResult.Accepted;
    }

    /// <summary>The session is with a new incarnation, and its queues are empty: what was kept for that one goes first.</summary>
    private void TakeAhead()
    {
        if (_aheadFor == PeerIncarnation)
        {
            foreach ((int lane, ushort binding, uint view, byte[] body) in _ahead)
            {
                bool isTaken = _sends[lane].TryAppend(binding, view, body, isReply: true);
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
