using System.Text;
using Tyer.Cluster.Interop;
using Tyer.Cluster.State;

namespace Tyer.Cluster.Tests.State;

public sealed class StateFileTextTests
{
    private static readonly NodeState Sample = new(
        new StateOwner("tyer", "n1", new NodeId(1)), 42, new Incarnation(1763700000123), 2UL << 32, Clean: false, TimeSpan.FromSeconds(10));

    [Fact]
    public void An_operator_can_read_it()
    {
        string text = Encoding.ASCII.GetString(StateFileText.Format(Sample, new FileIdentity(99, new FileBirth(1763700000, 5))));

        Assert.Equal(
            """
            tyer-state 1
            cluster: tyer
            node: n1
            node-id: 1
            view: 42
            incarnation: 1763700000123
            lock-id-mark: 8589934592
            clean: no
            longest-session-ms: 10000
            inode: 99
            born: 1763700000.000000005
            sha256: 
            """,
            text[..(text.IndexOf("sha256: ", StringComparison.Ordinal) + 8)]);
    }

    [Fact]
    public void What_was_written_is_read_again()
    {
        foreach (FileBirth? born in new FileBirth?[] { null, new FileBirth(0, 0), new FileBirth(-1, 999_999_999) })
        {
            var identity = new FileIdentity(ulong.MaxValue, born);
            NodeState state = Sample with { Clean = born is null, View = ulong.MaxValue };

            Assert.Equal((state, identity), StateFileText.Parse(StateFileText.Format(state, identity)));
        }
    }

    [Theory]
    [InlineData(5UL, true)]
    [InlineData(6UL, false)]
    public void Without_a_birth_time_the_inode_decides(ulong inode, bool same)
    {
        var recorded = new FileIdentity(5, null);

        Assert.Equal(same, recorded.Matches(new FileIdentity(inode, null)));
        Assert.Equal(same, recorded.Matches(new FileIdentity(inode, new FileBirth(1, 2))));
    }

    [Fact]
    public void A_birth_time_that_was_recorded_must_be_found_again()
    {
        var recorded = new FileIdentity(5, new FileBirth(1, 2));

        Assert.True(recorded.Matches(new FileIdentity(5, new FileBirth(1, 2))));
        Assert.False(recorded.Matches(new FileIdentity(5, new FileBirth(1, 3))));
        Assert.False(recorded.Matches(new FileIdentity(6, new FileBirth(1, 2))));
        Assert.False(recorded.Matches(new FileIdentity(5, null)));
    }
}
