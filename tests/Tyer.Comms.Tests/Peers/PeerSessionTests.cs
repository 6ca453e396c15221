using Tyer.Comms.Frames;
using Tyer.Comms.Links;
using Tyer.Comms.Peers;
using Tyer.Comms.Sending;
using Tyer.Comms.Tests.Frames;

namespace Tyer.Comms.Tests.Peers;

public class PeerSessionTests
{
    private readonly SendQueue _queue = new(new SegmentPool(), bytesMax: 1 << 20, keepsUntilReleased: true);
    private readonly PeerSession _session;
    private readonly byte[] _prefix = new byte[FrameHeader.Bytes];

    public PeerSessionTests() => _session = new PeerSession(_queue, messagesMax: 10);

    [Fact]
    public void Before_the_peer_is_heard_of_messages_are_queued_for_whoever_comes()
    {
        Assert.Equal(SendResult.Accepted, Send());
        Assert.Equal(0ul, _session.Begin(5));

        Assert.True(_session.TryResume(1));
        Assert.Equal(1, _session.UnacknowledgedMessages);
    }

    [Fact]
    public void A_message_meant_for_one_incarnation_never_reaches_another()
    {
        Assert.Equal(SendResult.Accepted, Send(to: 5));
        Assert.Equal(RefusalCode.StaleIncarnation, _session.Judge(4));

        Assert.Equal(5ul, _session.Begin(6));

        Assert.Equal(0, _session.UnacknowledgedMessages);
        Assert.Equal(0, _queue.HeldBytes);
        Assert.Equal(SendResult.Closed, Send(to: 5));
        Assert.Equal(SendResult.Accepted, Send(to: 7));
        Assert.Equal(0, _queue.HeldBytes);
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
        Assert.True(_session.TryResume(1));
    }

    [Fact]
    public void What_waits_for_an_incarnation_that_never_comes_is_dropped_with_it()
    {
        _session.Begin(5);
        Send(to: 6);
        _session.Fence(6);
        _session.Begin(7);

        Assert.Equal(0, _session.UnacknowledgedMessages);
        Assert.Equal(0, _queue.HeldBytes);
    }

    [Fact]
    public void A_fenced_incarnation_gets_nothing_and_its_successor_does()
    {
        _session.Begin(5);
        Send();
        _session.Fence(5);
        _session.DropFenced();

        Assert.True(_session.IsFenced);
        Assert.Equal(0, _queue.HeldBytes);
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
    public void Beyond_the_limit_of_messages_the_sender_is_turned_away_and_told_once_when_half_are_gone()
    {
        _session.Begin(5);
        for (int i = 0; i < 10; i++) Assert.Equal(SendResult.Accepted, Send());
        Assert.Equal(SendResult.WouldBlock, Send());
        SendAll();

        Assert.True(_session.TryAcknowledge(4));
        Assert.False(_session.TakeRoom());
        Assert.True(_session.TryAcknowledge(5));
        Assert.True(_session.TakeRoom());
        Assert.False(_session.TakeRoom());
    }

    [Fact]
    public void An_acknowledgement_of_the_unsent_is_refused_and_an_old_one_is_harmless()
    {
        _session.Begin(5);
        Send();
        Send();
        SendAll();
        Send();

        Assert.False(_session.TryAcknowledge(3));
        Assert.False(_session.TryAcknowledge(ulong.MaxValue));
        Assert.True(_session.TryAcknowledge(2));
        Assert.True(_session.TryAcknowledge(1));
        Assert.Equal(1, _session.UnacknowledgedMessages);
    }

    [Theory]
    [InlineData(2ul, true)]
    [InlineData(3ul, true)]
    [InlineData(4ul, true)]
    [InlineData(1ul, false)]
    [InlineData(5ul, false)]
    [InlineData(0ul, false)]
    public void A_session_resumes_only_between_what_was_acknowledged_and_what_was_sent(ulong peerReceiveNext, bool resumes)
    {
        _session.Begin(5);
        for (int i = 0; i < 3; i++) Send();
        SendAll();
        Assert.True(_session.TryAcknowledge(1));

        Assert.Equal(resumes, _session.TryResume(peerReceiveNext));

        if (resumes) Assert.Equal((4 - (long)peerReceiveNext) * FrameHeader.Bytes, _queue.PendingBytes);
    }

    [Fact]
    public void Of_sequenced_frames_the_next_is_delivered_older_ones_are_dropped_and_a_gap_is_named()
    {
        Assert.Equal(ReceiveVerdict.Gap, Receive(0));
        Assert.Equal(ReceiveVerdict.Gap, Receive(2));
        Assert.Equal(ReceiveVerdict.Deliver, Receive(1));
        Assert.Equal(ReceiveVerdict.Duplicate, Receive(1));
        Assert.Equal(ReceiveVerdict.Deliver, Receive(2));
        Assert.Equal(1, _session.Duplicates);
    }

    [Fact]
    public void An_acknowledgement_rides_on_messages_and_goes_alone_only_when_demanded()
    {
        Assert.Equal(0, _session.WritePrefix(_prefix, hasFrames: true));
        Receive(1);
        Assert.Equal(0, _session.WritePrefix(_prefix, hasFrames: false));

        Assert.Equal(FrameHeader.Bytes, _session.WritePrefix(_prefix, hasFrames: true));
        Assert.Equal(new FrameHeader(0, FrameKind.Ack, 0, 1, 0), FrameHeader.Read(_prefix));
        Assert.Equal(0, _session.WritePrefix(_prefix, hasFrames: true));

        Receive(2);
        _session.DemandAcknowledge();
        Assert.Equal(FrameHeader.Bytes, _session.WritePrefix(_prefix, hasFrames: false));
        Assert.False(_session.IsDemanded);
    }

    [Fact]
    public void Many_messages_or_bytes_demand_their_acknowledgement()
    {
        for (ulong i = 1; i < 32; i++) Receive(i);
        _session.EndBatch();
        Assert.False(_session.IsDemanded);
        Receive(32);
        _session.EndBatch();
        Assert.True(_session.IsDemanded);

        _session.WritePrefix(_prefix, hasFrames: false);
        Receive(33, bytes: 128 * 1024);
        _session.EndBatch();
        Assert.True(_session.IsDemanded);
    }

    [Fact]
    public void After_a_goodbye_of_either_side_nothing_more_is_taken_for_that_incarnation()
    {
        Assert.False(_session.TryQueueGoodbye());
        _session.Begin(5);
        Assert.True(_session.TryQueueGoodbye());
        Assert.Equal(SendResult.Closed, Send());
        SendAll();
        Assert.False(_session.IsGoodbyeAcknowledged);
        Assert.True(_session.TryAcknowledge(1));
        Assert.True(_session.IsGoodbyeAcknowledged);

        var other = new PeerSession(new SendQueue(new SegmentPool(), 1 << 20, keepsUntilReleased: true), messagesMax: 10);
        other.Begin(5);
        other.PeerLeft();
        Assert.Equal(SendResult.Closed, other.TrySend(0, 0, default, 0));
        other.Begin(6);
        Assert.Equal(SendResult.Accepted, other.TrySend(0, 0, default, 0));
    }

    private SendResult Send(ulong to = 0) => _session.TrySend(0, 0, default, to);

    private void SendAll()
    {
        var source = new FlushSource(_queue, prefix: null);
        while (source.TakeFirst() is { IsEmpty: false } bytes) source.Advance(bytes.Length);
    }

    private ReceiveVerdict Receive(ulong sequence, int bytes = 0)
    {
        Assert.True(FrameParser.TryRead(TestFrames.Message(sequence, new byte[bytes]), CommsLimits.PeerBodyBytesMax, out MessageView frame, out _));
        return _session.Receive(frame);
    }
}
