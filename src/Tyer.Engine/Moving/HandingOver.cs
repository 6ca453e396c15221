using Tyer.Engine.Locks;
using Tyer.Engine.Messages;
using Tyer.Engine.Orphans;
using Lock = Tyer.Engine.Locks.Lock;

namespace Tyer.Engine.Moving;

/// <summary>
/// The old master's side of a move: asks the new one, lets the queues stand still and tells the owners (M1), hands everything over (M2), and
/// goes on as master if the view changes before that (M3).
/// </summary>
internal sealed class HandingOver(EngineCore core)
{
    private readonly List<Resource> _moving = [];
    private readonly List<(Resource Resource, Move Move)> _stopped = [];
    private readonly List<Resource> _dropped = [];
    private readonly List<Resource> _parking = [];
    private readonly Dictionary<LockId, Resource> _arrived = [];

    /// <summary>How many are on their way, answered or not.</summary>
    internal int Count { get; private set; }

    /// <summary>How many were handed over without an answer so far: it is not known who is master of them.</summary>
    internal int Unanswered { get; private set; }

    /// <summary>
    /// Whether a resource can move now: only where nothing is in doubt, so that who has locks on it knows who is master; and not while it has
    /// locks of one who departed, which go with his proof. Orphans are nobody's; but where a keeper has a copy of a lock it stays (K7).
    /// </summary>
    internal bool MayMove(Resource resource) =>
        resource is { Role: ResourceRole.Active, Move: null, Ties: ResourceTies.None } && core.Recovery.Membership.IsSettled
        && !resource.Queues.HaveDeparted;

    internal bool Begin(Resource resource, uint to)
    {
        if (!MayMove(resource) || to == core.Node || !core.View!.Has(to))
            return false;
        resource.Move = new Move(core.Node, to, MovePhase.Asked);
        _moving.Add(resource);
        Count++;
        core.Send(to, EngineCore.About(MessageKind.Expect, resource));
        return true;
    }

    // Answers.

    /// <summary>The new master keeps what comes from here on, so that the owners may be told; or it does not want to.</summary>
    internal void Expected(uint from, in Message message, ulong hash)
    {
        if (Find(message, hash, MovePhase.Asked) is not { Move: { } move } resource || move.To != from)
            return;
        if ((message.Facts & MessageFacts.IsNotMaster) != 0)
        {
            if ((message.Facts & MessageFacts.NodeLeaves) != 0)
                core.Drain.NoteLeaving(from);
            Stay(resource);
            return;
        }

        if (resource.Has(ResourceTies.Kept))
        {
            // A lock was granted since of which somebody keeps a copy.
            core.Send(from, EngineCore.About(MessageKind.MoveCalledOff, resource));
            Stay(resource);
            return;
        }

        core.Resources.SetRole(resource, ResourceRole.Moving);
        move.Phase = MovePhase.Telling;
        TellOwners(resource, move);
        if (move.Unanswered.Count == 0)
            HandOver(resource, move);
    }

    /// <summary>An owner says nothing more to this node. When none does, all that there is to be handed over is here.</summary>
    internal void Noted(uint from, in Message message, ulong hash)
    {
        if (Find(message, hash, MovePhase.Telling) is not { Move: { } move } resource)
            return;
        if (move.Unanswered.Remove(from) && move.Unanswered.Count == 0)
            HandOver(resource, move);
    }

    /// <summary>The new master has it, or has not; or, a second time, the directory node knows.</summary>
    internal void Taken(uint from, in Message message, ulong hash)
    {
        if (core.Resources.Find(message.Space, hash, message.Name) is not { Move: { } move } resource || move.To != from)
            return;
        var isRecorded = (message.Facts & MessageFacts.IsRecorded) != 0;
        if (move.Phase == MovePhase.Forwarding && isRecorded)
        {
            End(resource);
            core.LetRest(resource);
        }
        else if (move.Phase == MovePhase.HandedOver && (message.Facts & MessageFacts.IsNotMaster) != 0)
        {
            TakeBack(resource, move);
        }
        else if (move.Phase == MovePhase.HandedOver)
        {
            LetGo(resource, move, isRecorded);
        }
    }

    // What comes meanwhile.

    /// <summary>What an owner sent before it was told goes along, in its order.</summary>
    internal bool TakesAlong(uint from, ReadOnlySpan<byte> bytes, LockId id)
    {
        if (Count == 0)
            return false;
        var resource = core.Locks.Find(id)?.Resource ?? _arrived.GetValueOrDefault(id);
        if (resource is not { Role: ResourceRole.Moving, Move: { } move })
            return false;
        move.Arrived.Add(new ParkedMessage(from, bytes.ToArray()));
        return true;
    }

    /// <summary>So does a request of one who is being told. Anybody else's waits until it can be said who is master.</summary>
    internal bool TakesAlong(uint from, ReadOnlySpan<byte> bytes, LockId id, Resource resource)
    {
        if (resource.Move is not { } move || !move.Unanswered.Contains(from))
            return false;
        move.Arrived.Add(new ParkedMessage(from, bytes.ToArray()));
        _arrived[id] = resource;
        return true;
    }

    // A view in the middle (M3).

    /// <summary>What was not handed over stays here. What was is the new master's to answer for; if that departed, its owners send it again.</summary>
    internal void Stop(IReadOnlyList<MemberId> departed)
    {
        foreach (var resource in _moving.ToArray())
        {
            var move = resource.Move!;
            foreach (var gone in departed)
            {
                move.Told.Remove(gone.Node);
                move.Arrived.RemoveAll(message => message.From == gone.Node);
                resource.Parked?.RemoveAll(message => message.From == gone.Node);
            }

            var isLost = departed.Any(gone => gone.Node == move.To);
            switch (move.Phase)
            {
                case MovePhase.Asked:
                    End(resource);
                    Count--;
                    core.LetRest(resource);
                    break;
                case MovePhase.Telling:
                    End(resource);
                    Count--;
                    core.Resources.SetRole(resource, ResourceRole.Active);
                    _stopped.Add((resource, move));
                    break;
                case MovePhase.HandedOver when isLost:
                    BecomeOwner(resource, move);
                    End(resource);
                    _dropped.Add(resource);
                    core.Following.Leave(resource, move);
                    break;
                case MovePhase.Forwarding when isLost:
                    End(resource);
                    _dropped.Add(resource);
                    break;
            }
        }
    }

    /// <summary>Where the new master departed, the directory node may still believe in this one.</summary>
    internal void Disown()
    {
        foreach (var resource in _dropped)
        {
            if (core.Directory.IsDirectoryOf(resource.Slot))
            {
                core.Resources.SetRecord(resource, 0);
                core.Recovery.Doubt(resource);
                _parking.Add(resource);
                continue;
            }

            core.Directory.TakeBackLookup(resource);
            core.Recovery.Disown(resource);
            core.Resources.SetRole(resource, ResourceRole.Releasing);
        }

        _dropped.Clear();
    }

    /// <summary>What stays here goes on.</summary>
    internal void GoOn()
    {
        foreach (var (resource, move) in _stopped.ToArray())
            GoOn(resource, move);
        _stopped.Clear();
        foreach (var resource in _parking)
        {
            if (resource.Role == ResourceRole.Client)
                core.Directory.HandParkedOn(resource);
            core.LetRest(resource);
        }

        _parking.Clear();
    }

    private void GoOn(Resource resource, Move move)
    {
        foreach (var told in move.Told)
            core.Send(told, EngineCore.About(MessageKind.MoveCalledOff, resource));
        foreach (var message in move.Arrived)
            core.Incoming.Handle(message.From, message.Bytes);
        core.Following.CarryOut(move);
        core.Directory.TakeInOwn(resource);
        core.Directory.HandParkedOn(resource);
        core.Recovery.AnswerAskersOf(resource);
        core.Master.Pass.Run(resource);
        core.LetRest(resource);
    }

    private Resource? Find(in Message message, ulong hash, MovePhase phase) =>
        core.Resources.Find(message.Space, hash, message.Name) is { Move: { } move } resource && move.Phase == phase ? resource : null;

    private void Stay(Resource resource)
    {
        End(resource);
        Count--;
        core.LetRest(resource);
        core.Drain.GoOn();
    }

    private void TellOwners(Resource resource, Move move)
    {
        move.Told.AddRange(resource.Queues.OwnersBeside(core.Node));
        move.Unanswered.AddRange(move.Told);
        var message = EngineCore.About(MessageKind.Moved, resource);
        message.Node = move.To;
        foreach (var node in move.Told)
            core.Send(node, message);
    }

    private void HandOver(Resource resource, Move move)
    {
        move.Phase = MovePhase.HandedOver;
        Unanswered++;
        NoteLeft(resource.Queues.Granted, move);
        NoteLeft(resource.Queues.Converting, move);
        var parts = new HandedParts(core, resource, move.To);
        parts.Send(resource.Queues.Granted);
        parts.Send(resource.Queues.Converting);
        parts.Send(resource.Queues.Waiting);
        foreach (var message in move.Arrived)
            parts.Send(message);
        var last = EngineCore.About(MessageKind.Move, resource);
        last.Number = core.Clock;
        if (resource.Value is { IsEmpty: false } value)
        {
            last.ValueState = value.State;
            last.ValueVersion = value.Version;
            last.Value = value.Bytes;
        }

        core.Send(move.To, last);
    }

    /// <summary>What nobody but the new master would know this node goes on knowing, as its keeper (K7).</summary>
    private void NoteLeft(LockList list, Move move)
    {
        for (var each = list.First; each is not null; each = each.Next)
        {
            if (!Keepers.IsNeededAt(move.To, each) || each.Id.Node == core.Node)
                continue;
            var owner = each.Session.HasDeparted ? new MemberId(each.Id.Node, each.Session.Incarnation) : core.View!.Find(each.Id.Node)!.Value.Id;
            move.Left.Add(new KeptCopy(KeptCopy.Describe(MessageKind.Keep, each, owner), each.Resource, move.To));
        }
    }

    /// <summary>The new master has it: this node is an owner like any other, or none.</summary>
    private void LetGo(Resource resource, Move move, bool isRecorded)
    {
        BecomeOwner(resource, move);
        if (core.Directory.IsDirectoryOf(resource.Slot))
        {
            core.Resources.SetRecord(resource, move.To);
            isRecorded = true;
        }

        if (isRecorded)
            End(resource);
        else
            move.Phase = MovePhase.Forwarding;
        core.Following.IntroduceOwners(resource, move.To);
        core.Following.CarryOut(move);
        core.Directory.HandParkedOn(resource);
        core.Recovery.AnswerAskersOf(resource);
        core.Directory.Resolve(resource);
        core.Recovery.CountMovedResource();
        core.LetRest(resource);
        core.Recovery.SayWhatIsDone();
        core.Drain.GoOn();
    }

    /// <summary>The new master did not take it, for it was in another view already: it is here still, and to be recorded in this one.</summary>
    private void TakeBack(Resource resource, Move move)
    {
        End(resource);
        Count--;
        core.Resources.SetRole(resource, ResourceRole.Active);
        if (core.Directory.IsDirectoryOf(resource.Slot))
        {
            core.Resources.SetRecord(resource, core.Node);
        }
        else
        {
            core.Recovery.Unrecord(resource);
            core.Directory.SendRecord(resource);
        }

        Unanswered--;
        move.Left.Clear();
        core.Keepers.Review(resource);
        GoOn(resource, move);
        core.Recovery.SayWhatIsDone();
    }

    /// <summary>Locks of others are forgotten, and so is what a former life of this node left behind; own ones have the new master.</summary>
    private void BecomeOwner(Resource resource, Move move)
    {
        Unanswered--;
        Count--;
        var queues = resource.Queues;
        while ((queues.Granted.First ?? queues.Converting.First ?? queues.Waiting.First) is { } each)
        {
            queues.Remove(each);
            if (each.Id.Node == core.Node && !each.Session.HasDeparted)
                Own(resource, each);
            else
                core.Forget(each);
        }

        resource.Value?.Clear();
        core.Resources.SetRole(resource, ResourceRole.Client);
        // Where it has passed through the hands of one who departed since, whoever is master next is looked for.
        core.Resources.SetMaster(resource, resource.Has(ResourceTies.Homeless) ? 0 : move.To);
        core.Keeping.Keep(move.Left);
    }

    private static void Own(Resource resource, Lock own)
    {
        resource.AddOwned(own);
        own.EndSent = false;
        // All that was asked for the master knows, but for a conversion that waits to be carried out.
        own.Sent = own.Pending != OperationKind.Convert || own.Confirmed;
        // While it keeps writers away it knows the value, if it does now (V1).
        own.IsCopyCurrent = own.Copy is { IsEmpty: false } copy && resource.Value is { IsEmpty: false } value
            && copy.Version == value.Version && copy.State == value.State && own.Granted is not null;
        if (own.IsCopyCurrent)
            own.NoteCopy(isRead: false);
    }

    private void End(Resource resource)
    {
        if (resource.Move!.Arrived.Count > 0)
        {
            foreach (var (id, _) in _arrived.Where(each => each.Value == resource).ToArray())
                _arrived.Remove(id);
        }

        resource.Move = null;
        _moving.Remove(resource);
    }
}
