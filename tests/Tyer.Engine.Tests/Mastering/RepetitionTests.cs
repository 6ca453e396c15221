using Tyer.Engine.Locks;
using Tyer.Engine.Messages;
using Tyer.Engine.Tests.Harness;

namespace Tyer.Engine.Tests.Mastering;

/// <summary>An owner that asks again is told again how its operation stands, and nothing is done twice.</summary>
public sealed class RepetitionTests
{
    private readonly EngineCluster _cluster = new(nodes: 2);
    private readonly Client _local;
    private readonly Client _remote;
    private readonly ResourceName _name;
    private byte[] _lastCall = [];

    public RepetitionTests()
    {
        _cluster.OpenLockspace(Client.Space);
        _local = new Client(_cluster, 1, "local");
        _remote = new Client(_cluster, 2, "remote");
        _name = _cluster.NameAt(Client.Space, node: 1);
        _cluster.MessageSent = (from, _, bytes) =>
        {
            if (from == 2 && (MessageKind)bytes[0] is MessageKind.Request or MessageKind.Lookup or MessageKind.Convert)
                _lastCall = bytes.ToArray();
        };
    }

    [Fact]
    public void A_conversion_that_was_refused_is_refused_again()
    {
        HeldByBoth(LockMode.ProtectedRead, out _, out var id);
        _remote.Convert(id, LockMode.Exclusive, RawFlags.NoQueue);
        _cluster.RunToQuiet();

        Assert.Equal("Denied Again, keeps ProtectedRead", Again());
    }

    [Fact]
    public void A_conversion_that_timed_out_or_was_cancelled_is_refused_again()
    {
        HeldByBoth(LockMode.ProtectedRead, out _, out var id);
        _remote.Convert(id, LockMode.Exclusive);
        _cluster.RunToQuiet();
        _remote.Cancel(id);
        _cluster.RunToQuiet();

        Assert.Equal("Denied Cancelled, keeps ProtectedRead", Again());
    }

    [Fact]
    public void A_conversion_that_waits_is_said_to_wait_and_stays_in_its_place()
    {
        HeldByBoth(LockMode.ProtectedRead, out var held, out var id);
        _remote.Convert(id, LockMode.Exclusive);
        _cluster.RunToQuiet();

        Assert.Equal("Queued", Again());

        _local.Unlock(held);
        _cluster.RunToQuiet();
        Assert.Equal((RequestStatus.Granted, LockMode.Exclusive), _remote.EndsOf(id).Last());
    }

    [Fact]
    public void A_conversion_that_was_granted_is_said_to_be_granted_with_the_same_token()
    {
        HeldByBoth(LockMode.ConcurrentRead, out _, out var id);
        _remote.Convert(id, LockMode.ConcurrentWrite);
        _cluster.RunToQuiet();
        var token = _cluster[2].Find(id)!.Token;

        Assert.Equal($"Granted ConcurrentWrite {token}", Again());
    }

    [Fact]
    public void What_is_granted_after_a_refusal_is_not_refused_again()
    {
        HeldByBoth(LockMode.ConcurrentRead, out _, out var id);
        _remote.Convert(id, LockMode.Exclusive, RawFlags.NoQueue);
        _cluster.RunToQuiet();
        _remote.Convert(id, LockMode.ConcurrentWrite);
        _cluster.RunToQuiet();

        Assert.Equal($"Granted ConcurrentWrite {_cluster[2].Find(id)!.Token}", Again());
    }

    [Fact]
    public void A_new_lock_that_waits_is_said_to_wait_and_is_there_once()
    {
        var held = _local.Lock(_name, LockMode.Exclusive);
        var id = _remote.Lock(_name, LockMode.Exclusive);
        _cluster.RunToQuiet();

        Assert.Equal("Queued", Again());

        Assert.Equal(2, _cluster[1].LockCount);
        _local.Unlock(held);
        _cluster.RunToQuiet();
        Assert.Equal([(RequestStatus.Granted, LockMode.Exclusive)], _remote.EndsOf(id));
    }

    private void HeldByBoth(LockMode mode, out LockId local, out LockId remote)
    {
        local = _local.Lock(_name, mode);
        remote = _remote.Lock(_name, mode);
        _cluster.RunToQuiet();
    }

    /// <summary>The last call of the remote owner comes to the master once more; what it answers.</summary>
    private string Again()
    {
        var answer = "nothing";
        _cluster.MessageSent = (_, to, bytes) =>
        {
            Assert.Equal(2u, to);
            Assert.True(MessageCodec.TryRead(bytes, out var message));
            answer = message.Kind switch
            {
                MessageKind.Granted => $"Granted {message.Mode} {message.Token}",
                MessageKind.Denied => $"Denied {message.Status}, keeps {message.Mode}",
                _ => $"{message.Kind}",
            };
        };
        Assert.True(_cluster[1].Receive(EngineCluster.IdentityOf(2), _cluster[1].ViewId, _lastCall), "The master takes the repetition for nonsense.");
        _cluster.RunToQuiet();
        return answer;
    }
}
