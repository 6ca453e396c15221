using Tyer.Comms.Frames;
using Tyer.Comms.Links;
using Tyer.Comms.Peers;
using Tyer.Comms.Sending;

namespace Tyer.Comms.Tests.Peers.Simulation;

/// <summary>One life of a node: the session and the connection of the product, with a shell that does what the threads and sockets do.</summary>
internal sealed class SimNode
{
    private readonly SimWorld _world;
    private readonly SegmentPool _pool = new();
    private readonly SendQueue _queue;
    private readonly List<ConnectionAction> _actions = [];
    private ulong _toldIncarnation;
    private SimEnd? _attached;

    public SimNode(SimWorld world, NodeIdentity identity, uint peer)
    {
        _world = world;
        Identity = identity;
        PeerId = peer;
        _queue = new SendQueue(_pool, bytesMax: 1 << 20, keepsUntilReleased: true);
        Session = new PeerSession(_queue, messagesMax: 200);
        Connection = new PeerConnection(identity.NodeId, peer, Session, seed: identity.Incarnation * 31 + identity.NodeId);
    }

    public NodeIdentity Identity { get; }

    public uint PeerId { get; }

    public PeerSession Session { get; }

    public PeerConnection Connection { get; }

    public Dictionary<long, SimEnd> Ends { get; } = [];

    public List<long> Dials { get; } = [];

    /// <summary>Dials that were ended while under way: they end when they come to something.</summary>
    public HashSet<long> EndedDials { get; } = [];

    public SimEnd? Attached => _attached;

    public bool IsStopped { get; private set; }

    public int RentedSegments => _pool.Rented;

    /// <summary>Messages accepted for sending, ever.</summary>
    public ulong Sent { get; private set; }

    /// <summary>The first message to each incarnation of the peer.</summary>
    public Dictionary<ulong, ulong> FirstTo { get; } = [];

    /// <summary>The first message of the present session.</summary>
    public ulong FirstOfSession { get; private set; } = 1;

    /// <summary>What was received, by the sender's incarnation.</summary>
    public Dictionary<ulong, List<ulong>> Received { get; } = [];

    public void Post(ConnectionEvent e)
    {
        if (e.Kind == ConnectionEventKind.LinkEnded)
        {
            Ends.Remove(e.Link, out SimEnd? ended);
            if (ended is not null && ended == _attached) _attached = null;
        }

        _actions.Clear();
        Connection.Handle(e, _world.Now, _actions);
        foreach (ConnectionAction action in _actions.ToArray()) Execute(action);
    }

    public void Send()
    {
        byte[] body = new byte[_world.Dice.OneIn(20) ? 300 : 16];
        BitConverter.TryWriteBytes(body, Identity.Incarnation);
        BitConverter.TryWriteBytes(body.AsSpan(8), Sent + 1);
        SendResult result = Session.TrySend(1, 0, body, toIncarnation: 0);
        if (result == SendResult.Accepted) Sent++;
    }

    /// <summary>What the timer does.</summary>
    public void Tick()
    {
        if (_attached is not null && Session.IsAcknowledgeOwed) Session.DemandAcknowledge();
        if (_world.Now >= Connection.NextTick) Post(new ConnectionEvent(ConnectionEventKind.Tick));
    }

    /// <summary>What a flusher does: a send that may be short.</summary>
    public void Flush()
    {
        if (_attached is not { Ending: null, Source: { } source } end) return;

        ReadOnlySpan<byte> bytes = source.TakeFirst().Span;
        int sent = Math.Min(_world.Dice.Below(bytes.Length + 1), SimWorld.WireBytesMax - end.Other.Wire.Count);
        if (!end.Link.IsBroken) end.Other.Wire.AddRange(bytes[..sent]);
        source.Advance(sent);
    }

    private static void SendNow(SimEnd end, ReadOnlySpan<byte> frame)
    {
        if (end.Ending is null && !end.Link.IsBroken) end.Other.Wire.AddRange(frame);
    }

    /// <summary>What a reader does with the bytes of one read.</summary>
    public void Read(SimEnd end)
    {
        bool delivered = false;
        while (end.Ending is null)
        {
            byte[] bytes = [.. end.Read];
            if (!FrameParser.TryRead(bytes, CommsLimits.PeerBodyBytesMax, out MessageView frame, out FrameError error))
            {
                if (error != FrameError.None) end.Ending = new LinkEnd(LinkEndReason.ProtocolError, error);
                break;
            }

            end.Read.RemoveRange(0, frame.FrameBytes);
            delivered |= frame.Kind == FrameKind.Message;
            error = OnFrame(end, frame);
            if (error != FrameError.None) end.Ending = new LinkEnd(LinkEndReason.ProtocolError, error);
        }

        if (delivered) Session.EndBatch();
    }

    private FrameError OnFrame(SimEnd end, in MessageView frame)
    {
        switch (frame.Kind)
        {
            case FrameKind.Message or FrameKind.Goodbye when end.IsOpen:
                return Receive(frame);

            case FrameKind.Ack when end.IsOpen:
                if (!Session.TryAcknowledge(frame.Sequence)) return FrameError.AckBeyondSent;
                _world.CheckAcknowledged(this);
                if (Session.IsGoodbyeAcknowledged) Post(new ConnectionEvent(ConnectionEventKind.GoodbyeAcknowledged));
                return FrameError.None;

            case FrameKind.Hello:
                RefusalCode code = Hello.TryRead(frame.Body, out Hello? hello);
                Assert.Equal(RefusalCode.None, code);
                Assert.Equal(RefusalCode.None, hello!.Judge(Identity, id => id == PeerId));
                end.IsKnown = true;
                Ends.TryAdd(end.Id, end);
                Post(new ConnectionEvent(ConnectionEventKind.Hello, end.Id, Hello: hello));
                return FrameError.None;

            case FrameKind.Ready when end.IsKnown:
                Assert.True(Ready.TryRead(frame.Body, out Ready ready));
                Post(new ConnectionEvent(ConnectionEventKind.Ready, end.Id, Ready: ready));
                return FrameError.None;

            case FrameKind.Refusal:
                Assert.True(Refusal.TryRead(frame.Body, out RefusalCode refusal));
                if (end.IsKnown || end.Id < 0) Post(new ConnectionEvent(ConnectionEventKind.Refused, end.Id, Refusal: refusal));
                end.Ending ??= new LinkEnd(LinkEndReason.Refused, Refusal: refusal);
                return FrameError.None;

            default:
                return FrameError.KindNotAllowed;
        }
    }

    private FrameError Receive(in MessageView frame)
    {
        switch (Session.Receive(frame))
        {
            case ReceiveVerdict.Gap:
                return FrameError.SequenceGap;

            case ReceiveVerdict.Duplicate:
                Assert.Fail("A duplicate, though the numbers exchanged at the beginning of a link are exact.");
                return FrameError.None;
        }

        if (frame.Kind == FrameKind.Goodbye)
        {
            Session.PeerLeft();
            return FrameError.None;
        }

        ulong incarnation = BitConverter.ToUInt64(frame.Body);
        ulong number = BitConverter.ToUInt64(frame.Body[8..]);
        Assert.Equal(_toldIncarnation, incarnation);
        if (!Received.TryGetValue(incarnation, out List<ulong>? list)) Received.Add(incarnation, list = []);
        list.Add(number);
        _world.CheckDelivered(this, incarnation, number);
        return FrameError.None;
    }

    private void Execute(in ConnectionAction action)
    {
        Ends.TryGetValue(action.Link, out SimEnd? end);
        switch (action.Kind)
        {
            case ConnectionActionKind.Dial:
                Dials.Add(action.Link);
                break;

            case ConnectionActionKind.SendHello:
                SendNow(end!, new Hello(Identity, PeerId, action.Stamp).ToFrame());
                break;

            case ConnectionActionKind.SendReady:
                byte[] ready = new byte[Ready.FrameBytes];
                new Ready(action.Stamp, action.ReceiveNext).WriteFrame(ready);
                SendNow(end!, ready);
                break;

            case ConnectionActionKind.Refuse:
                byte[] refusal = new byte[FrameHeader.Bytes + Refusal.Bytes];
                SendNow(end!, refusal.AsSpan(0, Refusal.WriteFrame(refusal, action.Refusal)));
                end!.Ending ??= new LinkEnd(LinkEndReason.Refused, Refusal: action.Refusal);
                break;

            case ConnectionActionKind.End:
                if (end is not null) end.Ending ??= action.End;
                else EndedDials.Add(action.Link);
                break;

            case ConnectionActionKind.Open:
                Assert.True(_attached is null, "A second link is opened beside the first.");
                _toldIncarnation = action.Incarnation;
                FirstTo.TryAdd(action.Incarnation, FirstOfSession);
                end!.IsOpen = true;
                break;

            case ConnectionActionKind.Attach:
                if (end!.Ending is not null) break;
                _attached = end;
                end.Source = new FlushSource(_queue, Session);
                break;

            case ConnectionActionKind.TellReset:
                Assert.True(_attached is null, "A session is reset while its link is up.");
                Assert.True(action.Incarnation > action.OldIncarnation);
                FirstOfSession = Sent + 1;
                break;

            case ConnectionActionKind.TellStopped:
                IsStopped = true;
                break;
        }
    }
}
