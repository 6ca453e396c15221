using Tyer.Engine.Tests.Harness;

namespace Tyer.Engine.Tests.Mastering;

public sealed class NoticeTests
{
    private readonly EngineCluster _cluster = new(nodes: 1);
    private readonly Client _client;

    public NoticeTests()
    {
        _cluster.OpenLockspace(Client.Space);
        _client = new Client(_cluster, 1, "c");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_waiter_in_a_deadlock_it_accepted_is_told_of_its_own_wish_if_it_wants_notices(bool notifyBlocking)
    {
        var one = _client.Lock("r", LockMode.ProtectedRead);
        var other = _client.Lock("r", LockMode.ProtectedRead);
        var third = _client.Lock("r", LockMode.ConcurrentRead);
        _client.Convert(one, LockMode.ProtectedWrite, RawFlags.NoDlckWt, notifyBlocking: notifyBlocking);
        _client.Convert(other, LockMode.ProtectedWrite, RawFlags.NoDlckWt, notifyBlocking: notifyBlocking);
        _cluster.TakeEvents();

        // Something leaves, so the queues are looked through. (The other has been told of PW already, when the one asked for it.)
        _client.Unlock(third);

        Assert.Equal(
            notifyBlocking ? [(one, LockMode.ProtectedWrite)] : [],
            _cluster.Events.OfType<BlockingEvent>().Select(told => (told.Lock, told.Wanted)));
    }

    [Fact]
    public void A_notice_says_who_wants_the_lock_and_for_how_long_it_has_waited()
    {
        var holder = _client.Lock("r", LockMode.ProtectedRead);
        new Client(_cluster, 1, "first").Lock("r", LockMode.Exclusive);
        _cluster.Advance(TimeSpan.FromSeconds(3));

        _client.Convert(holder, LockMode.ProtectedRead);

        var told = _cluster.Events.OfType<BlockingEvent>().Last();
        Assert.Equal("first"u8, told.Requester);
        Assert.Equal(TimeSpan.FromSeconds(3).Ticks, told.Waited);
    }
}
