namespace Tyer.Engine.Tests.Harness;

/// <summary>An audit that never finds anything proves nothing.</summary>
public sealed class ClusterAuditTests
{
    private static readonly ResourceName Name = "r";
    private readonly EngineCluster _cluster = new(nodes: 3, directory: 1);
    private readonly Client[] _clients;

    public ClusterAuditTests()
    {
        _cluster.OpenLockspace(Client.Space);
        _clients = [.. _cluster.Nodes.Select(node => new Client(_cluster, node, $"n{node}"))];
        _clients[0].Lock(Name, LockMode.Null);
        _clients[2].Lock(Name, LockMode.Exclusive);
        _clients[1].Lock(Name, LockMode.Exclusive);
        _cluster.RunToQuiet();
        _cluster.Crash(3);
        _cluster.AddView([1, 2]);
        Assert.True(_cluster.InstallNext(1) && _cluster.InstallNext(2));
        _cluster.RunToQuiet();
        ClusterAudit.CheckExclusion(_cluster);
    }

    [Fact]
    public void What_is_granted_beside_the_lock_of_an_unproven_is_noticed()
    {
        // A proof of which the cluster stack knows nothing.
        _cluster[1].Prove(EngineCluster.IdentityOf(3));
        _cluster.RunToQuiet();

        var found = Assert.ThrowsAny<Exception>(() => ClusterAudit.CheckExclusion(_cluster));
        Assert.Contains("n3 in Exclusive", found.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_granted_after_the_proof_is_in_order()
    {
        _cluster.Prove(3);
        _cluster.RunToQuiet();

        ClusterAudit.CheckExclusion(_cluster);
        Assert.True(_cluster.IsSettled);
        ClusterAudit.Check(_cluster);
    }

    [Fact]
    public void A_record_that_is_missing_in_a_settled_view_is_noticed()
    {
        _cluster.Prove(3);
        _cluster.RunToQuiet();
        _cluster.AddView([1, 2]);
        Assert.True(_cluster.InstallNext(1) && _cluster.InstallNext(2));
        _cluster.RunToQuiet();
        ClusterAudit.Check(_cluster);

        var recorded = ClusterAudit.Find(_cluster[1], Client.Space, "r"u8);
        _cluster[1].Core.Resources.SetRecord(recorded, 0);

        Assert.ThrowsAny<Exception>(() => ClusterAudit.Check(_cluster));
    }
}
