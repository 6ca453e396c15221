using Tyer.Engine.Locks;
using Tyer.Engine.Messages;

namespace Tyer.Engine.Tests.Messages;

public sealed class MessageCodecTests
{
    private const int KindOffset = 0;

    public static TheoryData<MessageKind> Kinds => [.. Enum.GetValues<MessageKind>().Where(kind => kind != MessageKind.None)];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void What_is_written_is_read(MessageKind kind)
    {
        var bytes = Write(Full(kind));

        Assert.True(MessageCodec.TryRead(bytes, out var read));

        AssertSame(Full(kind), read, MessageLayout.Of(kind)!.Value);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void What_may_be_left_out_is_read_as_absent(MessageKind kind)
    {
        var sparse = new Message { Kind = kind, Name = "r"u8 };

        Assert.True(MessageCodec.TryRead(Write(sparse), out var read));

        AssertSame(sparse, read, MessageLayout.Of(kind)!.Value);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_message_cut_short_is_none(MessageKind kind)
    {
        var bytes = Write(Full(kind));
        for (var length = 0; length < bytes.Length; length++)
            Assert.False(MessageCodec.TryRead(bytes.AsSpan(0, length), out _), $"{length} of {bytes.Length} bytes were taken for a message");
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_message_with_something_behind_it_is_none(MessageKind kind) =>
        Assert.False(MessageCodec.TryRead([.. Write(Full(kind)), 0], out _));

    [Theory]
    [MemberData(nameof(Kinds))]
    public void The_longest_message_fits(MessageKind kind) => Assert.InRange(Write(Longest(kind)).Length, 3, MessageCodec.LengthMax);

    [Fact]
    public void Other_kinds_are_none()
    {
        for (var kind = 0; kind <= byte.MaxValue; kind++)
        {
            if (Enum.IsDefined((MessageKind)kind) && kind != (int)MessageKind.None)
                continue;
            foreach (var known in Enum.GetValues<MessageKind>().Where(each => each != MessageKind.None))
            {
                var bytes = Write(Full(known));
                bytes[KindOffset] = (byte)kind;
                Assert.False(MessageCodec.TryRead(bytes, out _), $"kind {kind} was taken for a message");
            }
        }
    }

    [Fact]
    public void A_slot_beyond_the_last_is_refused()
    {
        Assert.True(MessageCodec.TryRead(Write(new Message { Kind = MessageKind.Removed, Slot = 4095, Name = "r"u8 }), out _));
        Assert.False(MessageCodec.TryRead(Write(new Message { Kind = MessageKind.Removed, Slot = 4096, Name = "r"u8 }), out _));
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(1, true)]
    [InlineData(64, true)]
    [InlineData(65, false)]
    public void A_name_has_1_to_64_bytes(int length, bool good) =>
        Assert.Equal(good, MessageCodec.TryRead(Write(new Message { Kind = MessageKind.Removed, Name = new byte[length] }), out _));

    [Fact]
    public void A_mode_is_one_of_six_or_none()
    {
        // Kind, slot, lock id and operation number stand before it.
        const int modeOffset = 1 + 2 + 8 + 4;
        for (var mode = 0; mode <= byte.MaxValue; mode++)
        {
            var bytes = Write(new Message { Kind = MessageKind.Convert, Mode = LockMode.Null });
            bytes[modeOffset] = (byte)mode;

            Assert.Equal(mode is <= 5 or 255, MessageCodec.TryRead(bytes, out var read));
            Assert.Equal(mode is <= 5 ? (LockMode)mode : null, read.Mode);
        }
    }

    [Fact]
    public void A_status_is_one_of_those_there_are()
    {
        const int statusOffset = 1 + 2 + 8 + 4;
        for (var status = 0; status <= byte.MaxValue; status++)
        {
            var bytes = Write(new Message { Kind = MessageKind.Cancel });
            bytes[statusOffset] = (byte)status;

            // Unavailable is what an owner says where no message came.
            var isSent = Enum.IsDefined((RequestStatus)status) && (RequestStatus)status != RequestStatus.Unavailable;
            Assert.Equal(isSent, MessageCodec.TryRead(bytes, out _));
        }
    }

    [Fact]
    public void A_value_has_a_state_that_there_is_or_is_absent()
    {
        // Kind, slot, lock id, operation number, flags.
        const int stateOffset = 1 + 2 + 8 + 4 + 4;
        for (var state = 0; state < byte.MaxValue; state++)
        {
            var bytes = Write(new Message { Kind = MessageKind.Unlock, ValueState = LockValueState.Valid, Value = "v"u8 });
            bytes[stateOffset] = (byte)state;

            Assert.Equal(Enum.IsDefined((LockValueState)state), MessageCodec.TryRead(bytes, out _));
        }
    }

    [Theory]
    [InlineData(Limits.ValueBytesMax, true)]
    [InlineData(Limits.ValueBytesMax + 1, false)]
    public void A_value_has_its_limit(int length, bool good)
    {
        var message = new Message { Kind = MessageKind.Unlock, ValueState = LockValueState.Valid, Value = new byte[length] };

        Assert.Equal(good, MessageCodec.TryRead(Write(message), out _));
    }

    [Theory]
    [InlineData(MessageCodec.TextMax, true)]
    [InlineData(MessageCodec.TextMax + 1, false)]
    public void Identities_and_reports_have_their_limit(int length, bool good) =>
        Assert.Equal(good, MessageCodec.TryRead(Write(new Message { Kind = MessageKind.Introduce, Text = new byte[length] }), out _));

    [Theory]
    [InlineData(MessageCodec.NoteMax, true)]
    [InlineData(MessageCodec.NoteMax + 1, false)]
    public void Notes_have_their_limit(int length, bool good)
    {
        Assert.Equal(good, MessageCodec.TryRead(Write(new Message { Kind = MessageKind.Request, Name = "r"u8, Note = new byte[length] }), out _));
    }

    [Fact]
    public void The_numbers_of_the_wire_do_not_change()
    {
        // Nodes of two versions understand each other by these.
        var kinds = string.Join(' ', Enum.GetValues<MessageKind>().Select(kind => $"{kind}={(int)kind}"));
        var statuses = string.Join(' ', Enum.GetValues<RequestStatus>().Select(status => $"{status}={(int)status}"));

        Assert.Equal(
            "None=0 Lookup=1 Master=2 Remove=3 Removed=4 Locate=5 Record=6 Recorded=7 Request=16 Convert=17 Unlock=18 Cancel=19 Orphan=20 Rebuild=21 RebuildEnd=22 RebuildKept=23 Kept=24 "
            + "Queued=32 Granted=33 Denied=34 Unlocked=35 Blocking=36 NotMaster=37 Adopted=38 Rebuilt=39 Keep=40 Discard=41 Introduce=48 Farewell=49 Expect=50 Expected=51 Moved=52 MovedNoted=53 MovedSession=54 "
            + "MovedLock=55 MovedMessage=56 Move=57 Taken=58 NewMaster=59 MoveCalledOff=60",
            kinds);
        Assert.Equal("Granted=0 Unlocked=1 Again=2 Deadlock=3 Cancelled=4 TimedOut=5 QueueFull=6 NotFound=7 NoQuorum=8 Unavailable=9", statuses);
        Assert.Equal(RequestStatus.NoQuorum, RequestStatusRange.Last); // what follows is never sent
    }

    private static Message Full(MessageKind kind) => new()
    {
        Kind = kind,
        Slot = 4095,
        Space = 0xFFFFFFFE,
        Name = "a/name"u8,
        Lock = LockId.Create(1023, 0x1234567890AB),
        Operation = 0xFEDCBA98,
        Mode = LockMode.ProtectedWrite,
        Flags = RawFlags.ValBlk | RawFlags.HeadQue | EngineCore.NotifyBlocking,
        Session = 0x89ABCDEF,
        Transaction = new Guid("00112233-4455-6677-8899-aabbccddeeff"),
        Note = "a note"u8,
        Node = 1023,
        Number = 0xFEDCBA9876543210,
        Token = new FencingToken(0x0102030405060708, 0x1112131415161718),
        Status = RequestStatus.NotFound,
        StatusFlags = StatusFlags.Demoted | StatusFlags.AlternateMode,
        ValueState = LockValueState.Invalid,
        ValueVersion = 0x2122232425262728,
        Value = "a value"u8,
        Process = -2,
        Text = "some text"u8,
        Wanted = LockMode.Exclusive,
        Facts = MessageFacts.HasLocks | MessageFacts.IsNotMaster,
        HeldFor = 0x3132333435363738,
        WaitedFor = 0x4142434445464748,
    };

    private static Message Longest(MessageKind kind) => Full(kind) with
    {
        Name = new byte[Limits.ResourceNameBytesMax],
        Note = new byte[MessageCodec.NoteMax],
        Value = new byte[Limits.ValueBytesMax],
        Text = new byte[MessageCodec.TextMax],
    };

    private static byte[] Write(in Message message)
    {
        var bytes = new byte[MessageCodec.LengthMax];
        return bytes[..MessageCodec.Write(message, bytes)];
    }

    /// <summary>The parts that the kind carries are the same; the others are absent.</summary>
    private static void AssertSame(in Message written, in Message read, MessageFields fields)
    {
        Assert.Equal(written.Kind, read.Kind);
        Assert.Equal(written.Slot, read.Slot);
        Assert.Equal(Of(MessageFields.Name, written.Space), read.Space);
        Assert.True((fields.HasFlag(MessageFields.Name) ? written.Name : []).SequenceEqual(read.Name));
        Assert.Equal(Of(MessageFields.Operation, written.Lock), read.Lock);
        Assert.Equal(Of(MessageFields.Operation, written.Operation), read.Operation);
        Assert.Equal(fields.HasFlag(MessageFields.Mode) ? written.Mode : null, read.Mode);
        Assert.Equal(Of(MessageFields.Flags, written.Flags), read.Flags);
        Assert.Equal(Of(MessageFields.Session, written.Session), read.Session);
        Assert.Equal(fields.HasFlag(MessageFields.Transaction) ? written.Transaction : null, read.Transaction);
        Assert.True((fields.HasFlag(MessageFields.Note) ? written.Note : []).SequenceEqual(read.Note));
        Assert.Equal(Of(MessageFields.Node, written.Node), read.Node);
        Assert.Equal(Of(MessageFields.Number, written.Number), read.Number);
        Assert.Equal(Of(MessageFields.Token, written.Token), read.Token);
        Assert.Equal(Of(MessageFields.Status, written.Status), read.Status);
        Assert.Equal(Of(MessageFields.Status, written.StatusFlags), read.StatusFlags);
        Assert.Equal(fields.HasFlag(MessageFields.Value) ? written.ValueState : null, read.ValueState);
        Assert.Equal(Of(MessageFields.Value, written.ValueVersion), read.ValueVersion);
        Assert.True((fields.HasFlag(MessageFields.Value) ? written.Value : []).SequenceEqual(read.Value));
        Assert.Equal(Of(MessageFields.Process, written.Process), read.Process);
        Assert.True((fields.HasFlag(MessageFields.Text) ? written.Text : []).SequenceEqual(read.Text));

        Assert.Equal(Of(MessageFields.Ages, written.HeldFor), read.HeldFor);
        Assert.Equal(Of(MessageFields.Ages, written.WaitedFor), read.WaitedFor);

        T Of<T>(MessageFields field, T value)
            where T : struct => fields.HasFlag(field) ? value : default;
    }
}
