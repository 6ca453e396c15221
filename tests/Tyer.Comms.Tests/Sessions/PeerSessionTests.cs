using Tyer.Comms.Frames;
using Tyer.Comms.Links;
using Tyer.Comms.Sending;
using Tyer.Comms.Sessions;
using Tyer.Comms.Tests.Frames;

namespace Tyer.Comms.Tests.Sessions;

public class PeerSessionTests
{
    private readonly PeerSession _session = New();
    private readonly LaneSource _source;

    public PeerSessionTests() => _source = new LaneSource(_session);

    [Fact]
    public void Before_the_peer_is_heard_of_messages_are_queued_for_whoever_comes()
    {
        Assert.Equal(SendResult.Accepted, Send());
        Assert.Equal(0ul, _session.Begin(5));
        Assert.True(Resume(next: 1));
        Assert.Equal(1, _session.UnacknowledgedMessages);
    }

    [Fact]
    public void A_message_meant_for_one_incarnation_never_reaches_another()
    {
        Assert.Equal(SendResult.Accepted, Send(to: 5));
        Assert.Equal(RefusalCode.StaleIncarnation, _session.Judge(4));

        Assert.Equal(5ul, _session.Begin(6));

        Assert.Equal(0, _session.UnacknowledgedMessages);
        Assert.Equal(0, _session.UnacknowledgedBytes);
        Assert.Equal(SendResult.Closed, Send(to: 5));
        Assert.Equal(SendResult.Accepted, Send(to: 7));
        Assert.Equal(0, _session.UnacknowledgedBytes);
        Assert.Equal(SendResult.Accepted, Send(to: 6));
    }

    [Fact]
    public void What_is_meant_for_an_incarnation_to_come_waits_for_it_in_order()
    {
        _session.Begin(5);
        Assert.Equal(SendResult.Accepted, Send(to: 5));
        for (int i = 0; i < 10; i++) Assert.Equal(SendResult.Accepted, Send(to: 7));
        Assert.Equal(SendResult.WouldBlock, Send(to: 7));
        Assert.Equal(SendResult.Closed, Send(to: 6));
        Assert.Equal(1, _session.UnacknowledgedMessages);

        _session.Begin(6);
        Assert.Equal(0, _session.UnacknowledgedMessages);
        _session.Begin(7);

        Assert.Equal(10, _session.UnacknowledgedMessages);
        Assert.True(Resume(next: 1));
    }

    [Fact]
    public void What_waits_for_an_incarnation_that_never_comes_is_dropped_with_it()
    {
        _session.Begin(5);
        Send(to: 6);
        _session.Fence(6);
        _session.Begin(7);
        Assert.Equal(0, _session.UnacknowledgedMessages);
    }

    [Fact]
    public void A_fenced_incarnation_gets_nothing_and_its_successor_does()
    {
        _session.Begin(5);
        Send();
        _session.Fence(5);
        _session.DropFenced();

        Assert.True(_session.IsFenced);
        Assert.Equal(0, _session.UnacknowledgedBytes);
        Assert.Equal(SendResult.Closed, Send());
        Assert.Equal(SendResult.Closed, Send(to: 5));
        Assert.Equal(SendResult.Accepted, Send(to: 6));
        Assert.Equal(RefusalCode.Fenced, _session.Judge(5));
        Assert.Equal(RefusalCode.None, _session.Judge(6));

        Assert.Equal(5ul, _session.Begin(6));
        Assert.Equal(1, _session.UnacknowledgedMessages);
        Assert.Equal(SendResult.Accepted, Send());
    }

    [Fact]
    public void Answers_find_room_where_others_are_turned_away_who_are_told_once_when_half_is_gone()
    {
        _session.Begin(5);
        for (int i = 0; i < 18; i++) Assert.Equal(SendResult.Accepted, Send());
        Assert.Equal(SendResult.WouldBlock, Send());
        Assert.Equal(SendResult.Accepted, Send(isReply: true));
        Assert.Equal(SendResult.Accepted, Send(isReply: true));
        Assert.Equal(SendResult.WouldBlock, Send(isReply: true));
        Resume(next: 1);
        SendAll();

        Assert.True(Acknowledge(9));
        Assert.False(_session.TakeRoom());
        Assert.True(Acknowledge(10));
        Assert.True(_session.TakeRoom());
        Assert.False(_session.TakeRoom());
    }

    [Fact]
    public void A_goodbye_finds_room_in_the_fullest_queue()
    {
        _session.Begin(5);
        while (_session.TrySend(Lanes.Lock, 0, 0, new byte[1000], 0, isReply: true) == SendResult.Accepted)
        {
        }

        Assert.True(_session.TryQueueGoodbye());
    }

    [Fact]
    public void An_acknowledgement_of_the_unsent_is_refused_and_an_old_one_is_harmless()
    {
        _session.Begin(5);
        Send();
        Send();
        Resume(next: 1);
        SendAll();
        Send();

        Assert.False(Acknowledge(3));
        Assert.False(Acknowledge(ulong.MaxValue));
        Assert.True(Acknowledge(2));
        Assert.True(Acknowledge(1));
        Assert.Equal(1, _session.UnacknowledgedMessages);
    }

    [Theory]
    [InlineData(1ul, 0ul, true)]
    [InlineData(2ul, 0ul, true)]
    [InlineData(4ul, 0ul, true)]
    [InlineData(5ul, 0ul, false)]
    [InlineData(0ul, 0ul, false)]
    [InlineData(2ul, 2ul, true)]
    [InlineData(2ul, 3ul, false)]
    public void A_session_resumes_only_where_neither_side_has_lost_anything(ulong peerReceiveNext, ulong peerAcknowledged, bool resumes)
    {
        _session.Begin(5);
        for (int i = 0; i < 3; i++) Send();
        Resume(next: 1);
        SendAll();
        Acknowledge(1);
        Receive(1);
        Receive(2);

        Assert.Equal(resumes, Resume(peerReceiveNext, peerAcknowledged));

        // What is older than what is known already takes nothing back.
        _source.Restart();
        if (resumes) Assert.Equal((3 - (long)Math.Max(1, peerReceiveNext - 1)) * FrameHeader.Bytes, _source.PendingBytes);
    }

    [Fact]
    public void Of_sequenced_frames_the_next_is_delivered_older_ones_are_dropped_and_a_gap_is_named()
    {
        Resume(next: 1);
        Assert.Equal(ReceiveVerdict.Gap, Receive(0));
        Assert.Equal(ReceiveVerdict.Gap, Receive(2));
        Assert.Equal(ReceiveVerdict.Deliver, Receive(1));
        Assert.Equal(ReceiveVerdict.Duplicate, Receive(1));
        Assert.Equal(ReceiveVerdict.Deliver, Receive(2));
        Assert.Equal(1, _session.Duplicates);
    }

    [Fact]
    public void Lanes_count_for_themselves()
    {
        _session.Begin(5);
        Send();
        _session.TrySend(Lanes.Bulk, 0, 0, default, 0, isReply: false);
        Resume(next: 1);
        SendAll();
        Assert.True(_session.TryAcknowledge(new Acknowledgement(Lanes.Bulk, 1, 0, 0)));
        Assert.Equal(1, _session.UnacknowledgedMessages);
        Assert.Equal(ReceiveVerdict.Deliver, Receive(1));
        Assert.Equal(ReceiveVerdict.Deliver, Receive(1, lane: Lanes.Bulk));
    }

    [Fact]
    public void An_acknowledgement_rides_on_messages_and_duplicates_ask_for_one()
    {
        _session.Begin(5);
        Resume(next: 1);
        Receive(1);
        Send();
        byte[] sent = SendAll();
        Assert.True(FrameParser.TryRead(sent, 100, out MessageView first, out _));
        Assert.Equal(FrameKind.Ack, first.Kind);
        Assert.Equal(1ul, first.Sequence);
        Assert.False(_session.IsAcknowledgeOwed);

        Receive(1);
        Assert.True(_session.IsAcknowledgeOwed);
    }

    [Fact]
    public void Many_messages_or_bytes_make_an_acknowledgement_due()
    {
        Resume(next: 1);
        for (ulong i = 1; i < 32; i++) Receive(i);
        Assert.False(_session.Receives[Lanes.Lock].IsDue);
        Receive(32);
        Assert.True(_session.Receives[Lanes.Lock].IsDue);

        _session.Receives[Lanes.Lock].Acknowledge();
        for (ulong i = 33; i < 36; i++) Receive(i, bytes: 50_000);
        Assert.True(_session.Receives[Lanes.Lock].IsDue);
    }

    [Fact]
    public void After_a_goodbye_on_both_lanes_nothing_more_is_taken_for_that_incarnation()
    {
        Assert.False(_session.TryQueueGoodbye());
        _session.Begin(5);
        Assert.True(_session.TryQueueGoodbye());
        Assert.Equal(SendResult.Closed, Send());
        Resume(next: 1);
        SendAll();
        Assert.True(Acknowledge(1));
        Assert.False(_session.IsGoodbyeAcknowledged);
        Assert.True(_session.TryAcknowledge(new Acknowledgement(Lanes.Bulk, 1, 0, 0)));
        Assert.True(_session.IsGoodbyeAcknowledged);

        PeerSession other = New();
        other.Begin(5);
        other.GoodbyeHeard(Lanes.Lock);
        Assert.False(other.HasPeerLeft);
        other.GoodbyeHeard(Lanes.Bulk);
        Assert.Equal(SendResult.Closed, other.TrySend(Lanes.Lock, 0, 0, default, 0, isReply: false));
        other.Begin(6);
        Assert.Equal(SendResult.Accepted, other.TrySend(Lanes.Lock, 0, 0, default, 0, isReply: false));
    }

    [Fact]
    public void A_message_is_received_no_sooner_than_it_was_allowed()
    {
        Assert.Equal(ReceiveVerdict.Overrun, Receive(1));
        Resume(next: 1);
        Assert.Equal(ReceiveVerdict.Deliver, Receive(1));
    }

    [Fact]
    public void No_more_is_sent_than_the_other_side_allows_and_the_other_lane_goes_on()
    {
        _session.Begin(5);
        for (int i = 0; i < 5; i++) Send();
        _session.TrySend(Lanes.Bulk, 0, 0, new byte[100], 0, isReply: false);
        Assert.True(_session.TryResume([new LaneMark(1, 0, 2, 4 * FrameHeader.Bytes), new LaneMark(1, 0, 10, 1 << 20)]));

        Assert.Equal((2 * FrameHeader.Bytes) + FrameHeader.Bytes + 100, SendAll().Length);
        Assert.False(_source.HasWork);

        // By messages, then by bytes.
        Assert.True(_session.TryAcknowledge(new Acknowledgement(Lanes.Lock, 2, 5, 4 * FrameHeader.Bytes)));
        Assert.True(_source.HasWork);
        Assert.Equal(2 * FrameHeader.Bytes, SendAll().Length);
        Assert.True(_session.TryAcknowledge(new Acknowledgement(Lanes.Lock, 2, 5, 1 << 20)));
        Assert.Equal(FrameHeader.Bytes, SendAll().Length);
    }

    [Fact]
    public void Lock_traffic_waits_for_no_more_than_a_little_bulk()
    {
        _session.Begin(5);
        Resume(next: 1);
        for (int i = 0; i < 4; i++) _session.TrySend(Lanes.Bulk, 0, 0, new byte[200_000], 0, isReply: false);
        ReadOnlyMemory<byte> first = _source.TakeFirst();
        Assert.InRange(first.Length, 1, CommsLimits.SegmentBytes);
        _source.Advance(first.Length);
        Send();

        long before = 0;
        while (true)
        {
            ReadOnlyMemory<byte> bytes = _source.TakeFirst();
            if (bytes.Length == FrameHeader.Bytes && FrameHeader.Read(bytes.Span).Lane == Lanes.Lock) break;
            before += bytes.Length;
            _source.Advance(bytes.Length);
        }

        Assert.InRange(before + first.Length, 1, CommsLimits.BulkBytesPerFlush + FrameHeader.Bytes);
    }

    [Fact]
    public void A_long_message_goes_in_parts_and_comes_out_whole()
    {
        PeerSession receiver = New();
        receiver.Mark(new LaneMark[Lanes.Count]);
        byte[] body = new byte[CommsLimits.PeerBodyBytesMax];
        new Random(1).NextBytes(body);
        var big = new PeerSession(new SegmentPool(), 4 << 20, messagesMax: 1000);
        big.Begin(5);
        big.TrySend(Lanes.Bulk, 7, 9, body, 0, isReply: false);
        big.TryResume([new LaneMark(1, 0, 1000, 8 << 20), new LaneMark(1, 0, 1000, 8 << 20)]);
        byte[] wire = SendAll(new LaneSource(big));

        int start = 0;
        ReceiveVerdict verdict = ReceiveVerdict.Keep;
        while (verdict == ReceiveVerdict.Keep)
        {
            Assert.True(FrameParser.TryRead(wire.AsSpan(start), CommsLimits.PeerFrameBodyBytesMax, out MessageView frame, out _));
            start += frame.FrameBytes;
            verdict = receiver.Receives[Lanes.Bulk].Receive(frame);
            if (verdict == ReceiveVerdict.Deliver) Assert.True(receiver.Receives[Lanes.Bulk].Whole(frame).SequenceEqual(body));
        }

        Assert.Equal(ReceiveVerdict.Deliver, verdict);
        Assert.Equal(wire.Length, start);
    }

    [Fact]
    public void What_was_acknowledged_over_another_path_is_not_sent_again()
    {
        _session.Begin(5);
        Resume(next: 1);
        for (int i = 0; i < 4; i++) Send();
        SendAll();
        _source.Restart();
        Assert.Equal(4 * FrameHeader.Bytes, _source.PendingBytes);
        Assert.True(Acknowledge(3));
        Assert.Equal(FrameHeader.Bytes, SendAll().Length);
        Assert.Equal(4 * FrameHeader.Bytes, _source.ResentBytes);
    }

    private static PeerSession New() => new(new SegmentPool(), bytesMax: 1 << 20, messagesMax: 20);

    private SendResult Send(ulong to = 0, bool isReply = false) => _session.TrySend(Lanes.Lock, 0, 0, default, to, isReply);

    /// <summary>The other side allows everything, and says where it stands on the lock lane; this side allows what it allows.</summary>
    private bool Resume(ulong next, ulong acknowledged = 0)
    {
        _session.Mark(new LaneMark[Lanes.Count]);
        return _session.TryResume([new LaneMark(next, acknowledged, 1 << 20, 1 << 30), new LaneMark(1, 0, 1 << 20, 1 << 30)]);
    }

    private bool Acknowledge(ulong through) => _session.TryAcknowledge(new Acknowledgement(Lanes.Lock, through, 0, 0));

    private byte[] SendAll() => SendAll(_source);

    private static byte[] SendAll(LaneSource source)
    {
        List<byte> sent = [];
        while (source.TakeFirst() is { IsEmpty: false } bytes)
        {
            sent.AddRange(bytes.Span);
            source.Advance(bytes.Length);
        }

        return [.. sent];
    }

    private ReceiveVerdict Receive(ulong sequence, int bytes = 0, byte lane = Lanes.Lock)
    {
        byte[] body = new byte[bytes];
        byte[] whole = TestFrames.Of(new FrameHeader(bytes, FrameKind.Message, 7, sequence, 3, lane), body);
        Assert.True(FrameParser.TryRead(whole, CommsLimits.PeerFrameBodyBytesMax, out MessageView frame, out _));
        return _session.Receives[lane].Receive(frame);
    }
}
