namespace Tyer.Tests;

/// <summary>The message alone must let a reader act, so the messages are written out here as the reader meets them.</summary>
public class ExceptionMessageTests
{
    private static readonly LockAttempt Exclusive42 = new("shop", "orders/42", LockMode.Exclusive);

    private static readonly LockOwner Web = new("n1", "db1", 4711, "web", "app", "nightly", Verified: true);

    private static readonly LockOwner Batch = new("n2", "db2", 99, "batch", "root", Label: null, Verified: false);

    private static readonly LockEntry WebHolds = new()
    {
        Resource = "orders/42",
        Id = LockId.Create(1, 42),
        Owner = Web,
        Granted = LockMode.Exclusive,
        HeldFor = TimeSpan.FromSeconds(12.34),
        Token = new FencingToken(7, 1042),
        Purpose = "invoices",
    };

    private static readonly LockEntry BatchHolds = new()
    {
        Resource = "orders/43",
        Id = LockId.Create(2, 7),
        Owner = Batch,
        Granted = LockMode.ProtectedRead,
        HeldFor = TimeSpan.FromMinutes(3),
    };

    [Fact]
    public void A_waiter_is_told_who_holds_and_what_to_do()
    {
        var e = new LockTimeoutException(Exclusive42, TimeSpan.FromSeconds(2), [WebHolds], queuePosition: 3, rootBlocker: BatchHolds);
        Assert.Equal(
            "TYER-BUSY: EX on 'orders/42' in lockspace 'shop' was not granted within 2 s. "
            + "In the way: EX held for 12.3 s by web 'nightly' (pid 4711 on db1, user app, node n1) for 'invoices', id:4000000000002a, token 7.1042. "
            + "Place in the queue: 3. "
            + "At the root, on 'orders/43': PR held for 3 min 0 s by batch (pid 99 on db2, user root, node n2, unverified), id:80000000000007. "
            + "Wait longer, try again, or look at whoever holds it. (docs/errors/TYER-BUSY.md)",
            e.Message);
        Assert.Equal("TYER-BUSY", e.Code);
        Assert.Equal(Exclusive42, e.Attempt);
        Assert.Equal(TimeSpan.FromSeconds(2), e.Waited);
        Assert.Equal([WebHolds], e.Holders);
        Assert.Equal(1, e.HolderCount);
        Assert.Equal(3, e.QueuePosition);
        Assert.Equal(BatchHolds, e.RootBlocker);
        Assert.Null(e.HeldUpBy);
    }

    [Fact]
    public void A_single_holder_who_is_the_root_is_told_once()
    {
        string message = new LockTimeoutException(Exclusive42, TimeSpan.FromSeconds(2), [WebHolds], rootBlocker: WebHolds).Message;
        Assert.DoesNotContain("At the root", message, StringComparison.Ordinal);
        Assert.Contains("In the way: EX held", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_many_holders_three_are_told_and_the_rest_are_counted()
    {
        LockEntry[] holders = [.. Enumerable.Range(1, 5).Select(i => BatchHolds with { Id = LockId.Create(2, (ulong)i) })];
        var e = new LockTimeoutException(Exclusive42, TimeSpan.FromSeconds(2), holders, holderCount: 50);
        Assert.Contains("id:80000000000003. And 47 more.", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("id:80000000000004", e.Message, StringComparison.Ordinal);
        Assert.Equal(50, e.HolderCount);
        Assert.Equal(5, e.Holders.Count);
    }

    [Fact]
    public void The_root_among_several_holders_is_told_apart()
    {
        string message = new LockTimeoutException(
            Exclusive42, TimeSpan.FromSeconds(2), [WebHolds], rootBlocker: WebHolds, holderCount: 2).Message;
        Assert.Contains("And 1 more. At the root, on 'orders/42': EX held for 12.3 s by web", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_request_that_was_not_to_wait_says_so()
    {
        string message = new LockTimeoutException(Exclusive42, TimeSpan.Zero, []).Message;
        Assert.StartsWith(
            "TYER-BUSY: EX on 'orders/42' in lockspace 'shop' was not granted at once, and was not to wait. Wait longer",
            message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_recovery_in_the_way_is_named()
    {
        const string reason = "the recovery of view 8, which waits for the proof that n2 is fenced";
        string message = new LockTimeoutException(Exclusive42, TimeSpan.FromSeconds(9), [], heldUpBy: reason).Message;
        Assert.Contains($"The resource is held up by {reason}.", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_conversion_tells_both_modes()
    {
        string message = new LockTimeoutException(Exclusive42 with { Held = LockMode.ProtectedRead }, TimeSpan.FromSeconds(2), []).Message;
        Assert.StartsWith(
            "TYER-BUSY: the conversion PR to EX on 'orders/42' in lockspace 'shop' was not granted", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_deadlock_victim_is_told_the_whole_cycle()
    {
        LockEntry first = new()
        {
            Resource = "orders/42",
            Id = WebHolds.Id,
            Owner = Web,
            Requested = LockMode.Exclusive,
            WaitedFor = TimeSpan.FromSeconds(1),
        };
        LockEntry second = BatchHolds with { Requested = LockMode.Exclusive, WaitedFor = TimeSpan.FromMilliseconds(900) };
        var e = new DeadlockException(Exclusive42, [first, second]);
        Assert.Equal(
            "TYER-DEADLOCK: EX on 'orders/42' in lockspace 'shop' was given up, because 2 waited for each other. "
            + "1. On 'orders/42': EX wanted for 1 s by web 'nightly' (pid 4711 on db1, user app, node n1), id:4000000000002a; waits for 2. "
            + "2. On 'orders/43': PR held for 3 min 0 s, EX wanted for 900 ms by batch (pid 99 on db2, user root, node n2, unverified), id:80000000000007; waits for 1. "
            + "Release what you hold and begin again; take locks in one order everywhere to avoid this. (docs/errors/TYER-DEADLOCK.md)",
            e.Message);
        Assert.Equal([first, second], e.Cycle);
    }

    [Fact]
    public void A_refusal_tells_its_reason_and_detail()
    {
        var e = new LockRefusedException(
            RefusalReason.LimitReached, Exclusive42.ToString(), "the session has 100000 locks here, which is LocksPerSessionMax");
        Assert.Equal(
            "TYER-REFUSED: EX on 'orders/42' in lockspace 'shop' was refused (a limit is reached): "
            + "the session has 100000 locks here, which is LocksPerSessionMax. (docs/errors/TYER-REFUSED.md)",
            e.Message);
        Assert.Equal(RefusalReason.LimitReached, e.Reason);
    }

    [Fact]
    public void Nobody_to_decide_is_told_with_the_cause()
    {
        var cause = new IOException("refused");
        var e = new LockUnavailableException(
            UnavailableReason.Unreachable, "connecting to unix:/run/tyer/tyerd.sock", "nothing listens there", cause);
        Assert.Equal(
            "TYER-UNAVAILABLE: connecting to unix:/run/tyer/tyerd.sock failed (unreachable): nothing listens there. "
            + "(docs/errors/TYER-UNAVAILABLE.md)",
            e.Message);
        Assert.Same(cause, e.InnerException);
        Assert.Equal(UnavailableReason.Unreachable, e.Reason);
    }

    [Fact]
    public void An_unknown_outcome_has_the_request_to_look_for()
    {
        var id = new RequestId(LockId.Create(1, 42), 3);
        var e = new OutcomeUnknownException(id, "the release of EX on 'orders/42' with a value", "the connection broke before the answer");
        Assert.StartsWith(
            "TYER-UNKNOWN: the release of EX on 'orders/42' with a value may or may not have happened: "
            + "the connection broke before the answer. Request id:4000000000002a/3. ",
            e.Message, StringComparison.Ordinal);
        Assert.Equal(id, e.RequestId);
    }

    [Fact]
    public void A_loss_tells_which_lock_and_why()
    {
        var e = new LockLostException(
            "orders/42", LockMode.Exclusive, LockId.Create(1, 42), new FencingToken(7, 1042), LossReason.SessionExpired);
        Assert.Equal(
            "TYER-LOST: EX on 'orders/42' (id:4000000000002a, token 7.1042) was lost: the session was not renewed in time. "
            + "Stop what it protects; lock again to go on. (docs/errors/TYER-LOST.md)",
            e.Message);
        Assert.Equal(LossReason.SessionExpired, e.Reason);
    }

    [Fact]
    public void Every_reason_reads_as_words()
    {
        All<LossReason>(reason => new LockLostException("a", LockMode.Null, default, default, reason));
        All<RefusalReason>(reason => new LockRefusedException(reason, "x", "y"));
        All<UnavailableReason>(reason => new LockUnavailableException(reason, "x", "y"));

        static void All<T>(Func<T, TyerException> make)
            where T : struct, Enum
        {
            // A reason that nobody put into words prints as its identifier.
            foreach (T reason in Enum.GetValues<T>())
                Assert.DoesNotMatch($@"\b{reason}\b", make(reason).Message);
        }
    }

    [Fact]
    public void What_strangers_call_themselves_cannot_play_with_the_terminal()
    {
        LockOwner evil = Web with { ProcessName = "web\u001b[2J", Label = "\u202eylthgin", User = "a\nb", Host = "h\0", Node = "n\t" };
        Assert.Equal(@"web\x1b[2J '\xe2\x80\xaeylthgin' (pid 4711 on h\x00, user a\x0ab, node n\x09)", evil.ToString());
    }

    [Fact]
    public void An_orphan_is_nobodys() =>
        Assert.StartsWith(
            "EX held for 12.3 s by nobody any more, left by web ", (WebHolds with { IsOrphan = true }).ToString(), StringComparison.Ordinal);

    [Fact]
    public void A_broken_invariant_names_the_rule()
    {
        Invariant.Check(true, "two and two are four");
        var e = Assert.Throws<InvariantBrokenException>(() => Invariant.Check(false, "a lock that ends is on no queue"));
        Assert.Equal("a lock that ends is on no queue", e.Rule);
        Assert.StartsWith(
            "TYER-INVARIANT: A rule was broken that no input may break: a lock that ends is on no queue. ", e.Message, StringComparison.Ordinal);
    }
}
