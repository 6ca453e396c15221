using Tyer.Cluster;

namespace Tyer.Tests.Shared.Stacks;

/// <summary>
/// What every cluster stack has to keep, in one body for all of them. Beside what a test looks for, <see cref="StackHistory"/> checks all that was told.
/// </summary>
public abstract class StackConformance
{
    private protected abstract StackLab NewLab();

    [Fact]
    public async Task All_members_are_told_the_same_views()
    {
        await using StackLab lab = NewLab();
        RecordedMember[] members = await lab.StartAllAsync();
        foreach (RecordedMember member in members) await member.UntilOperatingAsync(lab.All);
        Assert.Single(members.Select(member => member.Views[^1].Id).Distinct());
    }

    [Fact]
    public async Task Ids_of_views_grow_over_a_full_restart()
    {
        await using StackLab lab = NewLab();
        ulong highest = 0;
        for (int round = 0; round < 3; round++)
        {
            RecordedMember[] members = await lab.StartAllAsync();
            foreach (RecordedMember member in members) await member.UntilOperatingAsync(lab.All);
            Assert.True(members[0].Views[^1].Id > highest);
            highest = lab.History.HighestView;
            foreach (RecordedMember member in members) await lab.StopAsync(member);
        }
    }

    [Fact]
    public async Task The_highest_version_runs_that_all_members_share()
    {
        await using StackLab lab = NewLab();
        var members = new List<RecordedMember>();
        foreach (uint node in lab.All) members.Add(await lab.StartAsync(node, new ProtocolRange(node == 1 ? 1 : 2, 2)));
        foreach (RecordedMember member in members) await member.UntilOperatingAsync(lab.All);
        Assert.All(members, member => Assert.Equal(2, member.Views[^1].Running));
        Assert.All(members, member => Assert.Equal(2, member.Connection!.View!.Running));
    }

    [Fact]
    public async Task A_connection_that_is_closed_says_so_last()
    {
        await using StackLab lab = NewLab();
        RecordedMember member = (await lab.StartAllAsync())[0];
        await member.UntilOperatingAsync(lab.All);
        await lab.StopAsync(member);
        Assert.Equal(StackState.Closed, member.State);
    }
}
