using Tyer.Sessions.Wire;

namespace Tyer.Sessions.Tests.Wire;

public class RoundTripTests
{
    private readonly byte[] _bytes = new byte[WireLimits.MessageBytesMax];

    [Fact]
    public void A_hello_and_its_welcome()
    {
        Assert.Equal(WireFault.None, HelloMessage.TryRead(Written(Sample.Hello.Write(_bytes)), out var hello));
        Assert.Equal(Sample.Hello, hello);
        Assert.Equal(WireLimits.VersionMax, hello.AgreedVersion);
        Assert.Equal(WireFault.None, WelcomeMessage.TryRead(Written(Sample.Welcome.Write(_bytes)), out var welcome));
        Assert.Equal(Sample.Welcome, welcome);
    }

    [Fact]
    public void A_long_wait()
    {
        Assert.Equal(WireFault.None, WaitsLongMessage.TryRead(Written(Sample.WaitsLong.Write(_bytes)), out var told));
        Assert.Equal(Sample.WaitsLong, told);
        var wordy = Sample.WaitsLong with { Why = new string('w', 3000) };
        Assert.Equal(WireFault.None, WaitsLongMessage.TryRead(Written(wordy.Write(_bytes)), out told));
        Assert.Equal(WireLimits.ReasonBytesMax, told.Why.Length);
    }

    [Fact]
    public void A_lock()
    {
        var sent = Sample.Lock;
        Assert.Equal(WireFault.None, LockMessage.TryRead(Written(sent.Write(_bytes)), out var read));
        Assert.Equal(sent.Mode, read.Mode);
        Assert.Equal(sent.Flags, read.Flags);
        Assert.Equal(sent.Key, read.Key);
        Assert.Equal(sent.Operation, read.Operation);
        Assert.Equal(sent.Space, read.Space);
        Assert.True(read.NotifyBlocking);
        Assert.Equal(sent.Timeout, read.Timeout);
        Assert.Equal(sent.Transaction, read.Transaction);
        Assert.Equal("batch", read.Label);
        Assert.Equal("close the month", read.Purpose);
        Assert.Equal("orders/42"u8, read.Name);
    }

    [Fact]
    public void A_bare_lock_says_no_more_than_it_has_to()
    {
        var length = Sample.BareLock.Write(_bytes);
        Assert.Equal(21, length);
        Assert.Equal(WireFault.None, LockMessage.TryRead(Written(length), out var read));
        Assert.Equal(LockMode.Exclusive, read.Mode);
        Assert.False(read.NotifyBlocking);
        Assert.Null(read.Timeout);
        Assert.Null(read.Transaction);
        Assert.Null(read.Label);
        Assert.Null(read.Purpose);
        Assert.Equal("r"u8, read.Name);
    }

    [Fact]
    public void A_conversion()
    {
        var sent = Sample.Convert;
        Assert.Equal(WireFault.None, ConvertMessage.TryRead(Written(sent.Write(_bytes)), out var read));
        Assert.Equal(sent.Mode, read.Mode);
        Assert.Equal(sent.Flags, read.Flags);
        Assert.Equal(sent.Key, read.Key);
        Assert.Equal(sent.Operation, read.Operation);
        Assert.True(read.NotifyBlocking);
        Assert.Equal(sent.Timeout, read.Timeout);
        Assert.True(read.GivesValue);
        Assert.Equal("value"u8, read.Value);
        Assert.Equal(WireFault.None, ConvertMessage.TryRead(Written(Sample.BareConvert.Write(_bytes)), out read));
        Assert.False(read.GivesValue);
        Assert.Null(read.Timeout);
    }

    [Fact]
    public void An_unlock_with_a_value_of_no_bytes_still_gives_a_value()
    {
        var sent = Sample.Unlock;
        Assert.Equal(WireFault.None, UnlockMessage.TryRead(Written(sent.Write(_bytes)), out var read));
        Assert.Equal(sent.Flags, read.Flags);
        Assert.Equal(sent.Key, read.Key);
        Assert.Equal(sent.Operation, read.Operation);
        Assert.Equal("last words"u8, read.Value);
        var empty = new UnlockMessage { Key = 1, GivesValue = true };
        Assert.Equal(WireFault.None, UnlockMessage.TryRead(Written(empty.Write(_bytes)), out read));
        Assert.True(read.GivesValue);
        Assert.True(read.Value.IsEmpty);
    }

    [Fact]
    public void An_end_with_value_and_report()
    {
        var sent = Sample.Completed;
        Assert.Equal(WireFault.None, CompletedMessage.TryRead(Written(sent.Write(_bytes)), out var read));
        Assert.Equal(sent.Key, read.Key);
        Assert.Equal(sent.Operation, read.Operation);
        Assert.Equal(sent.Id, read.Id);
        Assert.Equal(sent.Kind, read.Kind);
        Assert.Equal(sent.Status, read.Status);
        Assert.Equal(sent.StatusFlags, read.StatusFlags);
        Assert.Equal(sent.Mode, read.Mode);
        Assert.Equal(sent.Token, read.Token);
        Assert.Equal(sent.ValueState, read.ValueState);
        Assert.Equal(sent.ValueVersion, read.ValueVersion);
        Assert.Equal("the value"u8, read.Value);
        Assert.Equal(3, CompletedMessage.ReadReport(read.Report)?.Position);
    }

    [Fact]
    public void An_end_that_leaves_no_lock()
    {
        Assert.Equal(WireFault.None, CompletedMessage.TryRead(Written(Sample.BareCompleted.Write(_bytes)), out var read));
        Assert.Null(read.Mode);
        Assert.Null(read.ValueState);
        Assert.True(read.Report.IsEmpty);
        Assert.Null(CompletedMessage.ReadReport(read.Report));
    }

    [Fact]
    public void A_report_of_who_was_in_the_way()
    {
        var holder = new LockEntry
        {
            Resource = (ResourceName)new byte[] { 1, 2, 0xFF },
            Id = LockId.Create(2, 5),
            Owner = OwnerCodec.Decode(Sample.Requester),
            Granted = LockMode.ProtectedRead,
            HeldFor = TimeSpan.FromTicks(12_345_678),
            Token = new FencingToken(2, 3),
        };
        var waiter = holder with { Granted = null, Requested = LockMode.Exclusive, HeldFor = null, WaitedFor = TimeSpan.Zero, Purpose = "größer", IsOrphan = true };
        var read = Reread(new WaitInformation(2, [holder, waiter], 7));
        Assert.NotNull(read);
        Assert.Equal(2, read.Position);
        Assert.Equal(7, read.HolderCount);
        Assert.Equal([holder, waiter], read.Holders);
    }

    [Fact]
    public void A_report_that_is_too_long_keeps_the_first_holders()
    {
        var holder = new LockEntry
        {
            Resource = "r", Id = LockId.Create(2, 5), Owner = new LockOwner("n", "h", 1, "p", "u", new string('x', 3000), Verified: false),
        };
        var read = Reread(new WaitInformation(1, [.. Enumerable.Repeat(holder, 8)], 8));
        Assert.Equal(8, read?.HolderCount);
        Assert.Equal([holder, holder], read?.Holders);
    }

    [Fact]
    public void A_report_that_is_damaged_is_left_out()
    {
        var holder = new LockEntry { Resource = "r", Id = LockId.Create(2, 5), Owner = OwnerCodec.Unknown };
        var length = CompletedMessage.WriteReport(new WaitInformation(1, [holder], 1), _bytes);
        for (var cut = 1; cut < length; cut++)
            Assert.True(cut == 8 || CompletedMessage.ReadReport(_bytes.AsSpan(0, cut)) is null);
    }

    [Fact]
    public void A_blocking_notice()
    {
        Assert.Equal(WireFault.None, BlockingMessage.TryRead(Written(Sample.Blocking.Write(_bytes)), out var read));
        Assert.Equal(8u, read.Key);
        Assert.Equal(LockMode.Exclusive, read.Wanted);
        Assert.Equal(TimeSpan.FromSeconds(1), read.WaitedFor);
        Assert.Equal(new LockOwner("n1", "db1", 12, "web", "app", "label", Verified: true), OwnerCodec.Decode(read.Requester));
    }

    [Fact]
    public void The_small_ones()
    {
        Assert.Equal(WireFault.None, CancelMessage.TryRead(Written(new CancelMessage(7, 8).Write(_bytes)), out var cancel));
        Assert.Equal(new CancelMessage(7, 8), cancel);
        var queued = new QueuedMessage(1, 2, LockId.Create(3, 4));
        Assert.Equal(WireFault.None, QueuedMessage.TryRead(Written(queued.Write(_bytes)), out var queuedRead));
        Assert.Equal(queued, queuedRead);
        var refused = new CallRefusedMessage(1, 2, RequestKind.Unlock, RawResult.UnknownLock);
        Assert.Equal(WireFault.None, CallRefusedMessage.TryRead(Written(refused.Write(_bytes)), out var refusedRead));
        Assert.Equal(refused, refusedRead);
        var answered = new CancelAnsweredMessage(1, 2, CancelOutcome.NotFound);
        Assert.Equal(WireFault.None, CancelAnsweredMessage.TryRead(Written(answered.Write(_bytes)), out var answeredRead));
        Assert.Equal(answered, answeredRead);
        var lost = new LockLostMessage(1, LossReason.Revoked);
        Assert.Equal(WireFault.None, LockLostMessage.TryRead(Written(lost.Write(_bytes)), out var lostRead));
        Assert.Equal(lost, lostRead);
        var ended = new SessionLostMessage(LossReason.QuorumLost);
        Assert.Equal(WireFault.None, SessionLostMessage.TryRead(Written(ended.Write(_bytes)), out var endedRead));
        Assert.Equal(ended, endedRead);
        var alive = new KeepAliveMessage(TimeSpan.FromTicks(123));
        Assert.Equal(WireFault.None, KeepAliveMessage.TryRead(Written(alive.Write(_bytes)), out var aliveRead));
        Assert.Equal(alive, aliveRead);
        var heard = new KeepAliveHeardMessage(TimeSpan.FromTicks(123), TimeSpan.MaxValue);
        Assert.Equal(WireFault.None, KeepAliveHeardMessage.TryRead(Written(heard.Write(_bytes)), out var heardRead));
        Assert.Equal(heard, heardRead);
    }

    [Fact]
    public void Lockspaces_and_orphans()
    {
        foreach (var options in (LockspaceOptions?[])[null, new LockspaceOptions { ValueSize = 0, QueueLengthMax = 7 }])
        {
            var open = new OpenLockspaceMessage(3, "orders", options);
            Assert.Equal(WireFault.None, OpenLockspaceMessage.TryRead(Written(open.Write(_bytes)), out var openRead));
            Assert.Equal(open, openRead);
        }

        var opened = new LockspaceOpenedMessage(3, 1, new LockspaceOptions { ValueSize = 1024 });
        Assert.Equal(WireFault.None, LockspaceOpenedMessage.TryRead(Written(opened.Write(_bytes)), out var openedRead));
        Assert.Equal(opened, openedRead);
        Assert.Equal(WireFault.None, CloseLockspaceMessage.TryRead(Written(new CloseLockspaceMessage(3, 4).Write(_bytes)), out var close));
        Assert.Equal(new CloseLockspaceMessage(3, 4), close);
        Assert.Equal(WireFault.None, LockspaceClosedMessage.TryRead(Written(new LockspaceClosedMessage(3).Write(_bytes)), out var closed));
        Assert.Equal(new LockspaceClosedMessage(3), closed);
        Assert.Equal(WireFault.None, PurgeMessage.TryRead(Written(new PurgeMessage(1, 2, 3, 4).Write(_bytes)), out var purge));
        Assert.Equal(new PurgeMessage(1, 2, 3, 4), purge);
        Assert.Equal(WireFault.None, PurgedMessage.TryRead(Written(new PurgedMessage(1, 2).Write(_bytes)), out var purged));
        Assert.Equal(new PurgedMessage(1, 2), purged);
    }

    [Fact]
    public void Questions_and_answers()
    {
        Assert.Equal(WireFault.None, AskMessage.TryRead(Written(Sample.Ask.Write(_bytes)), out var asked));
        Assert.Equal(QuestionKind.Revoke, asked.Question);
        Assert.Equal(3u, asked.Request);
        Assert.Equal("""{"lock":"id:1"}"""u8, asked.Json);
        Assert.Equal(WireFault.None, ForgetMessage.TryRead(Written(new ForgetMessage(9).Write(_bytes)), out var forget));
        Assert.Equal(new ForgetMessage(9), forget);
        Assert.Equal(WireFault.None, AnswerMessage.TryRead(Written(Sample.Answer.Write(_bytes)), out var answer));
        Assert.Equal(3u, answer.Request);
        Assert.True(answer.EndsDocument);
        Assert.True(answer.EndsAnswer);
        Assert.Equal("{}"u8, answer.Json);
    }

    [Fact]
    public void Every_kind_of_question_can_be_asked()
    {
        foreach (var kind in Enum.GetValues<QuestionKind>())
        {
            Assert.Equal(WireFault.None, AskMessage.TryRead(Written(new AskMessage { Question = kind, Request = 3 }.Write(_bytes)), out var asked));
            Assert.Equal(kind, asked.Question);
        }
    }

    [Fact]
    public void A_failure_is_told_as_the_exception_it_was()
    {
        Exception[] failures =
        [
            new LockRefusedException(RefusalReason.OptionsDiffer, "Opening lockspace 'x'", "it is open with other options"),
            new LockUnavailableException(UnavailableReason.NoQuorum, "Opening lockspace 'x'", "n1 sees 1 of 3 members"),
        ];
        foreach (var failure in failures)
        {
            Assert.Equal(WireFault.None, FailedMessage.TryRead(Written(FailedMessage.From(5, failure, "opening").Write(_bytes)), out var read));
            Assert.Equal(5u, read.Request);
            var told = read.ToException();
            Assert.IsType(failure.GetType(), told);
            Assert.Equal(failure.Message, told.Message);
        }
    }

    [Fact]
    public void A_bug_of_the_node_is_told_without_its_details()
    {
        var failed = FailedMessage.From(1, new InvalidOperationException("secret"), "The status");
        Assert.Equal(FailureClass.Internal, failed.Class);
        Assert.DoesNotContain("secret", failed.ToException().Message, StringComparison.Ordinal);
    }

    private WaitInformation? Reread(WaitInformation report)
    {
        var length = CompletedMessage.WriteReport(report, _bytes);
        Assert.InRange(length, 1, WireLimits.ReportBytesMax);
        return CompletedMessage.ReadReport(_bytes.AsSpan(0, length));
    }

    private ReadOnlySpan<byte> Written(int length) => _bytes.AsSpan(0, length);
}
