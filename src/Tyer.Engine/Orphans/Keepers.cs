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
/// than is true, where a mode was lowered; a rebuild lowers it then (K6). As long as there is a copy anywhere, or may be, this node stays master of
/// the resource (K7): so a copy's master is always the one who made it, and only his death is to be reckoned with.
/// </remarks>
internal sealed class Keepers(EngineCore core)
{
    private readonly Dictionary<LockId, KeptLock> _kept = [];
    private readonly List<KeptLock> _adopted = [];

    /// <summary>How many resources stay here because others have copies of locks on them.</summary>
    internal int PinnedCount { get; private set; }

    /// <summary>Whether a lock is any business of keepers: nearly all are not.</summary>
    internal static bool MayConcern(Lock held) => held.Has(RawFlags.Persistent) || held.HasKeeper;

    /// <summary>Whether a lock that is to outlive its owner would be known to one node alone, were this node its master.</summary>
    internal static bool IsNeededAt(uint master, Lock held) =>
        held.Has(RawFlags.Persistent) && held.Granted is not null && (held.Session.HasDeparted || held.Id.Node == master);

    /// <summary>Who keeps a lock; 0: nobody.</summary>
    internal uint KeeperOf(Lock held) => Find(held) is { Then: not AfterKept.Forget } kept ? kept.Keeper : 0;

    /// <summary>Whether the owner of a lock has still to be told of its grant.</summary>
    internal bool IsHeldBack(Lock granted) => Find(granted)?.Then == AfterKept.TellGrant;

    /// <summary>Whether an orphan is about to end.</summary>
    internal bool IsEnding(Lock orphan) => Find(orphan)?.Then is AfterKept.End or AfterKept.Purge;

    // What becomes of a lock.

    /// <summary>A grant to an owner on this node: its keeper is to know of it first (K2).</summary>
    /// <returns>False: there is none, and the owner can be told.</returns>
    internal bool HoldsBack(Lock granted, bool valueRead)
    {
        Review(granted, isNews: true);
        if (granted.Id.Node != core.Node || KeeperOf(granted) == 0)
            return false;
        var kept = Find(granted)!;
        // One that is about to end is told that it did, and nothing before.
        if (kept.Then is AfterKept.End or AfterKept.Purge)
            return true;
        kept.ValueRead = valueRead;
        kept.Then = AfterKept.TellGrant;
        return true;
    }

    /// <summary>Sees to it that a lock has a keeper if it needs one, and else has none.</summary>
    /// <param name="held">The lock.</param>
    /// <param name="isNews">Whether a keeper that it has is to be told how it is now.</param>
    internal void Review(Lock held, bool isNews)
    {
        var kept = Find(held);
        if (kept?.Then is AfterKept.End or AfterKept.Purge)
            return;
        if (!IsNeededAt(core.Node, held))
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
        else if (kept.Then == AfterKept.Forget)
        {
            kept.Then = AfterKept.Nothing;
            Tell(kept);
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
        if (Find(ended) is not { Keeper: not 0 } kept || core.IsStopped)
            return false; // nobody answers
        if (kept.Then != AfterKept.Forget)
            SendDiscard(kept);
        kept.Then = then;
        return true;
    }

    /// <summary>
    /// An orphan went to a new owner. Its keeper may forget it when that has been told: before, the orphan is all that there is, should this
    /// node die (K4).
    /// </summary>
    internal void Adopted(Lock orphan, Lock adopter)
    {
        if (Find(orphan) is not { Keeper: not 0 } kept)
            return;
        kept.Adopter = adopter.Id;
        kept.Then = AfterKept.Nothing; // nobody is there any more to be told of a conversion
        _adopted.Add(kept);
        if (adopter.Id.Node == core.Node && !IsHeldBack(adopter))
            NotedByAdopter(adopter.Id);
    }

    /// <summary>A lock is not here any more. Its keeper need not keep it, but for one that is being adopted.</summary>
    internal void Gone(Lock gone)
    {
        var kept = Find(gone)!;
        gone.HasKeeper = false;
        kept.Lock = null;
        if (kept.Adopter == default)
            Forgo(kept);
    }

    /// <summary>A lock came here with a keeper: by whom it was rebuilt, or who was master before. 0: this node was the keeper, and is master now.</summary>
    internal void Note(Lock held, uint keeper) => SetKeeper(Add(held), keeper);

    /// <summary>A lock that is rebuilt by the copy of a keeper has another mode than that says.</summary>
    internal void Correct(Lock held)
    {
        if (KeeperOf(held) != 0)
            Tell(Find(held)!);
    }

    // What others say.

    /// <summary>A keeper has what it was told; or the owner of a lock has what it adopted.</summary>
    internal void Acknowledged(uint from, in Message message)
    {
        if (_kept.GetValueOrDefault(message.Lock) is { } kept && kept.Keeper == from && kept.Told == message.Operation)
            GoOn(kept);
        else if (message.Lock.Node == from)
            NotedByAdopter(message.Lock);
    }

    /// <summary>A keeper sends a lock to a master that needs nobody to: it has it by another way, or it has ended.</summary>
    internal void NotWanted(uint from, in Message message)
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
                SetKeeper(kept, 0);
        }
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

        foreach (var adopted in _adopted.Where(each => core.Locks.Find(each.Adopter) is not { Session.HasDeparted: false }).ToArray())
            NotedByAdopter(adopted.Adopter);
    }

    private KeptLock? Find(Lock held) => held.HasKeeper ? _kept[held.Id] : null;

    private KeptLock Add(Lock held)
    {
        var added = new KeptLock(held);
        _kept.Add(held.Id, added);
        held.HasKeeper = true;
        return added;
    }

    private void Remove(KeptLock kept)
    {
        SetKeeper(kept, 0);
        _kept.Remove(kept.Id);
        if (kept.Adopter != default)
            _adopted.Remove(kept);
        if (kept.Lock is { } held)
            held.HasKeeper = false;
    }

    private void SetKeeper(KeptLock kept, uint keeper)
    {
        var resource = kept.Resource;
        resource.KeptCount += (keeper == 0 ? 0 : 1) - (kept.Keeper == 0 ? 0 : 1);
        kept.Keeper = keeper;
        var isPinned = resource.KeptCount > 0;
        if (isPinned == resource.Has(ResourceTies.Kept))
            return;
        PinnedCount += isPinned ? 1 : -1;
        resource.Ties ^= ResourceTies.Kept;
    }

    private void Appoint(KeptLock kept)
    {
        // Not the node that it was on, in a new life: there it would be taken for its own.
        SetKeeper(kept, Placement.FirstBut(kept.Resource.Slot, core.View!.Members, core.Node, kept.Id.Node));
        if (kept.Keeper != 0)
            Tell(kept);
    }

    private void Replace(KeptLock kept)
    {
        if (kept.Then is AfterKept.Nothing or AfterKept.TellGrant && kept.Lock is not null)
            Appoint(kept);
        if (kept.Lock is null)
            Remove(kept); // the only one who had it is gone
        else if (kept.Keeper == 0)
            GoOn(kept); // nobody has to hear of it first
        core.LetRest(kept.Resource);
    }

    private void Tell(KeptLock kept)
    {
        var held = kept.Lock!;
        var owner = held.Session.HasDeparted ? new MemberId(held.Session.Node, held.Session.Incarnation) : core.View!.Find(core.Node)!.Value.Id;
        var message = KeptCopy.Describe(MessageKind.Keep, held, owner);
        message.Operation = ++kept.Told;
        core.Send(kept.Keeper, message);
    }

    /// <summary>It needs no keeper any more, and nobody waits for that; but as long as somebody may have a copy it is not forgotten.</summary>
    private void Forgo(KeptLock kept)
    {
        if (kept.Keeper == 0)
        {
            Remove(kept);
        }
        else
        {
            if (kept.Then is AfterKept.Nothing or AfterKept.TellGrant)
                SendDiscard(kept);
            kept.Then = AfterKept.Forget;
        }
    }

    private void SendDiscard(KeptLock kept) =>
        core.Send(kept.Keeper, new Message { Kind = MessageKind.Discard, Slot = kept.Resource.Slot, Lock = kept.Id, Operation = ++kept.Told });

    private void GoOn(KeptLock kept)
    {
        var (then, held, resource) = (kept.Then, kept.Lock, kept.Resource);
        kept.Then = AfterKept.Nothing;
        if (then is AfterKept.End or AfterKept.Purge or AfterKept.Forget)
            Remove(kept);
        switch (then)
        {
            case AfterKept.TellGrant:
                core.Master.Tell(held!, kept.ValueRead);
                NotedByAdopter(kept.Id);
                break;
            case AfterKept.End:
                core.Master.Unlock(held!);
                break;
            case AfterKept.Purge:
                core.Master.EndOrphan(held!);
                break;
            case AfterKept.Forget:
                core.LetRest(resource);
                break;
        }
    }

    private void NotedByAdopter(LockId adopter)
    {
        if (_adopted.Count > 0)
            EndAdoptionsOf(adopter);
    }

    // Apart, for it makes an object for what it looks for, and every release comes by.
    private void EndAdoptionsOf(LockId adopter)
    {
        foreach (var adopted in _adopted.FindAll(each => each.Adopter == adopter))
        {
            _adopted.Remove(adopted);
            adopted.Adopter = default;
            if (adopted.Lock is null)
                Forgo(adopted);
        }
    }
}
