using Tyer.Comms.Links;
using Tyer.Comms.Tests.Support;

namespace Tyer.Comms.Tests.Links;

public class ReceiveBufferTests
{
    [Fact]
    public void What_is_received_is_pending_in_order_until_consumed() => Seeds.ForEach(200, dice =>
    {
        var buffer = new ReceiveBuffer(bytesMin: 64);
        byte next = 0;
        byte expected = 0;
        for (int step = 0; step < 200; step++)
        {
            Span<byte> free = buffer.Free().Span;
            int count = dice.Between(1, Math.Min(free.Length, 100));
            for (int i = 0; i < count; i++) free[i] = next++;
            buffer.Received(count);

            int consumed = dice.Below(buffer.Pending.Length + 1);
            foreach (byte b in buffer.Pending[..consumed]) Assert.Equal(expected++, b);
            buffer.Consume(consumed);
        }
    });

    [Fact]
    public void It_grows_with_what_has_come_and_shrinks_when_empty()
    {
        var buffer = new ReceiveBuffer(bytesMin: 64);
        for (int received = 0; received < 10_000;)
        {
            int room = buffer.Free().Length;
            Assert.True(buffer.Capacity <= Math.Max(64, 2 * received), $"{buffer.Capacity} bytes held for {received} received");
            buffer.Received(room);
            received += room;
        }

        buffer.Consume(buffer.Pending.Length);
        buffer.Free();
        Assert.True(buffer.Capacity <= 128);

        buffer.Release();
        Assert.Equal(0, buffer.Capacity);
    }
}
