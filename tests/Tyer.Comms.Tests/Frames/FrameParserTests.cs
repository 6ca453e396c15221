using System.Buffers.Binary;
using Tyer.Comms.Frames;
using Tyer.Comms.Tests.Support;

namespace Tyer.Comms.Tests.Frames;

public class FrameParserTests
{
    private const int BodyMax = 1000;

    [Fact]
    public void A_frame_comes_out_as_it_went_in() => Seeds.ForEach(500, dice =>
    {
        var header = new FrameHeader(dice.Below(BodyMax + 1), FrameKind.Message, (ushort)dice.Next(), dice.Next(), (uint)dice.Next());
        byte[] body = dice.Bytes(header.Length);

        Assert.True(FrameParser.TryRead(TestFrames.Of(header, body), BodyMax, out MessageView frame, out FrameError error));

        Assert.Equal(FrameError.None, error);
        Assert.Equal(FrameKind.Message, frame.Kind);
        Assert.Equal(header.Binding, frame.Binding);
        Assert.Equal(header.Sequence, frame.Sequence);
        Assert.Equal(header.View, frame.View);
        Assert.Equal(header.FrameBytes, frame.FrameBytes);
        Assert.True(frame.Body.SequenceEqual(body));
    });

    [Fact]
    public void The_layout_on_the_wire_is_fixed()
    {
        byte[] frame = TestFrames.Message(0x0102030405060708, "123456789"u8, binding: 0x0A0B, view: 0x0C0D0E0F);

        Assert.Equal("09000000" + "10" + "00" + "0B0A" + "0807060504030201" + "0F0E0D0C", Convert.ToHexString(frame.AsSpan(0, 20)));
        Assert.Equal("123456789"u8, frame.AsSpan(24));
    }

    [Fact]
    public void The_checksum_is_the_published_castagnoli()
    {
        // The check value that every description of CRC-32C gives.
        Assert.Equal(0xE3069283, Crc32C.Of("123456789"u8, default));
        Assert.Equal(0xE3069283, Crc32C.Of("1234"u8, "56789"u8));
    }

    [Fact]
    public void A_frame_cut_at_any_byte_is_asked_for_again()
    {
        byte[] frame = TestFrames.Message(1, new Dice(1).Bytes(100));
        for (int cut = 0; cut < frame.Length; cut++)
        {
            Assert.False(FrameParser.TryRead(frame.AsSpan(0, cut), BodyMax, out _, out FrameError error));
            Assert.Equal(FrameError.None, error);
        }
    }

    [Fact]
    public void A_flipped_bit_anywhere_is_noticed()
    {
        byte[] good = TestFrames.Message(1, new Dice(1).Bytes(40));
        for (int bit = 0; bit < good.Length * 8; bit++)
        {
            byte[] bad = [.. good];
            bad[bit / 8] ^= (byte)(1 << (bit % 8));

            bool read = FrameParser.TryRead(bad, BodyMax, out _, out FrameError error);

            // A longer length asks for bytes that do not come; everything else is named.
            uint length = BinaryPrimitives.ReadUInt32LittleEndian(bad);
            if (length is > 40 and <= BodyMax) Assert.Equal(FrameError.None, error);
            else Assert.NotEqual(FrameError.None, error);
            Assert.False(read);
        }
    }

    [Theory]
    [InlineData(BodyMax + 1u)]
    [InlineData(0x7FFF_FFFFu)]
    [InlineData(0x8000_0000u)]
    [InlineData(0xFFFF_FFFFu)]
    public void A_length_over_the_limit_is_refused_by_its_own_four_bytes(uint length)
    {
        byte[] input = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(input, length);

        Assert.False(FrameParser.TryRead(input, BodyMax, out _, out FrameError error));
        Assert.Equal(FrameError.BodyTooLong, error);
    }

    [Fact]
    public void Unknown_kinds_are_refused_below_the_ignorable_ones_and_passed_from_there()
    {
        byte[] known = [1, 2, 3, 4, 8, 9, 10, 13, 16, 17];
        for (int kind = 0; kind < 256; kind++)
        {
            byte[] frame = TestFrames.Of(new FrameHeader(0, (FrameKind)kind, 0, 0, 0), default);

            bool read = FrameParser.TryRead(frame, BodyMax, out MessageView view, out FrameError error);

            bool passes = kind >= 0x80 || known.Contains((byte)kind);
            Assert.Equal(passes, read);
            Assert.Equal(passes ? FrameError.None : FrameError.UnknownKind, error);
            if (passes) Assert.Equal(kind >= 0x80, FrameKinds.IsIgnorable(view.Kind));
        }
    }

    [Fact]
    public void A_reserved_bit_is_refused()
    {
        byte[] frame = TestFrames.Message(1, default);
        frame[5] = 0x40;

        Assert.False(FrameParser.TryRead(frame, BodyMax, out _, out FrameError error));
        Assert.Equal(FrameError.ReservedBits, error);
    }

    [Fact]
    public void Random_bytes_never_pass_and_never_throw() => Seeds.ForEach(20_000, dice =>
    {
        byte[] input = dice.Bytes(dice.Below(200));
        if (dice.OneIn(2) && input.Length >= 6)
        {
            // Plausible up to the checksum, so that the deeper checks are reached too.
            BinaryPrimitives.WriteUInt32LittleEndian(input, (uint)dice.Below(input.Length));
            input[4] = (byte)FrameKind.Message;
            input[5] = 0;
        }

        Assert.False(FrameParser.TryRead(input, BodyMax, out _, out _));
    });

    [Fact]
    public void A_stream_is_cut_into_the_same_frames_however_it_arrives() => Seeds.ForEach(300, dice =>
    {
        List<byte[]> sent = [];
        for (int i = dice.Between(1, 20); i > 0; i--) sent.Add(TestFrames.RandomMessage(dice, bodyMax: 300));
        byte[] stream = [.. sent.SelectMany(frame => frame)];

        List<byte[]> received = [];
        int start = 0;
        for (int end = 0; end < stream.Length;)
        {
            end = Math.Min(stream.Length, end + dice.Between(1, 200));
            while (FrameParser.TryRead(stream.AsSpan(start..end), BodyMax, out MessageView frame, out FrameError error))
            {
                Assert.Equal(FrameError.None, error);
                received.Add(stream[start..(start + frame.FrameBytes)]);
                start += frame.FrameBytes;
            }
        }

        Assert.Equal(sent, received);
    });

    [Fact]
    public void Parsing_allocates_nothing()
    {
        byte[] frame = TestFrames.Message(1, new Dice(1).Bytes(64));

        Assert.Equal(0, Allocations.PerRound(1000, () => Assert.True(FrameParser.TryRead(frame, BodyMax, out _, out _))));
    }
}
