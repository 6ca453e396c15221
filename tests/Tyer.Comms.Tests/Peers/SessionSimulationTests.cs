using Tyer.Comms.Peers;
using Tyer.Comms.Tests.Peers.Simulation;
using Tyer.Comms.Tests.Support;

namespace Tyer.Comms.Tests.Peers;

public class SessionSimulationTests
{
    private const int SeedCount = 4000;

    [Fact]
    public void Whatever_happens_to_links_and_nodes_messages_come_once_and_in_order_and_the_nodes_find_each_other_again()
    {
        long delivered = 0;
        long cuts = 0;
        long resets = 0;
        Seeds.ForEach(SeedCount, dice =>
        {
            var world = new SimWorld(dice);
            for (int step = 0; step < 1000; step++) world.Step(hasFaults: true);

            int calm = 0;
            while (!world.IsQuiet())
            {
                Assert.True(++calm < 30_000, $"Not connected and quiet after the faults: {Describe(world)}");
                world.Step(hasFaults: false);
            }

            world.CheckComplete();

            // What stands stays: no rule makes the nodes change links for nothing.
            SimEnd? attached = world.Nodes[0].Attached;
            for (int step = 0; step < 300; step++) world.Step(hasFaults: false);
            Assert.Same(attached, world.Nodes[0].Attached);
            delivered += world.Delivered;
            cuts += world.Cuts;
            resets += world.Resets;
        });

        // A simulation in which nothing happens would prove nothing.
        Assert.True(delivered > SeedCount * 20, $"{delivered} delivered");
        Assert.True(cuts > SeedCount * 5, $"{cuts} cuts");
        Assert.True(resets > SeedCount * 2, $"{resets} restarts");
    }

    [Fact]
    public void A_goodbye_is_said_after_everything_else_and_both_sides_come_to_rest() => Seeds.ForEach(1000, dice =>
    {
        var world = new SimWorld(dice);
        while (!world.IsQuiet()) world.Step(hasFaults: false);
        SimNode leaver = world.Nodes[0];
        SimNode stayer = world.Nodes[1];
        for (int i = dice.Below(30); i > 0; i--) leaver.Send();
        for (int i = dice.Below(30); i > 0; i--) stayer.Send();
        ulong sent = leaver.Sent;

        leaver.Post(new ConnectionEvent(ConnectionEventKind.Stop));
        leaver.Send();
        bool bothLeave = dice.OneIn(2);
        if (bothLeave) stayer.Post(new ConnectionEvent(ConnectionEventKind.Stop));
        for (int step = 0; !leaver.IsStopped; step++)
        {
            Assert.True(step < 30_000, $"Never stopped: {Describe(world)}");
            world.Step(hasFaults: false);
        }

        Assert.Equal(sent, leaver.Sent);
        if (bothLeave) return;

        int received = stayer.Received.TryGetValue(leaver.Identity.Incarnation, out List<ulong>? list) ? list.Count : 0;
        Assert.Equal((int)sent, received);
        Assert.True(stayer.Session.HasPeerLeft);
        ulong before = stayer.Sent;
        stayer.Send();
        Assert.Equal(before, stayer.Sent);
    });

    private static string Describe(SimWorld world) => string.Join("; ", world.Nodes.Select(node =>
        $"n{node.Identity.NodeId}.{node.Identity.Incarnation} {node.Connection.State}, with {node.Session.PeerIncarnation}, "
        + $"unacknowledged {node.Session.UnacknowledgedMessages}, links {node.Ends.Count}, dials {node.Dials.Count}, attached {node.Attached?.Id}, "
        + $"next tick {node.Connection.NextTick} at {world.Now}"));
}
