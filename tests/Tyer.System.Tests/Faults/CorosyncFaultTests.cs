namespace Tyer.System.Tests.Faults;

/// <summary>With corosync: whoever has lost its own daemon is out.</summary>
public sealed class CorosyncFaultTests : FaultTests
{
    [Fact]
    public async Task A_machine_whose_corosync_dies_is_out_and_comes_back_with_it()
    {
        await BeginAsync();
        await GoesOnWithoutAsync(() => Machines.Lab.KillAsync(Victim));
        Machines.Lab.Start(Victim);
        await IsWholeAgainAsync();
    }

    [Fact]
    public async Task A_machine_whose_corosync_stands_still_is_out_though_nobody_tells_it()
    {
        await BeginAsync();
        await GoesOnWithoutAsync(() =>
        {
            Machines.Lab.Freeze(Victim);
            return Task.CompletedTask;
        });
        Machines.Lab.Thaw(Victim);
        await IsWholeAgainAsync();
    }

    private protected override async Task<FaultNodes> UpAsync(TimeSpan lease)
    {
        CorosyncLab.Require();
        return await FaultNodes.UpAsync(await CorosyncLab.UpAsync(FaultNodes.Nodes, cluster: "tyer"), _ => ["--stack", "corosync"], lease);
    }
}
