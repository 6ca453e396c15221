namespace Tyer.System.Tests.Faults;

/// <summary>With corosync: whoever has lost its own daemon is out.</summary>
public sealed class CorosyncFaultTests(FaultTable table) : FaultTests(table)
{
    [Fact]
    public Task A_machine_whose_corosync_dies_is_out_and_comes_back_with_it() =>
        RoundsAsync("a corosync is killed", () => Machines.Lab.KillAsync(Victim), () => Now(() => Machines.Lab.Start(Victim)));

    [Fact]
    public Task A_machine_whose_corosync_stands_still_is_out_though_nobody_tells_it() =>
        RoundsAsync("a corosync stands still, and goes on", () => Now(() => Machines.Lab.Freeze(Victim)), () => Now(() => Machines.Lab.Thaw(Victim)));

    private protected override async Task<FaultNodes> UpAsync(TimeSpan lease)
    {
        CorosyncLab.Require();
        return await FaultNodes.UpAsync(await CorosyncLab.UpAsync(FaultNodes.Nodes, cluster: "tyer"), _ => ["--stack", "corosync"], lease);
    }
}
