using Tyer.Engine.Directory;
using Tyer.Engine.Locks;
using Tyer.Engine.Orphans;
using Tyer.Hashing;
using Lock = Tyer.Engine.Locks.Lock;

namespace Tyer.Engine.Tests.Harness;

/// <summary>
/// What must be true of a cluster at any time (S1, I1, I3 of the recovery rules), and what when nothing is on its way and nobody waits for a
/// view or a proof (I2, I7).
/// </summary>
internal static class ClusterAudit
{
    /// <summary>
    /// Fails the test if two owners were told of modes that exclude each other, or two nodes decide on one resource; whatever is on its way,
    /// and with those counted who departed and may still act.
    /// </summary>
    internal static void CheckExclusion(EngineCluster cluster)
    {
        var lives = cluster.Nodes.Select(node => (Node: node, Engine: cluster[node]))
            .Concat(cluster.Unproven.Select(life => (life.Id.Node, life.Engine))).ToArray();
        var masters = new Dictionary<(uint Space, string Name), uint>();
        var holders = new Dictionary<(uint Space, string Name), List<Lock>>();
        foreach (var (node, engine) in lives)
        {
            foreach (var resource in ResourcesOf(engine))
            {
                var name = (resource.Space, Convert.ToHexString(resource.Name));
                if (resource.Role == ResourceRole.Active && !masters.TryAdd(name, node))
                    Assert.Fail($"n{masters[name]} and n{node} are both master of {System.Text.Encoding.UTF8.GetString(resource.Name)}");
                foreach (var held in HeldBy(node, resource))
                {
                    if (!holders.TryGetValue(name, out var others))
                        holders.Add(name, others = []);
                    foreach (var other in others)
                    {
                        Assert.True(
                            LockModes.IsCompatible(other.EffectiveMode, held.EffectiveMode),
                            $"n{other.Id.Node} holds {other.EffectiveMode} ({other.Id}) beside n{node} in {held.EffectiveMode} ({held.Id})");
                    }

                    others.Add(held);
                }
            }
        }
    }

    /// <summary>Fails the test if anything is wrong. The cluster must be quiet.</summary>
    internal static void Check(EngineCluster cluster)
    {
        Assert.True(cluster.IsQuiet, "An audit is for quiet clusters.");
        var masters = new Dictionary<(uint Space, string Name), uint>();
        foreach (var node in cluster.Nodes)
        {
            foreach (var resource in ResourcesOf(cluster[node]))
            {
                Assert.True(resource.Parked is null or { Count: 0 }, $"n{node} has parked messages");
                Assert.True(resource.Role is ResourceRole.Client or ResourceRole.Active, $"n{node} waits for an answer of the directory");
                if (resource.Role != ResourceRole.Active)
                {
                    Assert.True(resource.Queues.AreEmpty, $"n{node} has queues without being master");
                    continue;
                }

                var name = Convert.ToHexString(resource.Name);
                Assert.True(masters.TryAdd((resource.Space, name), node), "A resource has two masters.");
                CheckMastered(cluster, node, resource);
                Assert.True((resource.Ties & ~ResourceTies.Kept) == ResourceTies.None, $"n{node} still waits with a resource: {resource.Ties}");
                var directory = cluster.LastView!.Placement.NodeOf(resource.Slot);
                Assert.Equal(node, Find(cluster[directory], resource.Space, resource.Name).Record);
            }
        }

        foreach (var node in cluster.Nodes)
        {
            foreach (var resource in ResourcesOf(cluster[node]))
            {
                for (var owned = resource.Owned.First; owned is not null; owned = owned.Next)
                    CheckOwned(cluster, resource, owned);
                foreach (var copy in resource.Copies ?? [])
                    CheckCopy(cluster, node, copy);
            }
        }
    }

    /// <summary>A resource that an engine is known to have.</summary>
    internal static Resource Find(LockEngine engine, uint space, ReadOnlySpan<byte> name)
    {
        var found = engine.Core.Resources.Find(space, Placement.HashOf(space, XxHash64.Hash(name)), name);
        Assert.NotNull(found);
        return found;
    }

    internal static IEnumerable<Resource> ResourcesOf(LockEngine engine)
    {
        var table = engine.Core.Resources;
        for (var bucket = 0; bucket < table.Buckets; bucket++)
        {
            for (var each = table.FirstIn(bucket); each is not null; each = each.NextInBucket)
                yield return each;
        }
    }

    /// <summary>The locks of a node on a resource, wherever it is mastered, that somebody was told of, has not ended, and is there to act under.</summary>
    private static IEnumerable<Lock> HeldBy(uint node, Resource resource) =>
        from each in LocksOn(resource.Owned).Concat(LocksOn(resource.Staged)).Concat(LocksOn(resource.Queues.Granted)).Concat(LocksOn(resource.Queues.Converting))
        where each.Id.Node == node && each is { Granted: not null, Ending: false, OrphanOf: 0 }
        select each;

    private static void CheckMastered(EngineCluster cluster, uint node, Resource resource)
    {
        var queues = resource.Queues;
        var held = LocksOn(queues.Granted).Concat(LocksOn(queues.Converting)).ToArray();
        foreach (var one in held)
        {
            foreach (var other in held)
            {
                Assert.True(
                    one == other || LockModes.IsCompatible(one.Granted!.Value, other.Granted!.Value),
                    $"{one.Id} holds {one.Granted} beside {other.Id} in {other.Granted}");
            }
        }

        foreach (var each in held.Concat(LocksOn(queues.Waiting)))
        {
            Assert.Equal(each.Queue != QueueKind.Granted, each.Requested is not null);
            Assert.Equal(each.Queue == QueueKind.Waiting, each.Granted is null);
            Assert.False(each.Session.HasDeparted && each.OrphanOf == 0, $"n{node} masters a lock whose owner departed and acts no more");
            CheckKept(cluster, node, each);
            if (each.Id.Node == node || each.Session.HasDeparted)
                continue;
            var owner = cluster[each.Id.Node].Core.Locks.Find(each.Id);
            Assert.True(owner is { Queue: QueueKind.Owned }, $"n{node} masters a lock that its owner does not have");
        }
    }

    /// <summary>A persistent lock is known to two nodes wherever there is a second one to know it; and its keeper has it as it is.</summary>
    private static void CheckKept(EngineCluster cluster, uint node, Lock held)
    {
        var keeper = cluster[node].Core.Keepers.KeeperOf(held);
        var isNeeded = held.Has(RawFlags.Persistent) && held.Granted is not null && (held.Id.Node == node || held.Session.HasDeparted);
        var isPossible = cluster.LastView!.Members.Any(member => member.Node != node && member.Node != held.Id.Node);
        Assert.True((isNeeded && isPossible) == (keeper != 0), $"n{node} has {held.Id} with keeper n{keeper}");
        if (keeper == 0)
            return;
        var copy = cluster[keeper].Core.Keeping.Find(held.Id);
        Assert.True(copy is not null, $"n{keeper} does not keep {held.Id}");
        Assert.Equal(node, copy.Master);
        // Of a mode that was lowered while its lock waits for another the keeper hears when that is over.
        if (held.Queue != QueueKind.Converting)
            Assert.Equal((held.Granted, held.Token), (copy.Mode, copy.Token));
    }

    private static void CheckCopy(EngineCluster cluster, uint node, KeptCopy copy)
    {
        var master = cluster[copy.Master].Core;
        Assert.True(master.Locks.Find(copy.Id) is { } held && master.Keepers.KeeperOf(held) == node, $"n{node} keeps {copy.Id} for nobody");
    }

    private static void CheckOwned(EngineCluster cluster, Resource resource, Lock owned)
    {
        Assert.NotEqual(0u, resource.Master);
        var mastered = cluster[resource.Master].Core.Locks.Find(owned.Id);
        Assert.NotNull(mastered);
        Assert.Equal(mastered.Requested, owned.Requested);
        Assert.Equal(mastered.Requested is not null, owned.Pending != OperationKind.None);
        Assert.Equal(mastered.Applied, owned.Operation);
        Assert.Equal(mastered.Token, owned.Token);
        // A waiting conversion may have been demoted, which is told with its end; then the master counts less than the owner.
        var isDemoted = mastered.Queue == QueueKind.Converting && mastered.StatusFlags.HasFlag(StatusFlags.Demoted);
        if (!isDemoted)
            Assert.Equal(mastered.Granted, owned.Granted);
    }

    internal static IEnumerable<Lock> LocksOn(LockList list)
    {
        for (var each = list.First; each is not null; each = each.Next)
            yield return each;
    }
}
