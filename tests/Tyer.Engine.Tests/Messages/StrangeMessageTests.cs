using Tyer.Engine.Directory;
using Tyer.Engine.Messages;
using Tyer.Engine.Tests.Harness;
using Tyer.Hashing;

namespace Tyer.Engine.Tests.Messages;

public sealed class StrangeMessageTests
{
    private readonly EngineCluster _cluster = new(nodes: 2);

    public StrangeMessageTests() => _cluster.OpenLockspace(Client.Space);

    [Theory]
    [InlineData(MessageKind.Lookup)]
    [InlineData(MessageKind.Request)]
    public void A_request_without_a_mode_or_for_a_lock_of_another_node_is_refused(MessageKind kind)
    {
        Assert.False(Receive(kind, LockId.Create(2, 1), mode: null));
        Assert.False(Receive(kind, LockId.Create(1, 1), LockMode.Exclusive));

        Assert.Equal(0, _cluster[1].ResourceCount);
        Assert.Equal(0, _cluster[1].LockCount);
        Assert.True(_cluster.IsQuiet);
    }

    private bool Receive(MessageKind kind, LockId id, LockMode? mode)
    {
        var hash = Placement.HashOf(Client.Space, XxHash64.Hash("r"u8));
        var message = new Message
        {
            Kind = kind,
            Slot = Placement.SlotOf(hash),
            Space = Client.Space,
            Name = "r"u8,
            Lock = id,
            Operation = 1,
            Mode = mode,
        };
        var bytes = new byte[MessageCodec.LengthMax];
        return _cluster[1].Receive(EngineCluster.IdentityOf(2), view: 1, bytes.AsSpan(0, MessageCodec.Write(message, bytes)));
    }
}
