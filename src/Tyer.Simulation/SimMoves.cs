using Tyer.Engine;
using Tyer.Engine.Directory;
using Tyer.Engine.Locks;

namespace Tyer.Simulation;

/// <summary>Masters that move: single ones as chance will, and all of a node that leaves.</summary>
internal sealed class SimMoves(SimCluster cluster)
{
    private const long LeavingMax = 5 * TimeSpan.TicksPerSecond;
    private const long LeavingEvery = 10 * TimeSpan.TicksPerMillisecond;

    private readonly SimWorld _world = cluster.World;
    private readonly SimRandom _chance = SimRandom.For(cluster.World.Seed, 2);

    /// <summary>From here on masters move now and then.</summary>
    internal void Begin()
    {
        if (_world.Profile.MoveEvery == 0 || _world.Now >= _world.Profile.Length)
            return;
        _world.In(SimWorld.Around(_chance, _world.Profile.MoveEvery), () =>
        {
            Begin();
            MoveSome();
        });
    }

    /// <summary>A node hands over what it masters until nothing is left, or it has lasted too long.</summary>
    internal void Leave(SimNode node, Action then)
    {
        var end = _world.Now + LeavingMax;
        Go();

        void Go()
        {
            if (!node.IsRunning)
                return;
            node.Run(() => node.Wiring.Shards.Sum(HandOverSome));
            var left = node.Engines.Sum(engine => engine.MasteredCount - engine.PinnedCount);
            if (left > 0 && _world.Now < end)
            {
                _world.In(LeavingEvery, Go);
                return;
            }

            _world.Count(left == 0 ? "left with everything handed over" : "left with something left");
            then();
        }
    }

    private static int HandOverSome(LockEngine engine)
    {
        engine.Leave();
        return engine.MasteredCount - engine.PinnedCount;
    }

    private void MoveSome()
    {
        var running = cluster.RunningMembers.Where(node => !node.IsFrozen && node.View is not null).ToArray();
        if (running.Length < 2)
            return;
        var from = _chance.Of(running);
        var to = _chance.Of(running);
        // By name, for the order of the table is chance of another kind.
        var mastered = Audit.ResourcesOf(from).Where(resource => resource.Role == ResourceRole.Active)
            .Select(resource => System.Text.Encoding.UTF8.GetString(resource.Name)).Order(StringComparer.Ordinal).ToArray();
        if (mastered.Length == 0)
            return;
        var chosen = new ResourceName(_chance.Of(mastered));
        from.Run(() =>
        {
            var shard = from.Wiring.Shards.OfHash(Placement.HashOf(SimNode.Space, chosen.Hash));
            using (shard.Enter())
            {
                if (!shard.Engine.Move(SimNode.Space, chosen, to.Id.Node))
                    return;
            }

            _world.Count("moves begun");
            _world.Tell($"{SimWorld.Name(from.Id)} moves {chosen} to {SimWorld.Name(to.Id)}");
        });
    }
}
