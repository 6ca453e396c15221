using Tyer.Engine.Locks;
using Tyer.Engine.Messages;

namespace Tyer.Engine.Orphans;

/// <summary>
/// The keeper's side: copies of persistent locks that are nobody's here. Each knows the master who wants it kept, whatever else this node has to do
/// with the resource; when that one departs, it is sent to the next with this node's own locks there (<see cref="Recovery.Homes"/>).
/// </summary>
internal sealed class Keeping(EngineCore core)
{
    private readonly Dictionary<LockId, KeptCopy> _copies = [];
    private readonly List<Resource> _left = [];

    internal KeptCopy? Find(LockId id) => _copies.GetValueOrDefault(id);

    // What masters say.

    /// <summary>A master says how a lock is that it wants kept. False if no node that follows the protocol says it.</summary>
    internal bool Keep(uint from, in Message message, ulong hash)
    {
        if (message.Mode is null || message.Lock.Node == core.Node || !IsOfMasterOrDeparted(from, message))
            return false;
        var resource = core.Resources.FindOrAdd(message.Space, hash, message.Name, out _);
        Put(new KeptCopy(message, resource, master: from));
        Acknowledge(from, message);
        return true;
    }

    /// <summary>A master wants a lock kept no more.</summary>
    internal void Discard(uint from, in Message message)
    {
        // What waits for a new master is that one's to know about, too.
        if (Find(message.Lock) is { } copy && (copy.Master == 0 || copy.Master == from))
            Drop(copy);
        Acknowledge(from, message);
    }

    /// <summary>This node was master, and whoever is now takes it for the keeper of what it had (K7).</summary>
    internal void Keep(IEnumerable<KeptCopy> left)
    {
        foreach (var copy in left)
            Put(copy);
    }

    // Where a master departed.

    /// <summary>A view is being installed: what departed masters wanted kept waits for the next. What the living own they send themselves.</summary>
    internal void Depart(IReadOnlyList<MemberId> departed)
    {
        if (departed.Count == 0)
            return;
        foreach (var copy in _copies.Values.OrderBy(each => each.Id.Value).ToArray())
        {
            if (!departed.Any(gone => gone.Node == copy.Master))
                continue;
            if (core.View!.Has(copy.Owner))
            {
                Drop(copy);
                continue;
            }

            copy.Master = 0;
            if (!_left.Contains(copy.Resource))
                _left.Add(copy.Resource);
        }
    }

    /// <summary>And is to be sent to it, whoever this node took for master.</summary>
    internal void LookForMasters()
    {
        foreach (var resource in _left)
            core.Homes.CopiesLostMaster(resource);
        _left.Clear();
    }

    /// <summary>The copies on a resource that no living master has.</summary>
    internal static IEnumerable<KeptCopy> WithoutMaster(Resource resource) =>
        resource.Has(ResourceTies.Keeps) ? resource.Copies!.Where(copy => copy.Master == 0) : [];

    /// <summary>The new master has what it was sent.</summary>
    internal static void FoundMaster(Resource resource, uint master)
    {
        foreach (var copy in WithoutMaster(resource))
            copy.Master = master;
    }

    /// <summary>This node is the new master itself: it has the locks, and others are to keep them.</summary>
    internal void MoveInHere(Resource resource)
    {
        foreach (var copy in WithoutMaster(resource).ToArray())
        {
            core.Rebuilder.Stage(copy.Describe(), resource, keeper: 0);
            Drop(copy);
        }
    }

    // What a new master makes of it.

    /// <summary>The session behind a lock whose owner departed, so that it goes, or becomes an orphan, with the proof.</summary>
    internal Session DepartedSessionOf(in Message message) =>
        core.Sessions.OfDeparted(new MemberId(message.Node, message.Number), message.Session, message.Process, message.Text);

    /// <summary>Whether a copy is of the sender's own lock, or of one who departed: a living owner elsewhere needs no keeper.</summary>
    internal bool IsOfMasterOrDeparted(uint from, in Message message) => message.Node == message.Lock.Node
        && (message.Node == from || !core.View!.Has(new MemberId(message.Node, message.Number)));

    /// <summary>Whether it is proven that a departed owner acts no more. Who came in later than that only knows who is unproven.</summary>
    internal bool IsProven(in Message message) => !core.Recovery.Membership.Unproven.Contains(new MemberId(message.Node, message.Number));

    private void Put(KeptCopy copy)
    {
        if (Find(copy.Id) is { } before)
            before.Resource.Copies!.Remove(before);
        _copies[copy.Id] = copy;
        (copy.Resource.Copies ??= []).Add(copy);
        copy.Resource.Ties |= ResourceTies.Keeps;
    }

    private void Drop(KeptCopy copy)
    {
        var resource = copy.Resource;
        _copies.Remove(copy.Id);
        resource.Copies!.Remove(copy);
        if (resource.Copies.Count > 0)
            return;
        resource.Ties &= ~ResourceTies.Keeps;
        core.LetRest(resource);
    }

    private void Acknowledge(uint from, in Message message) =>
        core.Send(from, new Message { Kind = MessageKind.Kept, Slot = message.Slot, Lock = message.Lock, Operation = message.Operation });
}
