namespace Tyer.Cluster.Tests;

public sealed class ClusterViewTests
{
    [Fact]
    public void Views_that_say_the_same_are_equal_and_others_are_not()
    {
        ClusterView view = View("a", 1);

        Assert.Equal(view, View("a", 1));
        Assert.NotEqual(view, View("b", 1));
        Assert.NotEqual(view, View("a", 2));
        Assert.NotEqual(view, new ClusterView(view.Id, view.Members, [new NodeIncarnation(new NodeId(3), new Incarnation(1))]));
        Assert.NotEqual(view, new ClusterView(view.Id, view.Members, hasQuorum: false));

        static ClusterView View(string address, int weight) =>
            new(1, [new Member(new NodeId(1), new Incarnation(1), "n1", [address], weight)]);
    }

    [Fact]
    public void Members_are_in_the_order_of_their_ids_each_once()
    {
        Member one = new(new NodeId(1), new Incarnation(1), "n1");
        Member two = new(new NodeId(2), new Incarnation(1), "n2");

        Assert.Throws<ArgumentException>(() => new ClusterView(1, [two, one]));
        Assert.Throws<ArgumentException>(() => new ClusterView(1, [one, one]));
        Assert.Throws<ArgumentException>(() => new ClusterView(1, []));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ClusterView(0, [one]));
    }

    [Fact]
    public void A_member_in_another_life_is_somebody_else()
    {
        var view = new ClusterView(1, [new Member(new NodeId(1), new Incarnation(5), "n1")]);

        Assert.True(view.Contains(new NodeIncarnation(new NodeId(1), new Incarnation(5))));
        Assert.False(view.Contains(new NodeIncarnation(new NodeId(1), new Incarnation(6))));
        Assert.False(view.Contains(new NodeIncarnation(new NodeId(2), new Incarnation(5))));
    }

    [Fact]
    public void A_member_is_checked_when_it_is_made()
    {
        Assert.Throws<ArgumentException>(() => new Member(new NodeId(1), new Incarnation(1), "n 1"));
        Assert.Throws<ArgumentException>(() => new Member(new NodeId(1), new Incarnation(1), "n1", ["has space"]));
        Assert.Throws<ArgumentException>(() => new Member(new NodeId(1), new Incarnation(1), "n1", [""]));
        Assert.Throws<ArgumentException>(() => new Member(new NodeId(1), new Incarnation(1), "n1", Enumerable.Repeat("a", 9)));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Member(new NodeId(1), new Incarnation(1), "n1", weight: 17));
        Assert.Throws<ArgumentOutOfRangeException>(() => new NodeId(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new NodeId(1024));
    }
}
