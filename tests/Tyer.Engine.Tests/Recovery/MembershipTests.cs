using Tyer.Engine.Recovery;

namespace Tyer.Engine.Tests.Recovery;

public sealed class MembershipTests
{
    private readonly LoneEngine _lone = new();

    [Fact]
    public void A_view_is_settled_when_all_locks_are_housed_and_nobody_is_unproven()
    {
        var gone = new MemberId(3, 3);
        _lone.Install(view: 2, hasQuorum: true, [gone], 1, 2);
        Assert.Equal([(RecoveryMarker.DirectoryDone, 2), (RecoveryMarker.LocksDone, 2)], _lone.Announced);

        _lone.Engine.Mark(new MemberId(1, 1), RecoveryMarker.LocksDone, 2);
        Assert.Equal([new MemberId(2, 2)], _lone.Engine.Standing.Unhoused);
        _lone.Engine.Mark(new MemberId(2, 2), RecoveryMarker.LocksDone, 2);
        Assert.False(_lone.Engine.IsSettled);
        Assert.Equal([gone], _lone.Engine.Standing.Unproven);

        _lone.Engine.Prove(gone);
        Assert.True(_lone.Engine.IsSettled);
    }

    [Fact]
    public void What_was_said_of_another_view_or_by_another_life_does_not_count()
    {
        _lone.Settle(view: 1, hasQuorum: true, 1, 2);
        Assert.True(_lone.Engine.IsSettled);

        _lone.Install(view: 2, hasQuorum: true, [], 1, 2);
        _lone.Engine.Mark(new MemberId(1, 1), RecoveryMarker.LocksDone, 2);
        _lone.Engine.Mark(new MemberId(2, 2), RecoveryMarker.LocksDone, 1);
        _lone.Engine.Mark(new MemberId(2, 77), RecoveryMarker.LocksDone, 2);
        Assert.False(_lone.Engine.IsSettled);
    }

    [Fact]
    public void What_is_said_before_the_view_is_here_counts_when_it_is()
    {
        _lone.Engine.Mark(new MemberId(2, 2), RecoveryMarker.LocksDone, 5);
        _lone.Install(view: 5, hasQuorum: true, [], 1, 2);
        _lone.Engine.Mark(new MemberId(1, 1), RecoveryMarker.LocksDone, 5);
        Assert.True(_lone.Engine.IsSettled);
    }

    [Fact]
    public void A_proof_may_come_before_the_view_that_needs_it()
    {
        var gone = new MemberId(2, 2);
        _lone.Settle(view: 1, hasQuorum: true, 1, 2);
        _lone.Engine.Prove(gone);
        _lone.Install(view: 2, hasQuorum: true, [gone], 1);
        _lone.Engine.Mark(new MemberId(1, 1), RecoveryMarker.LocksDone, 2);
        Assert.True(_lone.Engine.IsSettled);
    }
}
