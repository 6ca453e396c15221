namespace Tyer.Cluster.Corosync.Tests.Labs;

/// <summary>The laboratory does what the other tests rely on.</summary>
[Collection(LabCollection.Name)]
public sealed class CorosyncLabTests
{
    [Fact]
    public async Task A_node_that_is_cut_off_is_out_and_comes_back_when_it_is_healed()
    {
        CorosyncLab.Require();
        await using CorosyncLab lab = await CorosyncLab.UpAsync();

        await lab.Network.CutAsync(3);
        await lab.RingOfAsync(1, 2);
        await lab.RingOfAsync(2, 2);

        await lab.Network.HealAsync(3);
        await lab.RingOfAsync(3, 3);
    }

    [Fact]
    public async Task A_daemon_that_is_killed_or_frozen_is_out_and_comes_back()
    {
        CorosyncLab.Require();
        await using CorosyncLab lab = await CorosyncLab.UpAsync();

        await lab.KillAsync(3);
        await lab.RingOfAsync(1, 2);
        lab.Start(3);
        await lab.RingOfAsync(1, 3);

        lab.Freeze(2);
        await lab.RingOfAsync(1, 2);
        lab.Thaw(2);
        await lab.RingOfAsync(2, 3);
    }

    [Fact]
    public async Task Nothing_of_it_is_left_when_it_is_disposed()
    {
        CorosyncLab.Require();
        CorosyncLab lab = await CorosyncLab.UpAsync(nodes: 1);
        string folder = lab.Network.Folder;
        string space = lab.Network.NamespaceOf(1);
        Assert.True(File.Exists(space));

        await lab.DisposeAsync();

        Assert.False(File.Exists(space));
        Assert.False(Directory.Exists(folder));
    }
}
