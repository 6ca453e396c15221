using System.Runtime.InteropServices;
using Tyer.Comms.Frames;
using Tyer.Comms.Sending;
using Tyer.Comms.Tests.Frames;
using Tyer.Comms.Tests.Support;

namespace Tyer.Comms.Tests.Sending;

public class SendQueueTests
{
    private const int SegmentBytes = 64 * 1024;

    [Fact]
    public void Bytes_leave_in_the_order_and_form_in_which_frames_came() => Seeds.ForEach(300, dice =>
    {
        var pool = new SegmentPool();
        var queue = new SendQueue(pool, bytesMax: long.MaxValue, keepsUntilReleased: false);
        List<byte> expected = [];
        List<byte> sent = [];
        for (int step = 0; step < 60; step++)
        {
            if (dice.OneIn(2)) Append(queue, expected, (ulong)step + 1, BodyFor(dice));
            else Send(queue, sent, dice);
        }

        while (queue.PendingBytes > 0) Send(queue, sent, dice);

        AssertSame(expected, sent);
        Assert.Equal(0, pool.Rented);
        Assert.Equal(0, queue.HeldBytes);
    });

    [Fact]
    public void What_is_not_released_is_sent_again_from_the_start_of_a_frame() => Seeds.ForEach(300, dice =>
    {
        var pool = new SegmentPool();
        var queue = new SendQueue(pool, bytesMax: long.MaxValue, keepsUntilReleased: true);
        List<byte[]> frames = [];
        int released = 0;
        List<byte> onThisLink = [];
        int linkStart = 0;
        for (int step = 0; step < 100; step++)
        {
            switch (dice.Below(6))
            {
                case < 2:
                    byte[] body = BodyFor(dice);
                    frames.Add(TestFrames.Message((ulong)frames.Count + 1, body));
                    Assert.True(queue.TryAppend(new FrameHeader(body.Length, FrameKind.Message, 7, (ulong)frames.Count, 3), body));
                    break;

                case < 4:
                    Send(queue, onThisLink, dice);
                    break;

                case 4:
                    // Any number of the frames that went out whole may be acknowledged.
                    int whole = linkStart;
                    for (int bytes = onThisLink.Count; whole < frames.Count && (bytes -= frames[whole].Length) >= 0;) whole++;
                    if (whole > released) released += dice.Below(whole - released + 1);
                    Assert.True(queue.Release((ulong)released));
                    break;

                default:
                    AssertSame([.. frames.Skip(linkStart).SelectMany(frame => frame).Take(onThisLink.Count)], onThisLink);
                    queue.Rewind();
                    onThisLink.Clear();
                    linkStart = released;
                    break;
            }

            Assert.Equal(frames.Skip(released).Sum(frame => (long)frame.Length), queue.HeldBytes);
        }

        while (queue.PendingBytes > 0) Send(queue, onThisLink, dice);
        AssertSame([.. frames.Skip(linkStart).SelectMany(frame => frame)], onThisLink);
        Assert.True(queue.Release((ulong)frames.Count));
        Assert.Equal(0, pool.Rented);
    });

    [Fact]
    public void An_acknowledgement_of_what_was_not_offered_is_noticed()
    {
        var queue = new SendQueue(new SegmentPool(), bytesMax: long.MaxValue, keepsUntilReleased: true);
        Append(queue, [], 1, [1]);
        queue.TakeFirst(queue.TailOffset);
        queue.Advance(queue.PendingBytes);
        Append(queue, [], 2, [2]);

        Assert.False(queue.Release(2));
        Assert.True(queue.Release(1));
    }

    [Fact]
    public void A_cleared_queue_begins_anew()
    {
        var pool = new SegmentPool();
        var queue = new SendQueue(pool, bytesMax: long.MaxValue, keepsUntilReleased: true);
        Append(queue, [], 1, [1]);

        queue.Clear();

        Assert.Equal(0, pool.Rented);
        Assert.Equal(0, queue.PendingBytes);
        Assert.True(queue.Release(0));
        List<byte> expected = [];
        Append(queue, expected, 1, [2]);
        AssertSame(expected, [.. queue.TakeFirst(queue.TailOffset).Span]);
    }

    [Fact]
    public void Memory_that_the_kernel_may_be_reading_is_not_given_back()
    {
        var pool = new SegmentPool();
        var queue = new SendQueue(pool, bytesMax: long.MaxValue, keepsUntilReleased: true);
        Append(queue, [], 1, new byte[SegmentBytes]);
        int rented = pool.Rented;
        Assert.Equal(2, queue.Take(new IoVector[16], queue.TailOffset));

        Assert.True(queue.Release(1));
        Assert.Equal(rented, pool.Rented);

        queue.Advance(queue.PendingBytes);
        Assert.Equal(0, pool.Rented);
    }

    [Fact]
    public void A_frame_beyond_the_limit_is_turned_away_and_nothing_of_it_is_kept()
    {
        var pool = new SegmentPool();
        var queue = new SendQueue(pool, bytesMax: 100, keepsUntilReleased: false);

        Assert.False(queue.TryAppend(new FrameHeader(77, FrameKind.Message, 0, 1, 0), new byte[77]));
        Assert.Equal(0, pool.Rented);
        Assert.True(queue.TryAppend(new FrameHeader(76, FrameKind.Message, 0, 1, 0), new byte[76]));
        Assert.False(queue.TryAppend(new FrameHeader(0, FrameKind.Message, 0, 2, 0), default));
    }

    /// <summary>At memory speed, unlike the comparison of collections.</summary>
    private static void AssertSame(List<byte> expected, List<byte> actual) =>
        Assert.True(CollectionsMarshal.AsSpan(expected).SequenceEqual(CollectionsMarshal.AsSpan(actual)), "Other bytes than those appended");

    private static byte[] BodyFor(Dice dice) => dice.OneIn(4) ? dice.Bytes(dice.Below(3 * SegmentBytes)) : dice.Bytes(dice.Below(100));

    private static void Append(SendQueue queue, List<byte> expected, ulong sequence, byte[] body)
    {
        Assert.True(queue.TryAppend(new FrameHeader(body.Length, FrameKind.Message, 7, sequence, 3), body));
        expected.AddRange(TestFrames.Message(sequence, body));
    }

    /// <summary>Takes, and sends a random part, one way or the other.</summary>
    private static unsafe void Send(SendQueue queue, List<byte> sent, Dice dice)
    {
        long upTo = queue.SentOffset + dice.Below((int)queue.PendingBytes + 1);
        if (dice.OneIn(2))
        {
            ReadOnlySpan<byte> first = queue.TakeFirst(upTo).Span;
            int part = dice.Below(first.Length + 1);
            sent.AddRange(first[..part]);
            queue.Advance(part);
            return;
        }

        IoVector[] vectors = new IoVector[dice.Between(1, 5)];
        int count = queue.Take(vectors, upTo);
        int total = (int)vectors.Take(count).Sum(vector => (long)vector.Length);
        int bytes = dice.Below(total + 1);
        int remaining = bytes;
        foreach (IoVector vector in vectors.AsSpan(0, count))
        {
            int part = Math.Min(remaining, (int)vector.Length);
            sent.AddRange(new ReadOnlySpan<byte>((void*)vector.Address, part));
            remaining -= part;
        }

        queue.Advance(bytes);
    }
}
