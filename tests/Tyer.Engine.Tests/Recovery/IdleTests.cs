using Tyer.Engine.Tests.Harness;

namespace Tyer.Engine.Tests.Recovery;

/// <summary>What nobody uses costs nothing for long, whatever becomes of the nodes.</summary>
public sealed class IdleTests
{
    private const int Names = 200;

    private static readonly TimeSpan Between = TimeSpan.FromSeconds(3);

    private readonly EngineCluster _cluster = new(nodes: 3);

    [Fact]
    public void What_nobody_uses_is_let_go_in_time_though_nodes_come_and_go_again_and_again()
    {
        _cluster.OpenLockspace(Client.Space);
        for (var node = 1u; node <= 2; node++)
        {
            var client = new Client(_cluster, node, $"c{node}");
            for (var each = 0; each < Names; each++)
            {
                var id = client.Lock($"n{node}-{each}", LockMode.Exclusive);
                _cluster.RunToQuiet();
                client.Unlock(id);
            }
        }

        _cluster.RunToQuiet();
        Assert.True(Resources() >= 2 * Names);

        // At a master for twice its time at most, and then as long where its directory node is.
        for (var waited = TimeSpan.Zero; waited < TimeSpan.FromSeconds(40); waited += Between * 2)
        {
            _cluster.Prove(3);
            Install(1, 2);
            _cluster.Advance(Between);
            _cluster.Start(3);
            Install(1, 2, 3);
            _cluster.Advance(Between);
        }

        Assert.Equal(0, Resources());
    }

    private int Resources() => _cluster.Nodes.Sum(node => _cluster[node].ResourceCount);

    private void Install(params uint[] nodes)
    {
        _cluster.AddView(nodes);
        foreach (var node in nodes)
            _cluster.InstallNext(node);
        _cluster.RunToQuiet();
    }
}
