using Tyer.Client.Connections;
using Tyer.Comms.Sending;
using Tyer.Sessions;
using Tyer.Sessions.Wire;

namespace Tyer.Client.Tests.Connections;

/// <summary>What a real connection does only by bad luck: answers that come too late, a wire that takes nothing.</summary>
public class SessionLocksTests
{
    private readonly Wire _wire = new();
    private readonly SessionLocks _locks;
    private readonly OpenSpace _space = new(1, new LockspaceOptions());

    public SessionLocksTests() => _locks = new SessionLocks(_wire);

    [Fact]
    public void A_grant_that_arrives_after_the_deadline_is_not_given_to_anybody()
    {
        var told = new Told();
        Assert.Equal(RawResult.Accepted, _locks.Lock(_space, told, default));
        _wire.IsOverdue = true;
        _locks.OnCompleted(new CompletedMessage { Key = told.PortKey, Operation = 1, Kind = RequestKind.Lock, Status = RawStatus.Ok, Mode = LockMode.Exclusive });
        Assert.Equal([LossReason.SessionExpired], _wire.Losses);
        Assert.Empty(told.Events);
    }

    [Fact]
    public void A_lock_is_not_asked_for_after_the_deadline()
    {
        _wire.IsOverdue = true;
        _wire.OnLose = reason => _locks.LoseAll(reason);
        Assert.Equal(RawResult.Unavailable, _locks.Lock(_space, new Told(), default));
        Assert.Equal([LossReason.SessionExpired], _wire.Losses);
        Assert.Empty(_wire.Sent);
    }

    [Fact]
    public void A_call_that_finds_no_room_is_refused_and_forgotten()
    {
        _wire.Result = SendResult.WouldBlock;
        var told = new Told();
        Assert.Equal(RawResult.TooManyRequests, _locks.Lock(_space, told, default));
        Assert.Equal(0, _space.LockCount);
        Assert.Empty(told.Events);
        _wire.Result = SendResult.Closed;
        Assert.Equal(RawResult.Unavailable, _locks.Lock(_space, told, default));
        Assert.Empty(told.Events);
    }

    [Fact]
    public void A_call_on_a_wire_that_ends_just_then_is_told_once()
    {
        var told = new Told();
        _wire.Result = SendResult.Closed;
        _wire.OnSend = () => _locks.LoseAll(LossReason.ConnectionClosed);
        Assert.Equal(RawResult.Accepted, _locks.Lock(_space, told, default));
        Assert.Equal(["lost ConnectionClosed"], told.Events);
    }

    [Fact]
    public void A_release_that_finds_no_room_ends_the_session()
    {
        var told = Granted();
        _wire.Result = SendResult.WouldBlock;
        Assert.Equal(RawResult.Accepted, _locks.Unlock(told, RawFlags.None, givesValue: false, []));
        Assert.Equal([LossReason.ConnectionClosed], _wire.Losses);
    }

    [Fact]
    public void A_conversion_that_the_node_refuses_leaves_the_mode()
    {
        var told = Granted();
        Assert.Equal(RawResult.Accepted, _locks.Convert(told, new ConvertRequest { Mode = LockMode.Null }));
        _locks.OnCallRefused(new CallRefusedMessage(told.PortKey, 2, RequestKind.Convert, RawResult.NotPermitted));
        Assert.Equal("Convert Refused EX 1.1", told.Events[^1]);
        Assert.Equal(RawResult.Accepted, _locks.Unlock(told, RawFlags.None, givesValue: false, []));
    }

    [Fact]
    public void A_release_of_what_the_node_does_not_have_is_done()
    {
        var told = Granted();
        _locks.Unlock(told, RawFlags.None, givesValue: false, []);
        _locks.OnCallRefused(new CallRefusedMessage(told.PortKey, 2, RequestKind.Unlock, RawResult.UnknownLock));
        Assert.Equal("Unlock Unlocked  0.0", told.Events[^1]);
        Assert.Equal(0, _space.LockCount);
    }

    [Fact]
    public void A_lock_that_was_taken_away_is_given_back_and_its_key_kept_until_the_node_has_it()
    {
        var told = Granted();
        _locks.OnLockLost(new LockLostMessage(told.PortKey, LossReason.Revoked));
        Assert.Equal("lost Revoked", told.Events[^1]);
        Assert.Equal(WireFault.None, UnlockMessage.TryRead(_wire.Sent[^1], out var back));
        Assert.Equal(told.PortKey, back.Key);
        Assert.Equal(RawFlags.ForceUnlock | RawFlags.IvValBlk, back.Flags);
        Assert.Equal(RawResult.UnknownLock, _locks.Unlock(told, RawFlags.None, givesValue: false, []));
        var next = new Told();
        _locks.Lock(_space, next, default);
        Assert.NotEqual(told.PortKey, next.PortKey);
        _locks.OnCompleted(new CompletedMessage { Key = told.PortKey, Operation = back.Operation, Kind = RequestKind.Unlock, Status = RawStatus.Unlocked });
        var after = new Told();
        _locks.Lock(_space, after, default);
        Assert.Equal(told.PortKey, after.PortKey);
        Assert.Equal(2, told.Events.Count);
    }

    [Fact]
    public void A_release_on_its_way_is_the_answer_to_a_revocation_too()
    {
        var told = Granted();
        _locks.Unlock(told, RawFlags.None, givesValue: false, []);
        var sent = _wire.Sent.Count;
        _locks.OnLockLost(new LockLostMessage(told.PortKey, LossReason.Revoked));
        Assert.Equal(sent, _wire.Sent.Count);
        _locks.OnCompleted(new CompletedMessage { Key = told.PortKey, Operation = 2, Kind = RequestKind.Unlock, Status = RawStatus.Unlocked });
        Assert.Equal("Unlock Unlocked  0.0", told.Events[^1]);
    }

    [Fact]
    public void What_an_unlock_overtook_is_told_before_it_when_the_session_ends()
    {
        var told = Granted();
        _locks.Convert(told, new ConvertRequest { Mode = LockMode.Null });
        _locks.Unlock(told, RawFlags.ForceUnlock, givesValue: true, "value"u8);
        _locks.LoseAll(LossReason.ConnectionClosed);
        Assert.Equal(["Convert Cancelled  0.0", "Unlock Unknown  0.0"], told.Events[1..]);
    }

    [Fact]
    public void A_cancel_is_answered_even_by_the_end_of_the_session()
    {
        var told = new Told();
        _locks.Lock(_space, told, default);
        Assert.Null(_locks.Cancel(told));
        Assert.Null(_locks.Cancel(told));
        Assert.Single(_wire.Sent, each => each[0] == (byte)WireKind.Cancel);
        _locks.LoseAll(LossReason.NodeStopped);
        Assert.Equal(["lost NodeStopped", "cancel NotFound"], told.Events);
    }

    [Fact]
    public void A_key_is_free_only_when_the_node_has_answered_its_cancel()
    {
        var told = new Told();
        _locks.Lock(_space, told, default);
        _locks.Cancel(told);
        _locks.OnCompleted(new CompletedMessage { Key = told.PortKey, Operation = 1, Kind = RequestKind.Lock, Status = RawStatus.Cancelled });
        Assert.Equal(["Lock Cancelled  0.0", "cancel Cancelled"], told.Events);
        var next = new Told();
        _locks.Lock(_space, next, default);
        Assert.NotEqual(told.PortKey, next.PortKey);
        _locks.OnCancelAnswered(new CancelAnsweredMessage(told.PortKey, 1, CancelOutcome.Cancelled));
        var after = new Told();
        _locks.Lock(_space, after, default);
        Assert.Equal(told.PortKey, after.PortKey);
        Assert.Equal(2, told.Events.Count);
    }

    [Fact]
    public void Too_many_unanswered_calls_are_refused_and_each_word_of_the_node_makes_room()
    {
        var space = new OpenSpace(1, new LockspaceOptions { LocksPerSessionMax = int.MaxValue });
        var first = new Told();
        _locks.Lock(space, first, default);
        for (var each = 1; each < ClientLimits.UnansweredCallsMax; each++)
            Assert.Equal(RawResult.Accepted, _locks.Lock(space, new Told(), default));
        Assert.Equal(RawResult.TooManyRequests, _locks.Lock(space, new Told(), default));
        _locks.OnQueued(new QueuedMessage(first.PortKey, 1, LockId.Create(1, 1)));
        Assert.Equal(LockId.Create(1, 1), first.Id);
        Assert.Equal(RawResult.Accepted, _locks.Lock(space, new Told(), default));
        Assert.Equal(RawResult.TooManyRequests, _locks.Lock(space, new Told(), default));
    }

    private Told Granted()
    {
        var told = new Told();
        Assert.Equal(RawResult.Accepted, _locks.Lock(_space, told, new LockRequest { Mode = LockMode.Exclusive }));
        _locks.OnCompleted(new CompletedMessage
        {
            Key = told.PortKey, Operation = 1, Kind = RequestKind.Lock, Status = RawStatus.Ok, Mode = LockMode.Exclusive, Id = LockId.Create(1, 1), Token = new FencingToken(1, 1),
        });
        Assert.Equal(["Lock Ok EX 1.1"], told.Events);
        return told;
    }

    private sealed class Wire : ISessionWire
    {
        internal List<byte[]> Sent { get; } = [];

        internal List<LossReason> Losses { get; } = [];

        internal SendResult Result { get; set; } = SendResult.Accepted;

        internal Action? OnSend { get; set; }

        internal Action<LossReason>? OnLose { get; set; }

        public bool IsOverdue { get; set; }

        public SendResult Send(ReadOnlySpan<byte> message)
        {
            Sent.Add(message.ToArray());
            OnSend?.Invoke();
            return Result;
        }

        public void Lose(LossReason reason)
        {
            Losses.Add(reason);
            OnLose?.Invoke(reason);
        }
    }

    private sealed class Told : ISessionLock
    {
        internal List<string> Events { get; } = [];

        public ResourceName Resource { get; } = "r";

        public LockId Id { get; set; }

        public uint PortKey { get; set; }

        public void Completed(in LockCompletion completion) =>
            Events.Add($"{completion.Kind} {completion.Status} {completion.Mode?.ToShortName()} {completion.Token}");

        public void CancelAnswered(CancelOutcome outcome) => Events.Add($"cancel {outcome}");

        public void Blocking(LockMode wanted, LockOwner requester, TimeSpan waitedFor) => Events.Add($"blocking {wanted}");

        public void Lost(LossReason reason) => Events.Add($"lost {reason}");

        public void Deliver()
        {
        }
    }
}
