using Tyer.Engine;
using Tyer.Engine.Recovery;
using Tyer.Node.Queries;

namespace Tyer.Node.Tests.Queries;

public sealed class StandstillTextTests
{
    private static readonly RecoveryStanding Quiet = new(7, HasQuorum: true, IsSuspended: false, IsSettled: true, [], [], [], 0);

    [Fact]
    public void Nothing_stands_still_of_itself() => Assert.Null(Of(Quiet, isRebuilding: false));

    [Fact]
    public void Who_has_to_be_looked_at_is_named()
    {
        var waiting = Quiet with { IsSettled = false, Unproven = [new MemberId(3, 9)], Unhoused = [new MemberId(1, 4), new MemberId(2, 5)], Rebuilding = 1 };
        Assert.Equal(
            "the recovery of view 7: its master departed, and it is not proven that n3 has stopped; n1, n2 have not sent all locks yet",
            Of(waiting, isRebuilding: true));
    }

    [Fact]
    public void A_lack_of_quorum_is_named() =>
        Assert.Equal("the lack of a quorum in view 7", Of(Quiet with { HasQuorum = false }, isRebuilding: false));

    [Fact]
    public void A_master_that_is_out_of_touch_is_named() =>
        Assert.Equal(
            "its master n1, which is out of touch with the cluster stack and grants nothing", Of(Quiet with { IsSuspended = true }, isRebuilding: false));

    private static string? Of(RecoveryStanding standing, bool isRebuilding) => StandstillText.Of(standing, isRebuilding, "n1", node => $"n{node}");
}
