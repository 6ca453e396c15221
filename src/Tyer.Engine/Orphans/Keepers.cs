using Tyer.Engine.Directory;
using Tyer.Engine.Locks;
using Tyer.Engine.Messages;
using Lock = Tyer.Engine.Locks.Lock;

namespace Tyer.Engine.Orphans;

/// <summary>
/// The master's side of keepers (<c>docs/recovery.md</c>, rules K1 to K7). A persistent lock is to outlive the death of any one node, so two
/// nodes know it: its owner's and its master's. Where these are one, or the owner has departed, another member keeps a copy.
/// </summary>
/// <remarks>
/// A copy never says less than the owner was told (K2: the keeper first), and a lock that ended has none (K3: the keeper first). It may say more
/// than is true, where a mode was lowered; a rebuild lowers it then (K6).
/// </remarks>
internal sealed class Keepers(EngineCore core)
{
    private readonly Dictionary<LockId, KeptLock> _kept = [];
    private readonly List<KeptLock> _waiting = [];
    private readonly List<Adoption> _adoptions = [];

    /// <summary>Whether a lock is any business of keepers: nearly all are not.</summary>
    internal static bool MayConcern(Lock held) => held.Has(RawFlags.Persistent) || held.HasKeeper;

    /// <summary>Who keeps a lock; 0: nobody.</summary>
    internal uint KeeperOf(Lock held) => Find(held)?.Keeper ?? 0;

    /// <summary>The other nodes that know a lock on a resource: its owners in their present lives, and keepers, in the order of the queues.</summary>
    internal List<uint> WhoKnow(Resource resource)
    {
        List<uint> nodes = [];
        AddAll(resource.Queues.Granted);
        AddAll(resource.Queues.Converting);
        AddAll(resource.Queues.Waiting);
        return nodes;

        void AddAll(LockList list)
        {
            for (var each = list.First; each is not null; each = each.Next)
            {
                if (!each.Session.HasDeparted)
                    Add(each.Id.Node);
                Add(KeeperOf(each));
            }
        }

        void Add(uint node)
        {
            if (node != 0 && node != core.Node && !nodes.Contains(node))
                nodes.Add(node);
        }
    }

    /// <summary>Whether a lock that is being rebuilt is here by the copy of a keeper.</summary>
    internal static bool IsByKeeper(Lock staged) => staged.HasKeeper;

    /// <summary>Whether the owner of a lock has still to be told of its grant.</summary>
    internal bool IsHeldBack(Lock granted) => Find(granted)?.Then == AfterKept.TellGrant;

    /// <summary>Whether an orphan is about to end.</summary>
    internal bool IsEnding(Lock orphan) => Find(orphan)?.Then is AfterKept.End or AfterKept.Purge;

    /// <summary>Whether somebody waits for a keeper's word on a resource: it does not move meanwhile.</summary>
    internal bool IsWaiting(Resource resource) =>
        _waiting.Exists(each => each.Resource == resource) || _adoptions.Exists(each => each.Resource == resource);

    // What becomes of a lock.

    /// <summary>A grant to an owner on this node: its keeper is to know of it first (K2).</summary>
    /// <returns>False: there is none, and the owner can be told.</returns>
    internal bool HoldsBack(Lock granted, bool valueRead)
    {
        Review(granted, isNews: true);
        if (granted.Id.Node != core.Node || Find(granted) is not { Keeper: not 0 } kept)
            return false;
        // One that is about to end is told that it did, and nothing before.
        if (kept.Then is AfterKept.End or AfterKept.Purge)
            return true;
        kept.ValueRead = valueRead;
        WaitFor(kept, AfterKept.TellGrant);
        return true;
    }

    /// <summary>Sees to it that a lock has a keeper if it needs one, and else has none.</summary>
    /// <param name="held">The lock.</param>
    /// <param name="isNews">Whether a keeper that it has is to be told how it is now.</param>
    internal void Review(Lock held, bool isNews)
    {
        var kept = Find(held);
        if (!IsNeeded(held))
        {
            if (kept is not null)
                Forgo(kept);
        }
        else if (kept is null)
        {
            Appoint(Add(held));
        }
        else if (kept.Keeper == 0)
        {
            Appoint(kept);
        }
        else if (isNews && kept.Then is AfterKept.Nothing or AfterKept.TellGrant)
        {
            Tell(kept);
        }
    }

    /// <summary>All locks of a resource that came here, by a rebuild or a move.</summary>
    internal void Review(Resource resource)
    {
        Review(resource.Queues.Granted);
        Review(resource.Queues.Converting);

        void Review(LockList list)
        {
            for (var each = list.First; each is not null; each = each.Next)
            {
                if (MayConcern(each))
                    this.Review(each, isNews: false);
            }
        }
    }

    /// <summary>The end of a lock, or of an orphan: its keeper is to forget it first (K3).</summary>
    /// <returns>False: there is no keeper, and it can end.</returns>
    internal bool DefersEnd(Lock ended, AfterKept then)
    {
        NotedByAdopter(ended.Id);
        if (Find(ended) is not { } kept)
            return false;
        if (kept.Keeper == 0 || core.IsStopped)
        {
            Drop(ended); // nobody answers
            return false;
        }

        kept.Told++;
        SendDiscard(kept);
        WaitFor(kept, then);
        return true;
    }

    /// <summary>
    /// An orphan went to a new owner. Its keeper may forget it when that has been told: before, the orphan is all that there is, should this
    /// node die (K4).
    /// </summary>
    internal void Adopted(Lock orphan, Lock adopter)
    {
        if (KeeperOf(orphan) is var keeper && keeper != 0)
        {
            _adoptions.Add(new Adoption(orphan.Id, adopter.Id, orphan.Resource, keeper));
            if (adopter.Id.Node == core.Node && !IsHeldBack(adopter))
                NotedByAdopter(adopter.Id);
        }

        Drop(orphan);
    }

    /// <summary>The lock is not here any more.</summary>
    internal void Drop(Lock gone)
    {
        if (Find(gone) is not { } dropped)
            return;
        gone.HasKeeper = false;
        _kept.Remove(gone.Id);
        _waiting.Remove(dropped);
    }

    /// <summary>A lock came here with a keeper, by whom it was rebuilt, or whom its former master named. 0: this node, who is master now.</summary>
    internal void Note(Lock held, uint keeper) => Add(held).Keeper = keeper;

    // What others say.

    /// <summary>A keeper has what it was told; or the owner of a lock has what it adopted.</summary>
    internal void Acknowledged(uint from, in Message message)
    {
        if (_kept.GetValueOrDefault(message.Lock) is { } kept && kept.Keeper == from && kept.Told == message.Operation)
            GoOn(kept);
        else if (message.Lock.Node == from)
            NotedByAdopter(message.Lock);
    }

    /// <summary>A keeper sends a lock again to a master that stayed. If it is none of its locks it missed being told so.</summary>
    internal void Claimed(uint from, in Message message)
    {
        if (_kept.GetValueOrDefault(message.Lock)?.Keeper != from)
            core.Send(from, new Message { Kind = MessageKind.Discard, Slot = message.Slot, Lock = message.Lock });
    }

    /// <summary>A view is being installed: from here on nothing is said to those who departed.</summary>
    internal void Depart(IReadOnlyList<MemberId> departed)
    {
        foreach (var kept in _kept.Values)
        {
            if (departed.Any(gone => gone.Node == kept.Keeper))
                kept.Keeper = 0;
        }

        _adoptions.RemoveAll(adoption => departed.Any(gone => gone.Node == adoption.Keeper));
    }

    /// <summary>A view was installed: other members keep what those who departed had kept, and what they had owned (K5).</summary>
    internal void Install(IReadOnlyList<MemberId> departed)
    {
        foreach (var kept in _kept.Values.OrderBy(each => each.Id.Value).ToArray())
        {
            // What went on because of another may have ended it.
            if (_kept.GetValueOrDefault(kept.Id) == kept && kept.Keeper == 0 && kept.Resource.Role == ResourceRole.Active)
                Replace(kept);
        }

        foreach (var member in departed)
        {
            foreach (var session in core.Sessions.DepartedOf(member))
            {
                foreach (var held in session.Locks())
                {
                    if (held.Queue == QueueKind.Granted && held.Resource.Role == ResourceRole.Active)
                        Review(held, isNews: false);
                }
            }
        }

        foreach (var adoption in _adoptions.Where(each => core.Locks.Find(each.Adopter) is not { Session.HasDeparted: false }).ToArray())
            NotedByAdopter(adoption.Adopter);
    }

    private KeptLock? Find(Lock held) => held.HasKeeper ? _kept[held.Id] : null;

    private KeptLock Add(Lock held)
    {
        var added = new KeptLock(held);
        _kept.Add(held.Id, added);
        held.HasKeeper = true;
        return added;
    }

    /// <summary>Whether no other node knows a lock that is to outlive its owner.</summary>
    private bool IsNeeded(Lock held) =>
        held.Has(RawFlags.Persistent) && held.Granted is not null && (held.Session.HasDeparted || held.Id.Node == core.Node);

    private void Appoint(KeptLock kept)
    {
        // Not the node that it was on, in a new life: there it would be taken for its own.
        kept.Keeper = Placement.FirstBut(kept.Resource.Slot, core.View!.Members, core.Node, kept.Id.Node);
        if (kept.Keeper != 0)
            Tell(kept);
    }

    private void Replace(KeptLock kept)
    {
        if (kept.Then is AfterKept.Nothing or AfterKept.TellGrant)
            Appoint(kept);
        if (kept.Keeper == 0)
            GoOn(kept); // nobody has to hear of it first
    }

    private void Tell(KeptLock kept)
    {
        var held = kept.Lock;
        var message = Keeping.CopyOf(MessageKind.Keep, held, held.Session.HasDeparted ? held.Session.Incarnation : core.View!.Find(core.Node)!.Value.Incarnation);
        message.Operation = ++kept.Told;
        core.Send(kept.Keeper, message);
    }

    /// <summary>A lock is not there any more after all: who kept it need not.</summary>
    internal void Forgo(Lock gone)
    {
        if (Find(gone) is { } kept)
            Forgo(kept);
    }

    /// <summary>It needs no keeper any more, and nobody waits for that.</summary>
    private void Forgo(KeptLock kept)
    {
        if (kept.Keeper != 0)
            SendDiscard(kept);
        Drop(kept.Lock);
    }

    private void SendDiscard(KeptLock kept) =>
        core.Send(kept.Keeper, new Message { Kind = MessageKind.Discard, Slot = kept.Resource.Slot, Lock = kept.Id, Operation = kept.Told });

    private void WaitFor(KeptLock kept, AfterKept then)
    {
        if (kept.Then == AfterKept.Nothing)
            _waiting.Add(kept);
        kept.Then = then;
    }

    private void WaitNoMore(KeptLock kept)
    {
        kept.Then = AfterKept.Nothing;
        _waiting.Remove(kept);
    }

    private void GoOn(KeptLock kept)
    {
        var (then, held) = (kept.Then, kept.Lock);
        WaitNoMore(kept);
        if (then is AfterKept.End or AfterKept.Purge)
            Drop(held);
        switch (then)
        {
            case AfterKept.TellGrant:
                core.Master.Tell(held, kept.ValueRead);
                NotedByAdopter(kept.Id);
                break;
            case AfterKept.End:
                core.Master.Unlock(held);
                break;
            case AfterKept.Purge:
                core.Master.EndOrphan(held);
                break;
        }

        if (then != AfterKept.Nothing)
            core.HandingOver.GoOnWith(kept.Resource);
    }

    private void NotedByAdopter(LockId adopter)
    {
        if (_adoptions.Count > 0)
            EndAdoptionsOf(adopter);
    }

    // Apart, for it makes an object for what it looks for, and every release comes by.
    private void EndAdoptionsOf(LockId adopter)
    {
        foreach (var adoption in _adoptions.FindAll(each => each.Adopter == adopter))
        {
            _adoptions.Remove(adoption);
            core.Send(adoption.Keeper, new Message { Kind = MessageKind.Discard, Slot = adoption.Resource.Slot, Lock = adoption.Orphan });
            core.HandingOver.GoOnWith(adoption.Resource);
        }
    }

    /// <summary>An orphan that went to somebody who need not know of it yet.</summary>
    private sealed record Adoption(LockId Orphan, LockId Adopter, Resource Resource, uint Keeper);
}
