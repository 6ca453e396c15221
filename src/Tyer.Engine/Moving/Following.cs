using Tyer.Engine.Locks;
using Tyer.Engine.Messages;
using Tyer.Engine.Owning;
using Lock = Tyer.Engine.Locks.Lock;

namespace Tyer.Engine.Moving;

/// <summary>
/// An owner's side of the move of a master: from the moment it is told (M1) until it knows who is master, what its sessions call for on
/// the resource waits here, and nothing is said. So nothing is ever on its way to one who is master no more, or not yet.
/// </summary>
/// <remarks>The old and the new master are owners too, if they have locks there; what they defer is kept with their own part of the move.</remarks>
internal sealed class Following(EngineCore core)
{
    private readonly List<Resource> _told = [];
    private readonly List<(Resource Resource, Move Move)> _left = [];

    // Calls that wait.

    internal static void Defer(Move move, Lock asker, in ConvertCall call)
    {
        asker.Sent = false;
        move.Deferred.Add(new DeferredCall
        {
            Kind = DeferredKind.Convert,
            Lock = asker.Id,
            Mode = call.Mode,
            Flags = call.NotifyBlocking ? call.Flags | EngineCore.NotifyBlocking : call.Flags,
            Value = call.GivesValue ? call.Value.ToArray() : null,
        });
    }

    internal static void DeferEnd(Move move, Lock ended, RawFlags flags, bool givesValue, ReadOnlySpan<byte> value) =>
        move.Deferred.Add(new DeferredCall { Kind = DeferredKind.End, Lock = ended.Id, Flags = flags, Value = givesValue ? value.ToArray() : null });

    internal static void DeferUndo(Move move, Lock waiting, RequestStatus status) =>
        move.Deferred.Add(new DeferredCall { Kind = DeferredKind.Undo, Lock = waiting.Id, Status = status });

    internal static void DeferOrphan(Move move, Lock left) =>
        move.Deferred.Add(new DeferredCall { Kind = DeferredKind.Orphan, Lock = left.Id });

    /// <summary>It is known who is master, or that nobody is: what has waited is carried out, in the order of the calls.</summary>
    internal void CarryOut(Move move)
    {
        foreach (var call in move.Deferred)
        {
            if (core.Locks.Find(call.Lock) is { } subject)
                CarryOut(subject, call);
        }

        move.Deferred.Clear();
    }

    // What the two masters say.

    /// <summary>The master is about to move (M1).</summary>
    internal void Moved(uint from, in Message message, ulong hash)
    {
        var resource = core.Resources.Find(message.Space, hash, message.Name);
        if (resource?.Move is { Phase: MovePhase.Expecting } expecting && expecting.From == from)
        {
            expecting.IsTold = true;
        }
        else if (resource is { Move: null, Owned.IsEmpty: false } && resource.Master == from && core.View!.Has(message.Node) && message.Node != core.Node)
        {
            resource.Move = new Move(from, message.Node, MovePhase.Told);
            core.Resources.SetMaster(resource, message.Node);
            _told.Add(resource);
        }

        core.Send(from, new Message { Kind = MessageKind.MovedNoted, Slot = message.Slot, Space = message.Space, Name = message.Name });
    }

    /// <summary>The new master has the locks: it is told who is behind them, and what has been called for since.</summary>
    internal void NewMaster(uint from, in Message message, ulong hash)
    {
        if (core.Resources.Find(message.Space, hash, message.Name) is { Move: { Phase: MovePhase.Told } move } resource && move.To == from)
            Follow(resource, move, from);
    }

    /// <summary>The old master is master still (M3, K7).</summary>
    internal void CalledOff(uint from, in Message message, ulong hash)
    {
        if (core.Resources.Find(message.Space, hash, message.Name) is not { Move: { } move } resource || move.From != from)
            return;
        if (move.Phase == MovePhase.Told)
            Follow(resource, move, from);
        else if (move.Phase == MovePhase.Expecting)
            core.TakingOver.CalledOff(resource, move);
    }

    /// <summary>Locks of this node have a new master: it gets to know whose they are.</summary>
    internal void IntroduceOwners(Resource resource, uint master)
    {
        for (var each = resource.Owned.First; each is not null; each = each.Next)
        {
            if (!each.Sent && !each.IsTakenIn)
                continue; // its request will do that
            core.Sessions.IntroduceTo(master, each.Session, resource.Slot);
            if (each.Session.HasLeft)
                core.Sessions.BidFarewellTo(master, each.Session);
        }
    }

    // A view in the middle (M3).

    /// <summary>If either master departed, it depends on what the other has: the directory will know. Else one of them will speak.</summary>
    internal void Stop(IReadOnlyList<MemberId> departed)
    {
        if (departed.Count == 0)
            return;
        for (var index = 0; index < _told.Count; index++)
        {
            var resource = _told[index];
            var move = resource.Move!;
            var gone = departed.FirstOrDefault(each => each.Node == move.From || each.Node == move.To).Node;
            if (gone == 0)
                continue;
            _told.RemoveAt(index--);
            resource.Move = null;
            core.Resources.SetMaster(resource, gone);
            _left.Add((resource, move));
        }
    }

    /// <summary>This node's part of a move is over with the view; what has waited is carried out when the view knows whose master is gone.</summary>
    internal void Leave(Resource resource, Move move) => _left.Add((resource, move));

    internal void CarryOutDeferred()
    {
        foreach (var (_, move) in _left)
            CarryOut(move);
    }

    /// <summary>And what was not sent before goes out.</summary>
    internal void GoOn()
    {
        foreach (var (resource, _) in _left)
        {
            core.Directory.Resolve(resource);
            core.LetRest(resource);
        }

        _left.Clear();
    }

    private void Follow(Resource resource, Move move, uint master)
    {
        resource.Move = null;
        _told.Remove(resource);
        core.Resources.SetMaster(resource, master);
        IntroduceOwners(resource, master);
        CarryOut(move);
        core.Directory.Resolve(resource);
        core.LetRest(resource);
    }

    private void CarryOut(Lock subject, DeferredCall call)
    {
        switch (call.Kind)
        {
            case DeferredKind.Convert when subject is { Pending: OperationKind.Convert, Granted: not null }:
                core.Owner.CarryOut(subject, new ConvertCall { Mode = call.Mode, Flags = call.Flags, GivesValue = call.Value is not null, Value = call.Value });
                break;
            case DeferredKind.End:
                core.Owner.CarryOutEnd(subject, call.Flags, call.Value is not null, call.Value);
                break;
            case DeferredKind.Undo when subject is { Pending: not OperationKind.None, Ending: false }:
                core.Owner.Undo(subject, call.Status);
                break;
            case DeferredKind.Orphan:
                core.Owner.CarryOutOrphan(subject);
                break;
        }
    }
}
