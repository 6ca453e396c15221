namespace Tyer.Cluster.Tests;

public class VersionAgreementTests
{
    [Fact]
    public void The_highest_version_that_all_share_runs()
    {
        Assert.Equal(2, VersionAgreement.HighestShared([Node(1, 1, 3), Node(2, 2, 2), Node(3, 1, 4)]));
        Assert.Null(VersionAgreement.HighestShared([Node(1, 1, 1), Node(2, 2, 2)]));
        Assert.Equal(3, new ClusterView(1, [Node(1, 1, 3), Node(2, 3, 4)]).Running);
    }

    [Fact]
    public void A_view_whose_members_share_none_cannot_be() =>
        Assert.Contains("n2 2", Assert.Throws<ArgumentException>(() => new ClusterView(1, [Node(1, 1, 1), Node(2, 2, 2)])).Message, StringComparison.Ordinal);

    [Fact]
    public void Views_that_differ_in_what_a_member_offers_differ() =>
        Assert.NotEqual(new ClusterView(1, [Node(1, 1, 1)]), new ClusterView(1, [Node(1, 1, 2)]));

    [Fact]
    public void A_joiner_that_is_too_old_is_told_the_ranges_and_to_install_a_newer_build()
    {
        string? objection = VersionAgreement.ObjectionTo(Node(3, 1, 1), new ClusterView(7, [Node(1, 1, 2), Node(2, 2, 3)]));
        Assert.Equal(
            "the cluster runs version 2 of the lock protocol (its nodes offer: n1 1 to 2, n2 2 to 3), and n3 offers 1; install a newer build there, one that speaks it",
            objection);
    }

    [Fact]
    public void A_joiner_that_is_too_new_is_told_when_the_version_rises() =>
        Assert.Contains(
            "rises when the last old node has left",
            VersionAgreement.ObjectionTo(Node(3, 2, 2), new ClusterView(7, [Node(1, 1, 2), Node(2, 1, 1)])),
            StringComparison.Ordinal);

    [Fact]
    public void A_joiner_that_speaks_the_version_that_runs_is_welcome() =>
        Assert.Null(VersionAgreement.ObjectionTo(Node(3, 1, 9), new ClusterView(7, [Node(1, 1, 2), Node(2, 1, 1)])));

    [Fact]
    public void Where_nothing_runs_the_most_stay_together_and_of_as_many_those_with_the_higher_version()
    {
        var most = VersionAgreement.ObjectionsAmong([Node(1, 1, 1), Node(2, 1, 2), Node(3, 3, 3)]);
        Assert.Equal([3u], most.Keys.Select(who => who.Node.Value));
        var higher = VersionAgreement.ObjectionsAmong([Node(1, 1, 1), Node(2, 2, 2)]);
        Assert.Equal([1u], higher.Keys.Select(who => who.Node.Value));
        Assert.Contains("is about to run version 2", higher.Values.Single(), StringComparison.Ordinal);
        Assert.Empty(VersionAgreement.ObjectionsAmong([Node(1, 1, 2), Node(2, 2, 2)]));
    }

    [Fact]
    public void A_range_is_one_or_more_versions()
    {
        Assert.Equal("1 to 2", new ProtocolRange(1, 2).ToString());
        Assert.Equal("2", new ProtocolRange(2, 2).ToString());
        Assert.Throws<ArgumentOutOfRangeException>(() => new ProtocolRange(0, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ProtocolRange(2, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ProtocolRange(1, 65536));
    }

    private static Member Node(uint id, int minimum, int maximum) =>
        new(new NodeId(id), new Incarnation(1), $"n{id}") { Protocol = new ProtocolRange(minimum, maximum) };
}
