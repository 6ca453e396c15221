using Tyer.Comms.Paths;
using Tyer.Comms.Tests.Support;

namespace Tyer.Comms.Tests.Paths;

public class PathMachineTests
{
    private static PathState[] States => Enum.GetValues<PathState>();

    private static PathTrigger[] Triggers => Enum.GetValues<PathTrigger>();

    [Fact]
    public void Each_state_answers_each_trigger_as_it_is_written_down() => Assert.Equal(
        Table.Lines("PathMachine.txt"),
        States.SelectMany(state => Triggers.Select(trigger => $"{state} {trigger}: {Describe(PathMachine.Next(state, trigger))}")));

    [Fact]
    public void A_path_carries_messages_only_after_it_was_proven()
    {
        foreach (PathState state in States.Where(state => !PathMachine.IsUsable(state)))
        {
            foreach (PathTrigger trigger in Triggers.Where(trigger => trigger != PathTrigger.Proven))
                Assert.False(PathMachine.Next(state, trigger) is { } next && PathMachine.IsUsable(next.State), $"{state} {trigger}");
        }
    }

    [Fact]
    public void Whatever_leads_away_from_standing_links_ends_them()
    {
        PathState[] standing = [PathState.Proving, PathState.Up, PathState.Draining];
        foreach (PathState state in standing)
        {
            foreach (PathTrigger trigger in Triggers)
            {
                if (PathMachine.Next(state, trigger) is { } next) Assert.Equal(!standing.Contains(next.State), next.EndsLinks);
            }
        }
    }

    private static string Describe((PathState State, bool EndsLinks)? next) =>
        next is not { } some ? "cannot come" : some.EndsLinks ? $"{some.State}, links end" : $"{some.State}";
}
