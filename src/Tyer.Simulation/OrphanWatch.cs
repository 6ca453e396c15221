using Tyer.Engine;
using Tyer.Engine.Locks;
using Tyer.Engine.Moving;

namespace Tyer.Simulation;

/// <summary>
/// Sees to persistent locks by what clients were told of them: who is told of one is not the only node to know it (K2); it is not lost as long as
/// one of those nodes is there that knew it (K5, K6); and it does not come back when its owner was told that it has ended (K3).
/// </summary>
internal sealed class OrphanWatch(SimWorld world, Func<IEnumerable<SimNode>> lives)
{
    private readonly Dictionary<LockId, Known> _known = [];
    private readonly HashSet<LockId> _ended = [];
    private readonly Dictionary<string, int> _adoptions = [];
    private bool _isOver;

    /// <summary>A client is told that it holds a persistent lock.</summary>
    internal void Told(SimNode node, LockId id, string resource, int processId)
    {
        if (_isOver)
            return;
        var knowing = lives().Where(life => Knows(life, id)).ToArray();
        var others = node.View!.Members.Count(member => member.Node != node.Id.Node);
        if (others > 0 && knowing.Length < 2)
            throw new ViolationException($"K2: {SimWorld.Name(node.Id)} tells of {id} on {resource}, which no other node knows");
        _known[id] = new Known(resource, processId) { By = [.. knowing.Where(life => AnswersFor(life, id))] };
        world.Count("persistent locks told");
    }

    /// <summary>Its owner wants it no more, or it is not to stay any more: what becomes of it is not looked at.</summary>
    internal void LetGo(LockId id) => _known.Remove(id);

    /// <summary>Its owner, who had been told that he has it, was told that it is gone.</summary>
    internal void Ended(LockId id) => _ended.Add(id);

    /// <summary>An operator ended it.</summary>
    internal void Purged(LockId id)
    {
        world.Count("orphans purged");
        LetGo(id);
    }

    /// <summary>The orphans of a process are about to be ended.</summary>
    internal void PurgedOf(int processId)
    {
        foreach (var (id, _) in _known.Where(each => each.Value.ProcessId == processId).ToArray())
            LetGo(id);
    }

    /// <summary>Somebody wants to adopt what there is. Which one it becomes the master decides.</summary>
    internal void AdoptionAsked(string resource)
    {
        world.Count("adoptions asked for");
        _adoptions[resource] = _adoptions.GetValueOrDefault(resource) + 1;
    }

    /// <summary>From here on orphans are cleared away.</summary>
    internal void End() => _isOver = true;

    internal void Check(IReadOnlyCollection<SimNode> members)
    {
        if (_isOver)
            return;
        foreach (var (id, known) in _known.ToArray())
        {
            if (members.Any(member => Knows(member, id)))
                known.By = [.. members.Where(member => AnswersFor(member, id))];
            else if (!IsExcused(known, members))
                throw new ViolationException($"K5: {id} on {known.Resource} is lost, though {string.Join(" and ", known.By.Where(members.Contains).Select(node => SimWorld.Name(node.Id)))} knew it");
            else
                _known.Remove(id);
        }
    }

    /// <summary>At rest: no orphan is there whose owner was told that it has ended.</summary>
    internal void CheckQuiet(IReadOnlyCollection<SimNode> members)
    {
        foreach (var member in members)
        {
            foreach (var resource in Audit.ResourcesOf(member).Where(resource => resource.Role == ResourceRole.Active))
            {
                if (Audit.LocksOn(resource.Queues.Granted).FirstOrDefault(each => _ended.Contains(each.Id)) is { } ghost)
                    throw new ViolationException($"K3: {ghost.Id} is held at {SimWorld.Name(member.Id)}, and its owner was told that it has ended");
            }
        }

        world.Count("persistent locks that outlived their owners' nodes", _known.Keys.Count(id => members.Any(member => Knows(member, id)) && members.All(member => member.Id.Node != id.Node || !Owns(member, id))));
    }

    /// <summary>All who knew it are gone; or it has been adopted.</summary>
    private bool IsExcused(Known known, IReadOnlyCollection<SimNode> members)
    {
        if (!known.By.Any(members.Contains))
        {
            world.Count("persistent locks lost with all that knew them");
            return true;
        }

        if (_adoptions.GetValueOrDefault(known.Resource) == 0)
            return false;
        _adoptions[known.Resource]--;
        return true;
    }

    private static bool Knows(SimNode life, LockId id) => life.Engines.Any(engine => Knows(engine.Core, id));

    private static bool Knows(EngineCore core, LockId id) =>
        core.Keeping.Find(id) is not null || core.Locks.Find(id) is { Granted: not null };

    /// <summary>Whether a node that knows a lock is to see to it that it stays: not one that has handed it over, and is not its keeper (K7).</summary>
    private static bool AnswersFor(SimNode life, LockId id) => life.Engines.Any(engine => Knows(engine.Core, id) && !HasHandedOver(engine.Core, id));

    private static bool HasHandedOver(EngineCore core, LockId id) =>
        core.Locks.Find(id)?.Resource.Move is { Phase: MovePhase.HandedOver } move && id.Node != core.Node && !move.Left.Exists(copy => copy.Id == id);

    private static bool Owns(SimNode life, LockId id) => life.Engines.Any(engine => engine.Core.Locks.Find(id) is { Session.HasDeparted: false });

    /// <summary>A lock that a client was told of as persistent.</summary>
    private sealed class Known(string resource, int processId)
    {
        internal string Resource => resource;

        internal int ProcessId => processId;

        /// <summary>The lives that knew it when it was last looked at, and were to see to it.</summary>
        internal IReadOnlyList<SimNode> By { get; set; } = [];
    }
}
