using Tyer.Comms.Frames;
using Tyer.Comms.Tests.Support;

namespace Tyer.Comms.Tests.Chaos;

/// <summary>What a wrong implementation would do, seen from the wire.</summary>
internal enum ChaosMistake
{
    None,

    /// <summary>Reads every frame, and writes it as it was.</summary>
    ChangesNothing,

    /// <summary>Acknowledges one more message than it has.</summary>
    AcknowledgesTooMuch,

    /// <summary>Acknowledges nothing on the control stream.</summary>
    ForgetsLoneAcknowledgements,

    /// <summary>Never allows more than at first.</summary>
    ForgetsCredit,

    /// <summary>Leaves a message out and numbers the following ones on.</summary>
    LeavesOutAMessage,

    /// <summary>Sends a message twice under two numbers.</summary>
    SendsTwice,

    /// <summary>Puts a message onto the other lane.</summary>
    MixesLanes,

    /// <summary>Answers no ping.</summary>
    AnswersNoPing,

    /// <summary>Says when ready that it has received one message more than it has.</summary>
    ResumesTooFar,

    /// <summary>Says a stamp that does not grow.</summary>
    ForgetsStamps,

    /// <summary>Sends the last part of a long message as if it were all of it.</summary>
    ForgetsFragments,

    /// <summary>Sends what is in one message under the number of the next, and the other way round.</summary>
    SwapsMessages,

    /// <summary>Opens data links under no control link's stamp.</summary>
    ForgetsAttempts,
}

/// <summary>Makes a mistake in what all nodes say: frames are read, changed, and written with a good checksum.</summary>
internal sealed class ChaosTamperer(ChaosMistake mistake, Dice dice)
{
    private sealed class Stream
    {
        public List<byte> Pending { get; } = [];

        public Dictionary<byte, long> Shift { get; } = [];

        public byte[]? Kept { get; set; }
    }

    private readonly Dictionary<List<byte>, Stream> _streams = [];

    /// <summary>Passes bytes on into <paramref name="wire"/>, changed or not.</summary>
    public void Pass(List<byte> bytes, List<byte> wire)
    {
        if (!_streams.TryGetValue(wire, out Stream? stream)) _streams.Add(wire, stream = new Stream());
        stream.Pending.AddRange(bytes);
        while (FrameParser.TryRead(stream.Pending.ToArray(), CommsLimits.PeerBodyBytesMax, out MessageView frame, out _))
        {
            byte[] body = frame.Body.ToArray();
            var header = new FrameHeader(body.Length, frame.Kind, frame.Binding, frame.Sequence, frame.View, frame.Lane);
            stream.Pending.RemoveRange(0, frame.FrameBytes);
            Change(stream, header, body, wire);
        }
    }

    private void Change(Stream stream, FrameHeader header, byte[] body, List<byte> wire)
    {
        bool isMessage = FrameKinds.IsSequenced(header.Kind);
        if (isMessage && stream.Shift.TryGetValue(header.Lane, out long shift)) header = header with { Sequence = header.Sequence + (ulong)shift };
        switch (mistake)
        {
            case ChaosMistake.AcknowledgesTooMuch when header.Kind == FrameKind.Ack && dice.OneIn(4):
                header = header with { Sequence = header.Sequence + 1 };
                break;

            case ChaosMistake.ForgetsLoneAcknowledgements when header.Kind == FrameKind.Ack:
                return;

            case ChaosMistake.ForgetsCredit when header.Kind == FrameKind.Ack:
                Array.Clear(body);
                break;

            case ChaosMistake.ForgetsCredit when header.Kind == FrameKind.Ready:
                BitConverter.TryWriteBytes(body.AsSpan(24), 5UL);
                break;

            case ChaosMistake.LeavesOutAMessage when header.Kind == FrameKind.Message && dice.OneIn(20):
                stream.Shift[header.Lane] = stream.Shift.GetValueOrDefault(header.Lane) - 1;
                return;

            case ChaosMistake.SendsTwice when header.Kind == FrameKind.Message && dice.OneIn(20):
                stream.Shift[header.Lane] = stream.Shift.GetValueOrDefault(header.Lane) + 1;
                Write(header, body, wire);
                header = header with { Sequence = header.Sequence + 1 };
                break;

            case ChaosMistake.MixesLanes when header.Kind == FrameKind.Message && dice.OneIn(10):
                header = header with { Lane = (byte)(1 - header.Lane) };
                break;

            case ChaosMistake.AnswersNoPing when header.Kind == FrameKind.Pong:
                return;

            case ChaosMistake.ResumesTooFar when header.Kind == FrameKind.Ready && BitConverter.ToUInt64(body, 8) > 1:
                BitConverter.TryWriteBytes(body.AsSpan(8), BitConverter.ToUInt64(body, 8) + 1);
                break;

            case ChaosMistake.ForgetsStamps when header.Kind is FrameKind.Hello:
                BitConverter.TryWriteBytes(body.AsSpan(48), 1UL);
                break;

            case ChaosMistake.ForgetsFragments when header.Kind == FrameKind.Fragment:
                header = header with { Kind = FrameKind.Message };
                break;

            case ChaosMistake.SwapsMessages when header.Kind == FrameKind.Message:
                if (stream.Kept is { } kept && kept.Length == body.Length)
                {
                    (body, stream.Kept) = (kept, body);
                }
                else
                {
                    stream.Kept ??= body;
                }

                break;

            case ChaosMistake.ForgetsAttempts when header.Kind == FrameKind.Hello && body[12] == 1:
                BitConverter.TryWriteBytes(body.AsSpan(56), 0UL);
                break;
        }

        Write(header, body, wire);
    }

    private static void Write(FrameHeader header, byte[] body, List<byte> wire)
    {
        byte[] frame = new byte[header.FrameBytes];
        header.Write(frame, body);
        body.CopyTo(frame, FrameHeader.Bytes);
        wire.AddRange(frame);
    }
}
