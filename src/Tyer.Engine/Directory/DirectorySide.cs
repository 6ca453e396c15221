using Tyer.Engine.Locks;
using Tyer.Engine.Messages;
using Tyer.Engine.Moving;
using Tyer.Engine.Owning;

namespace Tyer.Engine.Directory;

/// <summary>
/// Who is master of what: finding the master of a resource, answering those who ask (where this node is the directory node of a name),
/// and letting go of what nobody uses. <c>docs/architecture.md</c>, "Placement"; rules D1 to D8 of <c>docs/recovery.md</c>.
/// </summary>
internal sealed class DirectorySide(EngineCore core)
{
    private readonly List<Resource> _stragglers = [];

    /// <summary>Sends the requests of a resource that have not left yet to its master, or finds out first who that is.</summary>
    internal void Resolve(Resource resource)
    {
        // Where nothing is left of what a master may know of, it is to be told that.
        var isNeeded = !resource.Owned.IsEmpty || resource.Has(ResourceTies.Homeless);
        if (resource.Role != ResourceRole.Client || !isNeeded || core.View is null)
            return;
        if (resource.Master == 0)
            Ask(resource);
        else if (!resource.Has(ResourceTies.Homeless))
            SendUnsent(resource);
    }

    /// <summary>Everything that waited for the first view.</summary>
    internal void ResolveAll()
    {
        for (var bucket = 0; bucket < core.Resources.Buckets; bucket++)
        {
            for (var resource = core.Resources.FirstIn(bucket); resource is not null; resource = resource.NextInBucket)
                Resolve(resource);
        }
    }

    /// <summary>In a new view: what the directory has not answered is asked again, where the directory node is now (D1).</summary>
    internal void AskAllAgain()
    {
        foreach (var resource in core.Resources.WithRequestOut.ToArray())
            AskAgain(resource);
    }

    /// <summary>What a departed node sent, and has not been handled, is void.</summary>
    internal void DropParkedOf(uint departed)
    {
        foreach (var resource in core.Resources.WithRequestOut)
            resource.Parked?.RemoveAll(message => message.From == departed);
    }

    internal void AskAgain(Resource resource)
    {
        if (resource.Role == ResourceRole.Releasing)
        {
            LetGo(resource);
            return;
        }

        // The lookup may have been acted upon by one who was directory node and master. He knows a request that comes twice.
        TakeBackLookup(resource);
        AskWithout(resource);
    }

    // At the directory node.

    /// <summary>Somebody asks who is master. He is told, or becomes it, or waits until that can be said.</summary>
    internal void Lookup(uint from, ReadOnlySpan<byte> bytes, in Message message, ulong hash)
    {
        if (!IsDirectoryOf(message.Slot))
            return; // of another view: the asker asks again where the directory is now
        var resource = core.Resources.FindOrAdd(message.Space, hash, message.Name, out _);
        if (Nominate(from, resource, (message.Facts & MessageFacts.HasLocks) != 0) is not { } answer)
        {
            core.Recovery.KeepAsker(resource, from, bytes);
            return;
        }

        var told = EngineCore.About(MessageKind.Master, resource);
        told.Number = core.Clock;
        told.Node = answer.Master;
        told.Facts = answer.MustRebuild ? MessageFacts.MustRebuild : MessageFacts.None;
        core.Send(from, told);
        if (answer.Master == core.Node && message.Kind == MessageKind.Lookup)
            core.Incoming.Request(from, message, resource);
        core.Recovery.AnswerAskersOf(resource);
        core.LetRest(resource);
    }

    /// <summary>An idle master lets go.</summary>
    internal void Remove(uint from, in Message message, ulong hash)
    {
        if (core.Resources.Find(message.Space, hash, message.Name) is { } resource && resource.Record == from)
        {
            core.RaiseClock(message.Number);
            core.Resources.SetRecord(resource, 0);
            if ((message.Facts & MessageFacts.MustRebuild) != 0 && !core.Recovery.Membership.IsSettled)
                core.Recovery.Doubt(resource);
            // Who has been sent what is left here, if only that nothing is, has yet to say that it is not the master.
            if (resource.Role == ResourceRole.Client && resource.Master == from && resource.Owned.IsEmpty && !resource.Has(ResourceTies.Homeless))
                core.Resources.SetMaster(resource, 0);
            core.LetRest(resource);
        }
        else
        {
            // It was recorded in another view; its clock is as good.
            core.RaiseClock(message.Number);
        }

        core.Send(from, new Message { Kind = MessageKind.Removed, Slot = message.Slot, Space = message.Space, Name = message.Name });
    }

    /// <summary>A master whose directory node this is since the view changed (D8), or who took over from the one on record (M2).</summary>
    /// <returns>False if another is master: no node that follows the protocol says it then.</returns>
    internal bool Record(uint from, in Message message, ulong hash)
    {
        if (!IsDirectoryOf(message.Slot))
            return true;
        var resource = core.Resources.FindOrAdd(message.Space, hash, message.Name, out _);
        if (resource.IsMastered || (resource.Record != 0 && resource.Record != from && resource.Record != message.Node))
        {
            core.LetRest(resource);
            return false;
        }

        core.Resources.SetRecord(resource, from);
        core.Send(from, new Message { Kind = MessageKind.Recorded, Slot = message.Slot, Space = message.Space, Name = message.Name });
        core.Recovery.AnswerAskersOf(resource);
        core.LetRest(resource);
        return true;
    }

    // At those who asked.

    /// <summary>The directory's answer: we are master, or somebody else is.</summary>
    internal void Answered(uint from, in Message message, ulong hash)
    {
        if (core.Resources.Find(message.Space, hash, message.Name) is not { Role: ResourceRole.Asking } resource)
            return;
        // The lookup carried the first request. It was acted upon if the directory node is the master itself.
        if (message.Node != from)
            TakeBackLookup(resource);
        resource.Asker = default;
        if (message.Node == core.Node)
            BecomeMaster(resource, message.Number, (message.Facts & MessageFacts.MustRebuild) != 0);
        else
            FollowMaster(resource, message.Node);
    }

    /// <summary>Tells the directory node that this node is master, and who was before, if it took over.</summary>
    internal void SendRecord(Resource mastered)
    {
        var message = EngineCore.About(MessageKind.Record, mastered);
        message.Node = mastered.Move is { Phase: MovePhase.Recording } move ? move.From : 0;
        core.Send(core.View!.Placement.NodeOf(mastered.Slot), message);
    }

    internal void Recorded(in Message message, ulong hash)
    {
        if (core.Resources.Find(message.Space, hash, message.Name) is { } resource)
            core.Recovery.Recorded(resource);
    }

    /// <summary>The directory has forgotten us: we are no longer master, and what came meanwhile has to ask again.</summary>
    internal void Removed(in Message message, ulong hash)
    {
        if (core.Resources.Find(message.Space, hash, message.Name) is { Role: ResourceRole.Releasing } resource)
            Removed(resource);
    }

    /// <summary>The node we took for the master says that it is not: what was sent there goes out again when the master is known.</summary>
    /// <param name="from">The node.</param>
    /// <param name="refused">The lock whose request was sent there.</param>
    /// <param name="successor">Whom it handed the resource over to; 0: the directory is to be asked.</param>
    internal void NotMaster(uint from, Lock refused, uint successor)
    {
        var resource = refused.Resource;
        if (resource.Role == ResourceRole.Client && resource.Master == from)
            core.Resources.SetMaster(resource, successor != core.Node && core.View!.Has(successor) ? successor : 0);
        if (core.Owner.IsNoLongerWanted(refused))
            return;
        refused.Sent = false;
        if (HasOneSentTo(from, resource) && !_stragglers.Contains(resource))
            _stragglers.Add(resource);
        Resolve(resource);
    }

    /// <summary>
    /// Requests may be on their way to a node that has already said, to another, that it is not the master. If it departs, nobody answers them:
    /// they go out anew.
    /// </summary>
    internal void SendStragglers(IReadOnlyList<MemberId> departed)
    {
        foreach (var resource in _stragglers.ToArray())
        {
            foreach (var gone in departed)
                TakeBackSentTo(gone.Node, resource);
            if (!core.View!.Members.Any(member => HasOneSentTo(member.Node, resource)))
                _stragglers.Remove(resource);
            Resolve(resource);
        }
    }

    // Idle resources.

    internal void ReleaseIdle()
    {
        while (core.Idle.First is { } listed && core.Now - listed.ListedSince >= core.Options.IdleKept)
        {
            var idle = core.Idle.RemoveFirst();
            if (idle.IsInUse || idle.IsRecordOnly)
                continue;
            if (core.Now - idle.IdleSince < core.Options.IdleKept)
                core.Idle.Add(idle, core.Now);
            else if (idle.Role != ResourceRole.Active || core.View is null || IsDirectoryOf(idle.Slot))
                core.Resources.Remove(idle);
            else
                LetGo(idle);
        }
    }

    internal bool IsDirectoryOf(ushort slot) => core.View!.Placement.NodeOf(slot) == core.Node;

    internal void LetGo(Resource idle)
    {
        core.Resources.SetRole(idle, ResourceRole.Releasing);
        if (IsDirectoryOf(idle.Slot))
        {
            if (idle.Has(ResourceTies.Dropped))
                core.Recovery.Doubt(idle);
            core.Resources.SetRecord(idle, 0);
            Removed(idle);
            return;
        }

        var message = EngineCore.About(MessageKind.Remove, idle);
        message.Number = core.Clock;
        message.Facts = idle.Has(ResourceTies.Dropped) ? MessageFacts.MustRebuild : MessageFacts.None;
        core.Send(core.View!.Placement.NodeOf(idle.Slot), message);
    }

    private void Removed(Resource released)
    {
        core.Resources.SetRole(released, ResourceRole.Client);
        core.Resources.SetMaster(released, 0);
        core.Recovery.Disowned(released);
        HandParkedOn(released);
        Resolve(released);
        core.LetRest(released);
    }

    /// <summary>
    /// Who is master of a name, as far as its directory node can say; the asker becomes it if nobody is. Null: somebody may be who has not
    /// said so in this view yet (D3 to D5).
    /// </summary>
    private Nomination? Nominate(uint asker, Resource resource, bool hasLocks)
    {
        if (resource.IsMastered)
            return new Nomination(core.Node, MustRebuild: false);
        if (resource.Role == ResourceRole.Moving)
            return null; // it is not long until that can be said
        if (resource.Record != 0 && resource.Record != asker)
            return new Nomination(resource.Record, MustRebuild: false);
        var membership = core.Recovery.Membership;
        var isKnownFree = !hasLocks && !resource.Has(ResourceTies.Doubtful) && (resource.Record == asker || membership.HasServed(resource.Slot));
        if (!isKnownFree && !membership.IsDirectoryComplete)
            return null;
        core.Resources.SetRecord(resource, asker);
        if (isKnownFree || (membership.IsSettled && !hasLocks))
            return new Nomination(asker, MustRebuild: false);
        // Should the answer be void because the view changes, the next one is to say the same.
        if (!membership.IsSettled)
            core.Recovery.Doubt(resource);
        return new Nomination(asker, MustRebuild: true);
    }

    /// <summary>The request that the lookup carried is to go out by itself, unless somebody took it in.</summary>
    internal void TakeBackLookup(Resource resource)
    {
        if (core.Locks.Find(resource.Asker) is { IsTakenIn: false } asker && asker.Resource == resource)
            asker.Sent = false;
        resource.Asker = default;
    }

    private void Ask(Resource resource)
    {
        var directory = core.View!.Placement.NodeOf(resource.Slot);
        var asker = resource.Owned.First;
        while (asker is not null && (asker.Sent || asker.IsTakenIn))
            asker = asker.Next;
        if (directory == core.Node || asker is null || resource.Has(ResourceTies.Homeless))
        {
            AskWithout(resource);
            return;
        }

        core.Resources.SetRole(resource, ResourceRole.Asking);
        resource.Asker = asker.Id;
        core.Sessions.IntroduceTo(directory, asker.Session, resource.Slot);
        core.Send(directory, OwnerSide.RequestMessage(MessageKind.Lookup, asker));
        asker.Sent = true;
    }

    /// <summary>Asks without a request to be carried along.</summary>
    private void AskWithout(Resource resource)
    {
        core.Resources.SetRole(resource, ResourceRole.Asking);
        var hasLocks = resource.Has(ResourceTies.Homeless);
        if (!IsDirectoryOf(resource.Slot))
        {
            var message = EngineCore.About(MessageKind.Locate, resource);
            message.Facts = hasLocks ? MessageFacts.HasLocks : MessageFacts.None;
            core.Send(core.View!.Placement.NodeOf(resource.Slot), message);
            return;
        }

        if (Nominate(core.Node, resource, hasLocks) is not { } answer)
        {
            core.Recovery.KeepAsker(resource, core.Node, []);
            return;
        }

        if (answer.Master == core.Node)
            BecomeMaster(resource, core.Clock, answer.MustRebuild);
        else
            FollowMaster(resource, answer.Master);
        core.Recovery.AnswerAskersOf(resource);
    }

    private void FollowMaster(Resource resource, uint master)
    {
        core.Resources.SetRole(resource, ResourceRole.Client);
        if (resource.Has(ResourceTies.Homeless))
        {
            core.Homes.SendTo(resource, master);
        }
        else
        {
            // Whoever took in one of our locks is, whatever an older answer says.
            if (!HasTakenIn(resource))
                core.Resources.SetMaster(resource, master);
            SendUnsent(resource);
        }

        HandParkedOn(resource);
        core.LetRest(resource);
    }

    private void BecomeMaster(Resource resource, ulong clock, bool mustRebuild)
    {
        core.RaiseClock(clock);
        core.Resources.SetRole(resource, mustRebuild ? ResourceRole.Rebuilding : ResourceRole.Active);
        core.Resources.SetMaster(resource, 0);
        if (IsDirectoryOf(resource.Slot))
            core.Resources.SetRecord(resource, core.Node);
        if (mustRebuild)
        {
            core.Rebuilder.Begin(resource);
            HandParkedOn(resource);
            core.Rebuilder.FinishIfSettled(resource);
            return;
        }

        TakeInOwn(resource);
        HandParkedOn(resource);
        core.LetRest(resource);
    }

    /// <summary>What this node has asked for, and is master of now, itself.</summary>
    internal void TakeInOwn(Resource resource)
    {
        while (resource.Owned.First is { } asker)
        {
            // What a former master had taken in, and did not hand over, it has ended: cancelled, released, or given to who adopted it. Its word
            // for that may come later than the resource, which had another master between.
            var isAdopted = asker.OrphanOf != 0;
            var isUndone = asker is { Granted: null, Undoing: not null };
            Invariant.Check(asker.Ending || isAdopted || isUndone || !asker.IsTakenIn, "a lock has one master");
            if (isAdopted)
            {
                core.Owner.EndWithoutMaster(asker);
            }
            else if (!core.Owner.IsNoLongerWanted(asker))
            {
                resource.RemoveOwned(asker);
                asker.Sent = false;
                core.Master.Request(asker);
            }
        }
    }

    private void SendUnsent(Resource resource)
    {
        if (resource.Move is { Phase: MovePhase.Told })
            return;
        for (var each = resource.Owned.First; each is not null; each = each.Next)
        {
            if (!each.Sent && !each.IsTakenIn)
                core.Owner.SendRequest(each, resource.Master);
        }
    }

    private void TakeBackSentTo(uint node, Resource resource)
    {
        for (var each = resource.Owned.First; each is not null;)
        {
            var next = each.Next;
            if (IsOutTo(node, each) && !core.Owner.IsNoLongerWanted(each))
                each.Sent = false;
            each = next;
        }
    }

    private static bool HasOneSentTo(uint node, Resource resource)
    {
        for (var each = resource.Owned.First; each is not null; each = each.Next)
        {
            if (IsOutTo(node, each))
                return true;
        }

        return false;
    }

    private static bool IsOutTo(uint node, Lock each) => each is { Pending: OperationKind.Lock, Sent: true, IsTakenIn: false } && each.SentTo == node;

    private static bool HasTakenIn(Resource resource)
    {
        for (var each = resource.Owned.First; each is not null; each = each.Next)
        {
            if (each.IsTakenIn)
                return true;
        }

        return false;
    }

    /// <summary>What came while it was not known who is master is taken in as if it came now.</summary>
    internal void HandParkedOn(Resource resource)
    {
        if (resource.Parked is not { Count: > 0 } parked)
            return;
        resource.Parked = null;
        foreach (var message in parked)
            core.Incoming.Handle(message.From, message.Bytes);
    }

    /// <summary>What the directory node says to one who asks.</summary>
    /// <param name="Master">Who is master.</param>
    /// <param name="MustRebuild">To a new master: others may have locks there.</param>
    private readonly record struct Nomination(uint Master, bool MustRebuild);
}
