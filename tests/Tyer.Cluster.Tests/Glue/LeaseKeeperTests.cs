using Tyer.Cluster.Fencing;
using Tyer.Cluster.Glue;
using Tyer.Cluster.Leases;
using Tyer.Cluster.Static;

namespace Tyer.Cluster.Tests.Glue;

/// <summary>What a member's silence says, and when it says nothing.</summary>
public sealed class LeaseKeeperTests : IPeerMessenger, IDisposable
{
    private const ulong Digest = 7;

    private static readonly NodeIncarnation N1 = new(new NodeId(1), new Incarnation(11));
    private static readonly NodeIncarnation N2 = new(new NodeId(2), new Incarnation(12));
    private static readonly NodeIncarnation N3 = new(new NodeId(3), new Incarnation(13));
    private static readonly LeaseTerms Terms = new(TimeSpan.FromSeconds(3), TimeSpan.FromMilliseconds(500));

    private readonly ManualClock _clock = new();
    private readonly LeaseKeeper _keeper;
    private readonly List<NodeIncarnation> _silent = [];
    private ulong _renewal;

    public LeaseKeeperTests()
    {
        var list = new PeerList("tyer", [new StaticPeer(N1.Node, "n1"), new StaticPeer(N2.Node, "n2"), new StaticPeer(N3.Node, "n3")]);
        _keeper = new LeaseKeeper(
            Terms, list, N1, Digest, this, _clock, _ => { }, told => { if (told is MemberSilent silent) _silent.Add(silent.Member); }, new FencingOptions());
        _keeper.Hold(new ClusterView(1, [new Member(N1.Node, N1.Incarnation, "n1"), new Member(N2.Node, N2.Incarnation, "n2"), new Member(N3.Node, N3.Incarnation, "n3")]));
    }

    public void Dispose() => _keeper.Dispose();

    [Fact]
    public void Who_is_silent_while_the_others_talk_is_to_be_put_out()
    {
        Pass(TimeSpan.FromSeconds(5), N2, N3);
        Assert.Empty(_silent);
        Pass(TimeSpan.FromSeconds(3), N2);
        Assert.Equal(N3, _silent.Distinct().Single());
    }

    [Fact]
    public void What_nobody_said_while_this_node_heard_nobody_is_no_silence()
    {
        Pass(TimeSpan.FromSeconds(1.4), N2, N3);
        // Not quite until the end of the lease. One is back a little before the other.
        Pass(TimeSpan.FromSeconds(2.2));
        Pass(TimeSpan.FromSeconds(0.6), N2);
        Pass(TimeSpan.FromSeconds(5), N2, N3);
        Assert.Empty(_silent);

        Pass(TimeSpan.FromSeconds(3), N2);
        Assert.Equal(N3, _silent.Distinct().Single());
    }

    void IPeerMessenger.Start(IPeerReceiver receiver)
    {
    }

    void IPeerMessenger.Send(NodeId to, ReadOnlySpan<byte> message)
    {
        if (GlueMessage.Read(message) is { Kind: GlueMessageKind.Renewal } renewal)
            _renewal = renewal.First;
    }

    /// <summary>Time passes, and these are heard and answer all the while.</summary>
    private void Pass(TimeSpan time, params NodeIncarnation[] talking)
    {
        var step = TimeSpan.FromMilliseconds(100);
        for (TimeSpan end = _clock.Now + time; _clock.Now < end;)
        {
            _keeper.Pass();
            foreach (NodeIncarnation peer in talking)
            {
                _keeper.OnRenewal(peer, _renewal, Digest);
                _keeper.OnAnswer(peer.Node, _renewal, N1.Incarnation.Value);
            }

            _clock.Advance(step);
        }
    }
}
