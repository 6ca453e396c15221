using System.Text;
using Tyer.Comms.Peers;
using Tyer.Comms.Security;
using Tyer.Comms.Sending;
using Tyer.Comms.Tests.Peers;
using Tyer.Comms.Tests.Support;

namespace Tyer.Comms.Tests.Security;

/// <summary>Nodes whose connections are sealed, over real sockets.</summary>
public sealed class SealedDomainTests : IDisposable
{
    private readonly TestCluster _cluster = new();

    public void Dispose() => _cluster.Dispose();

    [Fact]
    public async Task Row_16_What_passes_cannot_be_read_on_the_way()
    {
        byte[] secret = Encoding.ASCII.GetBytes("orders/42 is ours");
        List<byte> seen = [];
        Proxy[] proxies = [_cluster.Proxy(1, 2), _cluster.Proxy(2, 1)];
        foreach (Proxy proxy in proxies)
        {
            proxy.OnTheWay(bytes =>
            {
                lock (seen) seen.AddRange(bytes.Span);
            });
        }

        (TestNode n1, TestNode n2) = Pair();
        n1.Domain.Peers[2].TrySend(1, 0, secret);
        Assert.Equal($"n1 says 1 0 {Convert.ToHexString(secret)}", await n2.Until("n1 says"));
        n2.Domain.Peers[1].TrySend(1, 0, secret);
        await n1.Until("n2 says");

        lock (seen)
        {
            Assert.NotEqual(-1, seen.ToArray().AsSpan().IndexOf("TYERNODE"u8));
            Assert.Equal(-1, seen.ToArray().AsSpan().IndexOf(secret));
        }
    }

    [Fact]
    public async Task Messages_of_the_largest_size_pass_between_small_ones()
    {
        (TestNode n1, TestNode n2) = Pair();
        var received = new TaskCompletionSource();
        int count = 0;
        byte[] large = new Dice(1).Bytes(CommsLimits.PeerBodyBytesMax);
        n2.OnMessage = (_, _, _, body) =>
        {
            if (count % 2 == 0 ? !body.SequenceEqual(large) : body.Length != 1) received.TrySetException(new InvalidDataException($"message {count}"));
            if (++count == 40) received.TrySetResult();
        };

        for (int i = 0; i < 40; i++)
        {
            while (n1.Domain.Peers[2].TrySend(1, 0, i % 2 == 0 ? large : [1]) != SendResult.Accepted) await Task.Yield();
        }

        await Wait.For(received.Task);
    }

    [Fact]
    public async Task A_bit_that_was_flipped_on_the_way_ends_the_connection_and_loses_nothing()
    {
        Proxy[] proxies = [_cluster.Proxy(1, 2), _cluster.Proxy(2, 1)];
        (TestNode n1, TestNode n2) = Pair();
        n1.Domain.Peers[2].TrySend(1, 0, [1]);
        await n2.Until("n1 says 1 0 01");
        int changes = 1;
        foreach (Proxy proxy in proxies)
        {
            proxy.OnTheWay(bytes =>
            {
                if (Interlocked.Decrement(ref changes) >= 0) bytes.Span[^1] ^= 0x10;
            });
        }

        n1.Domain.Peers[2].TrySend(1, 0, [2]);

        // Whichever side got the changed bytes ends the connection, and tells nobody of the other side why.
        string[] ends = [await n1.Until("n2 disconnected"), await n2.Until("n1 disconnected")];
        Assert.Contains(ends, end => end.EndsWith(" ProtocolError BadSeal", StringComparison.Ordinal));
        await n2.Until("n1 says 1 0 02");
        n1.Domain.Peers[2].TrySend(1, 0, [3]);
        await n2.Until("n1 says 1 0 03");
    }

    [Fact]
    public async Task What_is_not_sealed_is_not_heard_after_the_proof()
    {
        PeerSecurity security = Security();
        TestNode n1 = _cluster.Node(1, [2], security: security).Start();
        using KnockingNode peer = KnockingNode.AtUnix(_cluster.Path(1));
        (_, byte[] proof) = await peer.IntroduceAsync(
            new Hello(new NodeIdentity("test", 2, "n2", 1), 1, 1), new KeyRing(TestKeys.Key(7)), SecurityMode.PskSeal);

        peer.Send([.. KnockingNode.FrameOf(proof), .. KnockingNode.ReadyFrame()]);

        Assert.Equal("refused MalformedFrame 2 n2", await n1.Until("refused"));
    }

    [Fact]
    public async Task Links_cut_mid_stream_lose_repeat_and_reorder_nothing()
    {
        const int Count = 20_000;
        const int Cuts = 5;
        Proxy[] proxies = [_cluster.Proxy(1, 2), _cluster.Proxy(2, 1)];
        (TestNode n1, TestNode n2) = Pair();
        var all = new TaskCompletionSource();
        int next = 0;
        n2.OnMessage = (_, _, _, body) =>
        {
            int number = BitConverter.ToInt32(body);
            if (number != next) all.TrySetException(new InvalidDataException($"{number} instead of {next}"));
            if (Interlocked.Increment(ref next) == Count) all.TrySetResult();
        };

        Peer to2 = n1.Domain.Peers[2];
        int cuts = 0;
        for (int i = 0; i < Count; i++)
        {
            byte[] body = new byte[4 + (i % 300)];
            BitConverter.TryWriteBytes(body, i);
            while (to2.TrySend(1, 0, body) != SendResult.Accepted) await Task.Yield();
            if (i == (cuts + 1) * Count / (Cuts + 1) && cuts < Cuts)
            {
                cuts++;
                foreach (Proxy proxy in proxies) proxy.Cut();
            }
        }

        await Wait.For(all.Task);
        Assert.Equal(0, to2.Statistics.Resets);
    }

    [Fact]
    public async Task In_steady_state_a_message_costs_no_allocation()
    {
        const int Round = 2000;
        (TestNode n1, TestNode n2) = Pair();
        Peer to2 = n1.Domain.Peers[2];
        var allocated = new TaskCompletionSource<long>();
        byte[] body = new byte[64];
        int count = 0;
        long before = 0;
        long least = long.MaxValue;
        n2.OnMessage = (peer, _, _, message) => peer.TrySend(1, 0, message);
        n1.OnMessage = (peer, _, _, message) =>
        {
            if (count % Round == 0)
            {
                long now = GC.GetAllocatedBytesForCurrentThread();
                if (count > Round) least = Math.Min(least, now - before);
                before = now;
            }

            if (count++ == Allocations.Rounds * Round) allocated.SetResult(least);
            else if (count <= Allocations.Rounds * Round) peer.TrySend(1, 0, message);
        };
        to2.TrySend(1, 0, body);
        Assert.Equal(0, await Wait.For(allocated.Task));
    }

    private (TestNode, TestNode) Pair()
    {
        PeerSecurity security = Security();
        return (_cluster.Node(1, [2], security: security).Start(), _cluster.Node(2, [1], security: security).Start());
    }

    private PeerSecurity Security() => TestKeys.Security(_cluster.File("k"), SecurityMode.PskSeal, (7, 'a'));
}
