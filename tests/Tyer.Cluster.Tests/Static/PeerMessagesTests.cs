using System.Text;
using Tyer.Cluster.Static;

namespace Tyer.Cluster.Tests.Static;

public sealed class PeerMessagesTests
{
    private static readonly NodeId Node = new(7);
    private static readonly Incarnation Life = new(123456789012);
    private static readonly Member Self = new(Node, Life, "n7", ["tcp://127.0.0.1:7607", "uds:/run/tyer"], weight: 16);
    private static readonly ClusterView View = new(long.MaxValue, [new Member(new NodeId(1), new Incarnation(ulong.MaxValue), "a"), Self]);

    private static readonly PeerMessage[] OneOfEach =
    [
        new Hello(Self, ulong.MaxValue, 5, 6, Ready: true, AnswerWanted: false),
        new Hello(Self, 0, 0, 0, Ready: false, AnswerWanted: true),
        new Prepare(View),
        new InstalledView(View),
        new Prepared(3, Life),
        new Declined(3, 4),
        new Refused(Life, HelloRefusal.ViewFormed, 9),
        new Refused(Life, HelloRefusal.LaterIncarnation, ulong.MaxValue),
    ];

    [Fact]
    public void What_is_said_is_understood()
    {
        foreach (PeerMessage message in OneOfEach)
        {
            Assert.True(PeerMessages.TryDecode(Node, PeerMessages.Encode(Life, message), out Incarnation sender, out PeerMessage? decoded));
            Assert.Equal(Life, sender);
            Assert.Equal(message, decoded);
        }
    }

    [Fact]
    public void A_peer_list_is_understood()
    {
        var list = new PeerList("tyer", [new StaticPeer(new NodeId(1023), "last"), new StaticPeer(new NodeId(1), "first")]);

        Assert.True(PeerMessages.TryDecode(Node, PeerMessages.Encode(Life, new ListDiffers(list)), out _, out PeerMessage? decoded));

        PeerList understood = Assert.IsType<ListDiffers>(decoded).List;
        Assert.Equal(list.Digest, understood.Digest);
        Assert.Equal(list.Peers, understood.Peers);
    }

    [Fact]
    public void Whatever_is_cut_short_or_goes_on_is_malformed()
    {
        foreach (PeerMessage message in OneOfEach.Append(new ListDiffers(Cast.List)))
        {
            byte[] whole = PeerMessages.Encode(Life, message);
            for (int length = 0; length < whole.Length; length++) AssertMalformed(whole[..length]);
            AssertMalformed([.. whole, 0]);
        }
    }

    [Fact]
    public void Another_version_kind_flag_or_reason_is_malformed()
    {
        byte[] hello = PeerMessages.Encode(Life, OneOfEach[0]);
        AssertMalformed([99, .. hello[1..]]);
        AssertMalformed([hello[0], 99, .. hello[2..]]);
        AssertMalformed([.. hello[..^1], 0x80]);

        byte[] refused = PeerMessages.Encode(Life, OneOfEach[^1]);
        AssertMalformed([.. refused[..^9], 3, .. refused[^8..]]);
    }

    [Fact]
    public void An_id_that_has_no_successor_is_malformed()
    {
        byte[] prepared = PeerMessages.Encode(Life, new Prepared(long.MaxValue, Life));
        Assert.True(PeerMessages.TryDecode(Node, prepared, out _, out _));

        AssertMalformed(PeerMessages.Encode(Life, new Prepared((ulong)long.MaxValue + 1, Life)));
    }

    [Fact]
    public void Names_and_addresses_are_checked()
    {
        byte[] hello = PeerMessages.Encode(Life, OneOfEach[0]);
        int name = hello.AsSpan().IndexOf("n7"u8);
        int address = hello.AsSpan().IndexOf("tcp:"u8);

        foreach ((int at, byte bad) in new[] { (name, (byte)'/'), (name, (byte)0xE9), (address, (byte)' '), (address, (byte)0xE9) })
        {
            byte[] damaged = [.. hello];
            damaged[at] = bad;
            AssertMalformed(damaged);
        }
    }

    [Fact]
    public void Damage_of_any_kind_never_does_more_than_be_refused_or_understood()
    {
        var random = new Random(1);
        byte[][] samples = [.. OneOfEach.Append(new ListDiffers(Cast.List)).Select(message => PeerMessages.Encode(Life, message))];
        int understood = 0;
        for (int i = 0; i < 200_000; i++)
        {
            byte[] damaged = [.. samples[random.Next(samples.Length)]];
            for (int n = random.Next(1, 4); n > 0; n--) damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            if (PeerMessages.TryDecode(Node, damaged, out Incarnation sender, out PeerMessage? message))
            {
                understood++;

                // Whatever is understood can be said.
                Assert.True(PeerMessages.TryDecode(Node, PeerMessages.Encode(sender, message), out _, out _));
            }
        }

        Assert.InRange(understood, 1, 199_999);
    }

    [Fact]
    public void The_largest_view_fits_and_a_larger_message_is_malformed()
    {
        string name = new('n', Limits.SystemNameLengthMax);
        string[] addresses = [.. Enumerable.Repeat(new string('a', ClusterLimits.AddressLengthMax), ClusterLimits.AddressesMax)];
        var view = new ClusterView(
            1, Enumerable.Range(1, ClusterLimits.MembersMax).Select(i => new Member(new NodeId((uint)i), Life, name, addresses)));

        byte[] largest = PeerMessages.Encode(Life, new Prepare(view));
        Assert.InRange(largest.Length, 0, ClusterLimits.PeerMessageBytesMax);
        Assert.True(PeerMessages.TryDecode(Node, largest, out _, out PeerMessage? decoded));
        Assert.Equal(new Prepare(view), decoded);

        AssertMalformed(new byte[ClusterLimits.PeerMessageBytesMax + 1]);
    }

    [Fact]
    public void Lists_that_differ_have_different_digests()
    {
        PeerList[] lists =
        [
            Cast.List,
            new PeerList("test", Cast.List.Peers),
            new PeerList("tyer", [Cast.Peer(1), Cast.Peer(2)]),
            new PeerList("tyer", [Cast.Peer(1), Cast.Peer(2), Cast.Peer(3, "n4")]),
            new PeerList("tyer", [Cast.Peer(1), Cast.Peer(2), Cast.Peer(4, "n3")]),
        ];

        Assert.Equal(lists.Length, lists.Select(list => list.Digest).Distinct().Count());
        Assert.Equal(Cast.List.Digest, new PeerList("tyer", Cast.List.Peers.Reverse()).Digest);
    }

    [Fact]
    public void A_list_with_an_id_or_a_name_twice_is_refused_and_says_which()
    {
        var e = Assert.Throws<ArgumentException>(() => new PeerList("tyer", [Cast.Peer(1), Cast.Peer(1, "other")]));
        Assert.Contains("Id 1 is both n1 and other", e.Message, StringComparison.Ordinal);

        e = Assert.Throws<ArgumentException>(() => new PeerList("tyer", [Cast.Peer(1), Cast.Peer(2, "n1")]));
        Assert.Contains("n1 has both the ids 1 and 2", e.Message, StringComparison.Ordinal);
    }

    private static void AssertMalformed(byte[] message) =>
        Assert.False(
            PeerMessages.TryDecode(Node, message, out _, out _),
            $"understood: {Encoding.Latin1.GetString(message[..Math.Min(message.Length, 200)])}");
}
