using Tyer.Sessions.Wire;

namespace Tyer.Sessions.Tests.Wire;

internal delegate WireFault WireRead(ReadOnlySpan<byte> message);

/// <summary>One good message of each sort: the bytes, how they are read, and up to where each byte must be there.</summary>
internal sealed record Sample(string Name, byte[] Bytes, WireRead Read, int FixedBytes, int RestMax)
{
    internal static readonly HelloMessage Hello = new()
    {
        VersionMin = 1,
        VersionMax = 1,
        ProcessId = 4711,
        SessionTimeout = TimeSpan.FromSeconds(7),
        Host = "db1",
        ProcessName = "billing",
        User = "app",
        Label = "nächtlich",
        Version = "0.1.0",
    };

    internal static readonly WelcomeMessage Welcome = new()
    {
        Version = 1,
        NodeId = 3,
        Incarnation = 1_700_000_000_000,
        Session = 9,
        SessionTimeout = TimeSpan.FromSeconds(10),
        Margin = TimeSpan.FromMilliseconds(250),
        SafeFor = TimeSpan.MaxValue,
        Node = "n3",
        Cluster = "tyer",
        NodeVersion = "0.1.0",
    };

    internal static readonly FailedMessage Failed = new()
    {
        Class = FailureClass.Refused, Reason = (byte)RefusalReason.OptionsDiffer, Request = 5, What = "Opening lockspace 'x'", Detail = "it is open with others",
    };

    internal static readonly Guid Transaction = new("7f3a5e7c-5df1-4bb6-9a3c-9b0f0a1f2e3d");

    internal static IReadOnlyList<Sample> All { get; } =
    [
        Whole("hello", HelloMessage.BytesMax, Hello.Write, m => HelloMessage.TryRead(m, out _)),
        Whole("welcome", WelcomeMessage.BytesMax, Welcome.Write, m => WelcomeMessage.TryRead(m, out _)),
        Whole("failed", FailedMessage.BytesMax, Failed.Write, m => FailedMessage.TryRead(m, out _)),
        Whole("lock", WireLimits.CallBytesMax, b => Lock.Write(b), m => LockMessage.TryRead(m, out _)),
        Whole("bare lock", WireLimits.CallBytesMax, b => BareLock.Write(b), m => LockMessage.TryRead(m, out _)),
        Open("convert", 24, Limits.ValueBytesMax, b => Convert.Write(b), m => ConvertMessage.TryRead(m, out _)),
        Whole("bare convert", WireLimits.CallBytesMax, b => BareConvert.Write(b), m => ConvertMessage.TryRead(m, out _)),
        Open("unlock", 16, Limits.ValueBytesMax, b => Unlock.Write(b), m => UnlockMessage.TryRead(m, out _)),
        Whole("bare unlock", WireLimits.CallBytesMax, b => BareUnlock.Write(b), m => UnlockMessage.TryRead(m, out _)),
        Whole("cancel", 64, new CancelMessage(7, 8).Write, m => CancelMessage.TryRead(m, out _)),
        Whole("completed", CompletedMessage.BytesMax, b => Completed.Write(b), m => CompletedMessage.TryRead(m, out _)),
        Whole("bare completed", CompletedMessage.BytesMax, b => BareCompleted.Write(b), m => CompletedMessage.TryRead(m, out _)),
        Whole("queued", 64, new QueuedMessage(1, 2, LockId.Create(3, 4)).Write, m => QueuedMessage.TryRead(m, out _)),
        Whole("call refused", 64, new CallRefusedMessage(1, 2, RequestKind.Convert, RawResult.Busy).Write, m => CallRefusedMessage.TryRead(m, out _)),
        Whole("cancel answered", 64, new CancelAnsweredMessage(1, 2, CancelOutcome.AlreadyGranted).Write, m => CancelAnsweredMessage.TryRead(m, out _)),
        Open("blocking", 16, 2048, b => Blocking.Write(b), m => BlockingMessage.TryRead(m, out _)),
        Whole("waits long", WaitsLongMessage.BytesMax, WaitsLong.Write, m => WaitsLongMessage.TryRead(m, out _)),
        Whole("lock lost", 64, new LockLostMessage(1, LossReason.Revoked).Write, m => LockLostMessage.TryRead(m, out _)),
        Whole("session lost", 64, new SessionLostMessage(LossReason.NodeStopped).Write, m => SessionLostMessage.TryRead(m, out _)),
        Whole("keep-alive", 64, new KeepAliveMessage(TimeSpan.FromHours(3)).Write, m => KeepAliveMessage.TryRead(m, out _)),
        Whole("keep-alive heard", 64, new KeepAliveHeardMessage(TimeSpan.FromHours(3), TimeSpan.FromSeconds(9)).Write, m => KeepAliveHeardMessage.TryRead(m, out _)),
        Whole("open", OpenLockspaceMessage.BytesMax, new OpenLockspaceMessage(1, "orders", new LockspaceOptions { ValueSize = 128 }).Write, m => OpenLockspaceMessage.TryRead(m, out _)),
        Whole("opened", 64, new LockspaceOpenedMessage(1, 2, new LockspaceOptions()).Write, m => LockspaceOpenedMessage.TryRead(m, out _)),
        Whole("close", 64, new CloseLockspaceMessage(1, 2).Write, m => CloseLockspaceMessage.TryRead(m, out _)),
        Whole("closed", 64, new LockspaceClosedMessage(1).Write, m => LockspaceClosedMessage.TryRead(m, out _)),
        Whole("purge", 64, new PurgeMessage(1, 2, 3, 4).Write, m => PurgeMessage.TryRead(m, out _)),
        Whole("purged", 64, new PurgedMessage(1, 2).Write, m => PurgedMessage.TryRead(m, out _)),
        Open("ask", 8, WireLimits.QuestionBytesMax, b => Ask.Write(b), m => AskMessage.TryRead(m, out _)),
        Whole("forget", 64, new ForgetMessage(1).Write, m => ForgetMessage.TryRead(m, out _)),
        Open("answer", 8, WireLimits.FragmentBytesMax, b => Answer.Write(b), m => AnswerMessage.TryRead(m, out _)),
    ];

    internal static LockMessage Lock => new()
    {
        Mode = LockMode.ProtectedWrite,
        Flags = RawFlags.ValBlk | RawFlags.Timeout,
        Key = 0x01020304,
        Operation = 0x05060708,
        Space = 9,
        NotifyBlocking = true,
        Timeout = TimeSpan.FromMilliseconds(1500),
        Transaction = Transaction,
        Label = "batch",
        Purpose = "close the month",
        Name = "orders/42"u8,
    };

    internal static LockMessage BareLock => new() { Mode = LockMode.Exclusive, Key = 1, Operation = 1, Space = 1, Name = "r"u8 };

    internal static ConvertMessage Convert => new()
    {
        Mode = LockMode.ProtectedRead,
        Flags = RawFlags.Convert | RawFlags.ValBlk | RawFlags.Timeout,
        Key = 3,
        Operation = 4,
        NotifyBlocking = true,
        Timeout = TimeSpan.FromSeconds(2),
        GivesValue = true,
        Value = "value"u8,
    };

    internal static ConvertMessage BareConvert => new() { Mode = LockMode.Null, Flags = RawFlags.Convert, Key = 3, Operation = 4 };

    internal static UnlockMessage Unlock => new() { Flags = RawFlags.ForceUnlock | RawFlags.ValBlk, Key = 5, Operation = 6, GivesValue = true, Value = "last words"u8 };

    internal static UnlockMessage BareUnlock => new() { Flags = RawFlags.ForceUnlock, Key = 5, Operation = 6 };

    internal static CompletedMessage Completed => new()
    {
        Key = 1,
        Operation = 2,
        Id = LockId.Create(3, 77),
        Kind = RequestKind.Convert,
        Status = RawStatus.TimedOut,
        StatusFlags = RawStatusFlags.Demoted,
        Mode = LockMode.ConcurrentWrite,
        Token = new FencingToken(7, 1042),
        ValueState = LockValueState.Invalid,
        ValueVersion = 12,
        Value = "the value"u8,
        Report = new byte[] { 3, 0, 0, 0, 0, 0, 0, 0 },
    };

    internal static CompletedMessage BareCompleted => new() { Key = 1, Operation = 2, Kind = RequestKind.Unlock, Status = RawStatus.Unlocked };

    internal static BlockingMessage Blocking => new()
    {
        Key = 8, Wanted = LockMode.Exclusive, WaitedFor = TimeSpan.FromSeconds(1), Requester = Requester,
    };

    internal static readonly WaitsLongMessage WaitsLong = new(8, 9, TimeSpan.FromSeconds(30), "place 2 in the queue; root blocker: EX held for 1 h by cron");

    internal static byte[] Requester { get; } = OwnerCodec.Encode(new LockOwner("n1", "db1", 12, "web", "app", "label", Verified: true));

    internal static AskMessage Ask => new() { Question = QuestionKind.Revoke, Request = 3, Json = """{"lock":"id:1"}"""u8 };

    internal static AnswerMessage Answer => new() { Request = 3, EndsDocument = true, EndsAnswer = true, Json = "{}"u8 };

    public override string ToString() => Name;

    /// <summary>A message whose length follows from what it says.</summary>
    private static Sample Whole(string name, int max, SpanWrite write, WireRead read)
    {
        var bytes = BytesOf(max, write);
        return new Sample(name, bytes, read, bytes.Length, 0);
    }

    /// <summary>A message that ends with bytes of any number.</summary>
    private static Sample Open(string name, int fixedBytes, int restMax, SpanWrite write, WireRead read) =>
        new(name, BytesOf(WireLimits.MessageBytesMax, write), read, fixedBytes, restMax);

    private static byte[] BytesOf(int max, SpanWrite write)
    {
        var buffer = new byte[max];
        return buffer[..write(buffer)];
    }

    private delegate int SpanWrite(Span<byte> destination);
}
