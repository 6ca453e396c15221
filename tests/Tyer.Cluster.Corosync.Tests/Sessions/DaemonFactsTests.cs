using System.Collections.Immutable;
using Tyer.Cluster.Corosync.Interop;
using Tyer.Cluster.Corosync.Sessions;

namespace Tyer.Cluster.Corosync.Tests.Sessions;

/// <summary>What does not fit is said in words that tell what to change.</summary>
public sealed class DaemonFactsTests
{
    private static readonly Member Self = new(new NodeId(2), new Incarnation(5), "n2");
    private static readonly ImmutableArray<NodeId> Voters = [new(1), new(2), new(3)];
    private static readonly DaemonFacts Facts = new("tyer", 2, [1, 2, 3], TimeSpan.FromSeconds(2.2));

    [Fact]
    public void A_daemon_of_this_cluster_with_this_nodes_id_is_right() => Assert.Null(Facts.FaultFor("tyer", Self, Voters));

    [Fact]
    public void A_daemon_of_another_cluster_is_named_with_both_keys()
    {
        string? fault = (Facts with { Cluster = "storage" }).FaultFor("tyer", Self, Voters);
        Assert.Contains("'storage'", fault, StringComparison.Ordinal);
        Assert.Contains("totem.cluster_name", fault, StringComparison.Ordinal);
        Assert.Contains("without a name", (Facts with { Cluster = null }).FaultFor("tyer", Self, Voters), StringComparison.Ordinal);
    }

    [Fact]
    public void A_daemon_with_another_node_id_is_named_with_both_keys()
    {
        string? fault = (Facts with { Self = 7 }).FaultFor("tyer", Self, Voters);
        Assert.Contains("corosync here is node 7, and n2 has the id 2", fault, StringComparison.Ordinal);
        Assert.Contains("nodeid", fault, StringComparison.Ordinal);
    }

    [Fact]
    public void A_node_that_corosync_does_not_know_is_named() =>
        Assert.Contains("node 3 is among the nodes of this cluster, and not in the nodelist", (Facts with { Nodes = [1, 2, 4] }).FaultFor("tyer", Self, Voters), StringComparison.Ordinal);

    [Theory]
    [InlineData((int)CsError.Library, "systemctl start corosync")]
    [InlineData((int)CsError.Access, "uidgid")]
    [InlineData((int)CsError.TryAgain, "busy")]
    public void What_the_libraries_answer_is_told_with_its_remedy(int error, string remedy) =>
        Assert.Contains(remedy, CorosyncLibraries.Describe("cpg_join", (CsError)error), StringComparison.Ordinal);
}
