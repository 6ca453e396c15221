using Tyer.Engine.Locks;

namespace Tyer.Simulation;

/// <summary>Those who look after orphans while everything goes on: some are adopted, by a client of any node, some purged.</summary>
internal sealed class SimRepairs(SimCluster cluster)
{
    private const long Every = 300 * TimeSpan.TicksPerMillisecond;

    private readonly SimWorld _world = cluster.World;
    private readonly SimRandom _chance = SimRandom.For(cluster.World.Seed, 3);

    /// <summary>From here on somebody comes now and then.</summary>
    internal void Begin()
    {
        if (_world.Now >= _world.Profile.Length)
            return;
        _world.In(SimWorld.Around(_chance, Every), () =>
        {
            Begin();
            Repair();
        });
    }

    private void Repair()
    {
        var running = cluster.RunningMembers.Where(node => node is { IsFrozen: false, View: not null }).ToArray();
        if (running.Length == 0)
            return;
        var master = _chance.Of(running);
        var repairers = cluster.ClientsOf(_chance.Of(running));
        var adopts = _chance.Permille(600);
        var isPersistent = _chance.Permille(500);
        var found = Audit.ResourcesOf(master).Where(resource => resource.Role == ResourceRole.Active)
            .SelectMany(resource => Audit.LocksOn(resource.Queues.Granted)).Where(each => each.OrphanOf != 0)
            .OrderBy(each => each.Id.Value).ToArray();
        if (found.Length == 0 || repairers.Count == 0)
            return;
        var orphan = _chance.Of(found);
        var (id, name, mode) = (orphan.Id, System.Text.Encoding.UTF8.GetString(orphan.Resource.Name), orphan.Granted!.Value);
        if (adopts)
        {
            _chance.Of(repairers).Adopt(name, mode, isPersistent);
            return;
        }

        master.Run(() =>
        {
            if (master.Wiring.Shards.Sum(engine => engine.PurgeOrphan(id) ? 1 : 0) == 0)
                return;
            _world.Tell($"{SimWorld.Name(master.Id)} purges {name} {id}");
            cluster.Orphans.Purged(id);
        });
    }
}
