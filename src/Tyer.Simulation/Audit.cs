using System.Text;
using Tyer.Engine;
using Tyer.Engine.Directory;
using Tyer.Engine.Locks;
using Tyer.Engine.Orphans;
using Tyer.Hashing;
using Lock = Tyer.Engine.Locks.Lock;

namespace Tyer.Simulation;

/// <summary>Looks into the engines of all nodes at once, by the rules of recovery (I1 to I7).</summary>
internal static class Audit
{
    /// <summary>
    /// What holds at every moment, whatever is on its way: one node decides on a resource (I1); a lock is on one queue of one master; what
    /// owners were told goes together (I3).
    /// </summary>
    /// <param name="running">All that run, those who were evicted and are not proven gone included.</param>
    /// <param name="isMember">Which of them are in the present view.</param>
    internal static void CheckAlways(IReadOnlyCollection<SimNode> running, Func<SimNode, bool> isMember)
    {
        var masters = new Dictionary<ulong, MemberId>();
        var queued = new Dictionary<LockId, MemberId>();
        var held = new Dictionary<ulong, List<Lock>>();
        foreach (var node in running)
        {
            var counts = isMember(node);
            foreach (var resource in ResourcesOf(node))
            {
                if (!resource.IsInUse && resource.Role != ResourceRole.Active)
                    continue;
                if (resource.Role == ResourceRole.Active && !masters.TryAdd(resource.Hash, node.Id))
                    throw new ViolationException($"I1: {SimWorld.Name(masters[resource.Hash])} and {SimWorld.Name(node.Id)} are both master of {NameOf(resource)}");
                if (counts && resource.IsMastered)
                    CheckQueues(node, resource, queued);
                CheckHeld(node, resource, held);
            }
        }
    }

    /// <summary>What holds when nothing is on its way, and nobody waits for a view or a proof (I2, I7).</summary>
    internal static void CheckQuiet(IReadOnlyCollection<SimNode> members)
    {
        var byId = members.ToDictionary(node => node.Id.Node);
        foreach (var node in members)
        {
            foreach (var resource in ResourcesOf(node))
            {
                Require(resource.Parked is null or { Count: 0 }, node, resource, "has parked what others sent");
                Require((resource.Ties & ~(ResourceTies.Kept | ResourceTies.Keeps)) == ResourceTies.None, node, resource, $"still waits: {resource.Ties}");
                Require(resource.Role is ResourceRole.Client or ResourceRole.Active, node, resource, $"is still {resource.Role}");
                if (resource.Role == ResourceRole.Active)
                    CheckMastered(byId, node, resource);
                else
                    Require(resource.Queues.AreEmpty, node, resource, "has queues, and is not master");
                if (resource.Record != 0)
                    Require(byId.GetValueOrDefault(resource.Record) is { } master && Find(master, resource) is { Role: ResourceRole.Active }, node, resource, $"has a record of n{resource.Record}, who is not master");
                foreach (var owned in LocksOn(resource.Owned))
                    CheckOwned(byId, node, resource, owned);
                foreach (var copy in resource.Copies ?? [])
                    CheckCopy(byId, node, resource, copy);
            }
        }
    }

    /// <summary>The resources that a node does not know what to do with, for want of an answer.</summary>
    internal static string DescribeTied(IEnumerable<SimNode> nodes) => string.Join("; ", nodes
        .SelectMany(node => ResourcesOf(node).Where(resource => resource.Ties != ResourceTies.None).OrderByDescending(resource => resource.Ties).Take(5), (node, resource) =>
            $"{SimWorld.Name(node.Id)}: {NameOf(resource)} {resource.Role} {resource.Ties} master {resource.Master} owned {resource.Owned.Count} queued {resource.Queues.Count}"));

    /// <summary>What is left where nothing should be, in words.</summary>
    internal static string Describe(SimNode node)
    {
        var left = ResourcesOf(node).Select(each =>
            $"{NameOf(each)} {each.Role} {each.Ties} record {each.Record} master {each.Master} queues {each.Queues.Count} owned {each.Owned.Count} parked {each.Parked?.Count}");
        return $"{node.Engines.Sum(engine => engine.LockCount)} locks, {node.Engines.Sum(engine => engine.ResourceCount)} resources: {string.Join("; ", left.Take(5))}";
    }

    /// <summary>Who waits for whom, as the masters have it.</summary>
    internal static string DescribeWaits(IEnumerable<SimNode> nodes)
    {
        var waits =
            from node in nodes
            from resource in ResourcesOf(node)
            where resource.Queues.Converting.Count + resource.Queues.Waiting.Count > 0
            select $"{SimWorld.Name(node.Id)} {NameOf(resource)} {resource.Role}: {DescribeQueues(resource.Queues)}";
        return string.Join("; ", waits.Take(5));
    }

    private static string DescribeQueues(LockQueues queues)
    {
        var locks =
            from each in LocksOn(queues.Granted).Concat(LocksOn(queues.Converting)).Concat(LocksOn(queues.Waiting))
            select $"{each.Id} {each.Granted?.ToShortName()}>{each.Requested?.ToShortName()}{(each.OrphanOf == 0 ? "" : " orphan")}{(each.Session.HasDeparted ? " departed" : "")}";
        return string.Join(", ", locks.Take(5));
    }

    internal static IEnumerable<Resource> ResourcesOf(SimNode node)
    {
        foreach (var engine in node.Engines)
        {
            var table = engine.Core.Resources;
            for (var bucket = 0; bucket < table.Buckets; bucket++)
            {
                for (var each = table.FirstIn(bucket); each is not null; each = each.NextInBucket)
                    yield return each;
            }
        }
    }

    internal static IEnumerable<Lock> LocksOn(LockList list)
    {
        for (var each = list.First; each is not null; each = each.Next)
            yield return each;
    }

    private static void CheckQueues(SimNode node, Resource resource, Dictionary<LockId, MemberId> queued)
    {
        Check(resource.Queues.Granted, QueueKind.Granted);
        Check(resource.Queues.Converting, QueueKind.Converting);
        Check(resource.Queues.Waiting, QueueKind.Waiting);
        Check(resource.Staged, QueueKind.Staged);

        void Check(LockList list, QueueKind kind)
        {
            for (var each = list.First; each is not null; each = each.Next)
            {
                if (each.Queue != kind || each.Resource != resource)
                    throw new ViolationException($"I7: {SimWorld.Name(node.Id)} has {each.Id} on a queue that it does not know of ({NameOf(resource)})");
                if (!queued.TryAdd(each.Id, node.Id))
                    throw new ViolationException($"I1: {each.Id} is on a queue of {SimWorld.Name(queued[each.Id])} and on one of {SimWorld.Name(node.Id)}");
            }
        }
    }

    private static void CheckHeld(SimNode node, Resource resource, Dictionary<ulong, List<Lock>> held)
    {
        Check(resource.Owned);
        Check(resource.Staged);
        Check(resource.Queues.Granted);
        Check(resource.Queues.Converting);

        // Those that the node owns, that somebody was told of and has not let go of, and who is there to act under them.
        void Check(LockList list)
        {
            for (var each = list.First; each is not null; each = each.Next)
            {
                if (each.Id.Node != node.Id.Node || each is not { Granted: not null, Ending: false, OrphanOf: 0 } || each.Session.HasDeparted)
                    continue;
                if (!held.TryGetValue(resource.Hash, out var others))
                    held.Add(resource.Hash, others = []);
                foreach (var other in others)
                {
                    if (!LockModes.IsCompatible(other.EffectiveMode, each.EffectiveMode))
                        throw new ViolationException($"I3: on {NameOf(resource)} {other.Id} has {other.EffectiveMode.ToShortName()} beside {each.Id} in {each.EffectiveMode.ToShortName()}");
                }

                others.Add(each);
            }
        }
    }

    private static void CheckMastered(Dictionary<uint, SimNode> members, SimNode node, Resource resource)
    {
        var directory = members[node.View!.Placement.NodeOf(resource.Slot)];
        Require(Find(directory, resource)?.Record == node.Id.Node, node, resource, $"is master, and n{directory.Id.Node} has no record of it");
        var queues = resource.Queues;
        var holding = LocksOn(queues.Granted).Concat(LocksOn(queues.Converting)).ToArray();
        foreach (var one in holding)
        {
            foreach (var other in holding)
                Require(one == other || LockModes.IsCompatible(one.Granted!.Value, other.Granted!.Value), node, resource, $"counts {one.Id} in {one.Granted} beside {other.Id} in {other.Granted}");
        }

        foreach (var each in holding.Concat(LocksOn(queues.Waiting)))
        {
            Require(each.Queue != QueueKind.Granted == each.Requested is not null, node, resource, $"has {each.Id} on the wrong queue");
            Require(!each.Session.HasDeparted || each.OrphanOf != 0, node, resource, $"has {each.Id}, whose owner is proven gone");
            CheckKept(members, node, resource, each);
            if (each.Id.Node != node.Id.Node && !each.Session.HasDeparted)
                Require(members[each.Id.Node].Wiring.Shards.OfLock(each.Id)?.Engine.Core.Locks.Find(each.Id) is { Queue: QueueKind.Owned }, node, resource, $"has {each.Id}, which its owner does not have");
        }
    }

    /// <summary>A persistent lock is known to two nodes wherever there is a second one to know it (K1), and to no more.</summary>
    private static void CheckKept(Dictionary<uint, SimNode> members, SimNode node, Resource resource, Lock held)
    {
        var keeper = CoreOf(node, resource).Keepers.KeeperOf(held);
        var isNeeded = held.Has(RawFlags.Persistent) && held.Granted is not null && (held.Id.Node == node.Id.Node || held.Session.HasDeparted);
        var isPossible = members.Keys.Any(member => member != node.Id.Node && member != held.Id.Node);
        Require((isNeeded && isPossible) == (keeper != 0), node, resource, $"has {held.Id} with keeper n{keeper}");
        Require(
            keeper == 0 || CoreOf(members[keeper], resource).Keeping.Find(held.Id)?.Master == node.Id.Node, node, resource, $"has {held.Id}, which its keeper n{keeper} does not have");
    }

    private static void CheckOwned(Dictionary<uint, SimNode> members, SimNode node, Resource resource, Lock owned)
    {
        Require(members.ContainsKey(resource.Master), node, resource, $"believes in n{resource.Master} as master");
        var mastered = CoreOf(members[resource.Master], resource).Locks.Find(owned.Id);
        Require(mastered is not null, node, resource, $"owns {owned.Id}, which its master n{resource.Master} does not have");
        // A waiting conversion may have been demoted, which is told with its end; then the master counts less than the owner.
        var isDemoted = mastered!.Queue == QueueKind.Converting && mastered.StatusFlags.HasFlag(StatusFlags.Demoted);
        Require(
            mastered.Requested == owned.Requested && mastered.Applied == owned.Operation && mastered.Token == owned.Token
            && (isDemoted || mastered.Granted == owned.Granted),
            node,
            resource,
            $"has {owned.Id} as {owned.Granted}->{owned.Requested} op {owned.Operation} token {owned.Token}, and n{resource.Master} as {mastered.Granted}->{mastered.Requested} op {mastered.Applied} token {mastered.Token}");
    }

    private static void CheckCopy(Dictionary<uint, SimNode> members, SimNode node, Resource resource, KeptCopy copy)
    {
        var master = members.GetValueOrDefault(copy.Master);
        var held = master is null ? null : CoreOf(master, resource).Locks.Find(copy.Id);
        Require(held is not null && CoreOf(master!, resource).Keepers.KeeperOf(held) == node.Id.Node, node, resource, $"keeps {copy.Id} for n{copy.Master}, who knows nothing of that");
        // Of a mode that was lowered while its lock waits for another the keeper hears when that is over.
        Require(held!.Queue == QueueKind.Converting || (held.Granted, held.Token) == (copy.Mode, copy.Token), node, resource, $"keeps {copy.Id} in {copy.Mode} with {copy.Token}, which is in {held.Granted} with {held.Token}");
    }

    private static string NameOf(Resource resource) => Encoding.UTF8.GetString(resource.Name);

    private static EngineCore CoreOf(SimNode node, Resource resource) => node.Wiring.Shards.OfSlot(resource.Slot).Engine.Core;

    private static Resource? Find(SimNode node, Resource resource) =>
        CoreOf(node, resource).Resources.Find(
            resource.Space, Placement.HashOf(resource.Space, XxHash64.Hash(resource.Name)), resource.Name);

    private static void Require(bool holds, SimNode node, Resource resource, string otherwise)
    {
        if (!holds)
            throw new ViolationException($"I7: {SimWorld.Name(node.Id)} {otherwise} ({NameOf(resource)})");
    }
}
