using Tyer.Engine.Tests.Harness;

namespace Tyer.Engine.Tests.Owning;

public sealed class CallRulesTests
{
    private readonly EngineCluster _cluster = new(nodes: 1);

    public CallRulesTests() => _cluster.OpenLockspace(Client.Space);

    [Fact]
    public void An_unlock_that_says_cancel_ends_nothing()
    {
        var client = new Client(_cluster, 1, "c");
        var id = client.Lock("r", LockMode.Exclusive);

        var result = _cluster[1].Unlock(client.Session, id, RawFlags.Cancel);

        Assert.Equal(RawResult.InvalidFlags, result);
        Assert.Equal(1, _cluster[1].LockCount);
    }

    [Fact]
    public void A_lock_is_unknown_to_other_sessions()
    {
        var id = new Client(_cluster, 1, "owner").Lock("r", LockMode.Exclusive);
        var stranger = new Client(_cluster, 1, "stranger");

        Assert.Equal(RawResult.UnknownLock, _cluster[1].Unlock(stranger.Session, id, RawFlags.ForceUnlock));
        Assert.Equal(CancelOutcome.NotFound, stranger.Cancel(id));
    }
}
