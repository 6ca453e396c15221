using Tyer.Comms.Frames;
using Tyer.Comms.Links;
using Tyer.Comms.Tests.Frames;
using Tyer.Comms.Tests.Support;

namespace Tyer.Comms.Tests.Fuzzing;

public class FrameFuzzTests
{
    private const int BodyMax = 4096;

    private static readonly byte[][] Corpus =
    [
        TestFrames.Message(1, []),
        TestFrames.Message(2, new Dice(1).Bytes(100)),
        TestFrames.Message(3, new Dice(2).Bytes(3000), binding: 3, view: 7),
        TestFrames.Of(new FrameHeader(0, FrameKind.Ack, 0, 9, 0), default),
        TestFrames.Of(new FrameHeader(0, FrameKind.Goodbye, 0, 10, 0), default),
        TestFrames.Of(new FrameHeader(16, FrameKind.Ready, 0, 0, 0), new byte[16]),
        TestFrames.Of(new FrameHeader(5, (FrameKind)0x90, 0, 0, 0), new byte[5]),
        TestFrames.Of(new FrameHeader(BodyMax, FrameKind.Message, 0, 4, 0), new byte[BodyMax]),
    ];

    /// <summary>
    /// Whatever comes: nothing is thrown; what is taken for a frame is one, to the byte; and how the network splits the bytes changes nothing,
    /// nor makes more memory needed than one frame and one read.
    /// </summary>
    [Fact]
    public void Bytes_of_any_kind_are_cut_into_frames_or_refused_however_they_are_split() => Assert.True(FuzzBudget.Run(dice =>
    {
        byte[] stream = [];
        for (int i = dice.Between(1, 6); i > 0; i--)
        {
            byte[] frame = Corpus[dice.Below(Corpus.Length)];
            stream = [.. stream, .. dice.Below(4) switch
            {
                0 => Mutator.Change(dice, frame, Corpus),
                1 => Mutator.ChangeFrame(dice, frame, Corpus),
                _ => frame,
            }];
        }

        (List<string> whole, FrameError error) = Read(stream, stream.Length);
        (List<string> split, FrameError splitError) = Read(stream, dice.Between(1, 100));
        Assert.Equal(whole, split);
        Assert.Equal(error, splitError);
        string all = Convert.ToHexString(stream);
        Assert.StartsWith(string.Concat(whole), all, StringComparison.Ordinal);
    }) > 100);

    /// <summary>The frames at the start of a stream, written anew, and what is wrong after them.</summary>
    private static (List<string> Frames, FrameError Error) Read(byte[] stream, int step)
    {
        List<string> frames = [];
        var buffer = new ReceiveBuffer(64);
        FrameError error = FrameError.None;
        for (int at = 0; at < stream.Length && error == FrameError.None;)
        {
            Memory<byte> free = buffer.Free();
            int count = Math.Min(Math.Min(step, free.Length), stream.Length - at);
            stream.AsMemory(at, count).CopyTo(free);
            buffer.Received(count);
            at += count;
            while (FrameParser.TryRead(buffer.Pending, BodyMax, out MessageView frame, out error))
            {
                var header = new FrameHeader(frame.Body.Length, frame.Kind, frame.Binding, frame.Sequence, frame.View);
                frames.Add(Convert.ToHexString(TestFrames.Of(header, frame.Body)));
                buffer.Consume(frame.FrameBytes);
            }

            Assert.True(buffer.Capacity <= 4 * (BodyMax + FrameHeader.Bytes), $"{buffer.Capacity} bytes of memory");
        }

        buffer.Release();
        return (frames, error);
    }
}
