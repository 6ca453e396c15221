using Tyer.Engine;
using Tyer.Engine.Locks;
using Tyer.Engine.Messages;

namespace Tyer.Simulation;

/// <summary>Masters that move: single ones as chance will, and all of a node that leaves.</summary>
internal sealed class SimMoves(SimWorld world, IReadOnlyDictionary<uint, SimNode> nodes, SimRandom chance)
{
    private const long LeavingMax = 5 * TimeSpan.TicksPerSecond;
    private const long LeavingEvery = 10 * TimeSpan.TicksPerMillisecond;

    /// <summary>From here on masters move now and then.</summary>
    internal void Plan()
    {
        if (world.Profile.MoveEvery == 0 || world.Now >= world.Profile.Length)
            return;
        world.In(SimWorld.Around(chance, world.Profile.MoveEvery), () =>
        {
            Plan();
            MoveSome();
        });
    }

    /// <summary>A node hands over what it masters until nothing is left, or it has lasted too long.</summary>
    internal void Leave(SimNode node, Action then)
    {
        var end = world.Now + LeavingMax;
        Go();

        void Go()
        {
            if (!node.IsRunning)
                return;
            if (!node.IsFrozen)
                node.Engine.Leave();
            if (node.Engine.MasteredCount > 0 && world.Now < end)
            {
                world.In(LeavingEvery, Go);
                return;
            }

            world.Count(node.Engine.MasteredCount == 0 ? "left with everything handed over" : "left with something left");
            then();
        }
    }

    /// <summary>A node says, or takes for said, what has not been.</summary>
    internal static void MakeMistake(SimNode node, SimNetwork network, MemberId receiver, ulong view, in Message message)
    {
        var (from, to, said) = message.Kind switch
        {
            MessageKind.Expect => (node.Id, receiver, MessageKind.Move),
            MessageKind.Moved => (receiver, node.Id, MessageKind.MovedNoted),
            _ => (receiver, node.Id, MessageKind.Taken),
        };
        var bytes = new byte[MessageCodec.LengthMax];
        var made = new Message { Kind = said, Slot = message.Slot, Space = message.Space, Name = message.Name };
        if (said == MessageKind.Taken)
            made.Facts = MessageFacts.IsNotMaster;
        network.Send(from, to, view, bytes.AsSpan(0, MessageCodec.Write(made, bytes)));
    }

    private static IEnumerable<string> MasteredBy(LockEngine engine)
    {
        var table = engine.Core.Resources;
        for (var bucket = 0; bucket < table.Buckets; bucket++)
        {
            for (var each = table.FirstIn(bucket); each is not null; each = each.NextInBucket)
            {
                if (each.Role == ResourceRole.Active)
                    yield return System.Text.Encoding.UTF8.GetString(each.Name);
            }
        }
    }

    private void MoveSome()
    {
        var running = nodes.Values.Where(node => node is { IsRunning: true, IsFrozen: false, View: not null }).OrderBy(node => node.Id.Node).ToArray();
        if (running.Length < 2)
            return;
        var from = chance.Of(running);
        var to = chance.Of(running);
        // By name, for the order of the table is chance of another kind.
        var mastered = MasteredBy(from.Engine).Order(StringComparer.Ordinal).ToArray();
        if (mastered.Length == 0)
            return;
        var chosen = chance.Of(mastered);
        if (!from.Engine.Move(SimNode.Space, chosen, to.Id.Node))
            return;
        world.Count("moves begun");
        world.Tell($"{SimWorld.Name(from.Id)} moves {chosen} to {SimWorld.Name(to.Id)}");
    }
}
