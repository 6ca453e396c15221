namespace Tyer.System.Tests.Faults;

/// <summary>With etcd: whoever has lost its own member of it goes on with another.</summary>
public sealed class EtcdFaultTests(FaultTable table) : FaultTests(table)
{
    [Fact]
    public async Task When_the_etcd_of_a_machine_dies_its_lock_manager_goes_on_with_another()
    {
        await BeginAsync();
        var before = (await Machines.StatusAsync(Victim)).Node.Incarnation;
        await Machines.Lab.KillAsync(Victim);
        await EndsWellAsync();
        Assert.Equal(before, (await Machines.StatusAsync(Victim)).Node.Incarnation);
    }

    [Fact]
    public async Task When_the_etcd_of_a_machine_stands_still_its_lock_manager_goes_on_with_another()
    {
        await BeginAsync();
        var before = (await Machines.StatusAsync(Victim)).Node.Incarnation;
        Machines.Lab.Freeze(Victim);
        // A machine is lost meanwhile: what its peers agree on reaches it, which its first endpoint would have kept from it.
        await GoesOnWithoutAsync(1, () =>
        {
            Machines.Daemon(1).Kill();
            return Task.CompletedTask;
        });
        Assert.Equal(before, (await Machines.StatusAsync(Victim)).Node.Incarnation);
        Machines.Lab.Thaw(Victim);
        await EndsWellAsync();
    }

    private protected override async Task<FaultNodes> UpAsync(TimeSpan lease)
    {
        EtcdLab.Require();
        return await FaultNodes.UpAsync(
            await EtcdLab.UpAsync(FaultNodes.Nodes),
            // Its own machine's first.
            node => ["--stack", "etcd", "--etcd-time-to-live", "3s", "--etcd-endpoints", string.Join(',', new[] { node }.Concat([1, 2, 3]).Distinct().Select(EtcdLab.EndpointOf))],
            lease);
    }
}
