using Tyer.Engine.Directory;
using Tyer.Engine.Locks;
using Tyer.Engine.Messages;
using Tyer.Engine.Moving;
using Tyer.Engine.Owning;
using Tyer.Hashing;

namespace Tyer.Engine;

/// <summary>
/// What other engines send, handed to the side that it is for. A message that cannot come from an engine that follows the protocol is
/// refused (false): whoever brought it closes that connection.
/// </summary>
internal sealed class Incoming(EngineCore core)
{
    private readonly List<EarlyMessage> _early = [];

    internal bool Receive(MemberId from, ulong view, ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
            return false;
        var mine = core.View?.Id ?? 0;
        if (core.View?.Has(from) != true)
        {
            // Of one who departed it is void. Of one who is to come it waits for the view that he comes with.
            return view <= mine || Keep(from, view, bytes);
        }

        if (view > mine && IsBoundToView((MessageKind)bytes[0]))
            return Keep(from, view, bytes);
        if (view < mine && IsOfOneView((MessageKind)bytes[0]))
            return true;
        if (_early.Count > 0 && IsBehindEarly(from, bytes))
        {
            if (IsForMasterHere(bytes))
                core.Recovery.CountHeld();
            return Keep(from, view, bytes);
        }

        return Handle(from.Node, bytes);
    }

    /// <summary>A view was installed: what came early is now in time.</summary>
    internal void TakeParked()
    {
        if (_early.Count == 0)
            return;
        var early = _early.ToArray();
        _early.Clear();
        foreach (var message in early)
            Receive(message.From, message.View, message.Bytes);
    }

    internal bool Handle(uint from, ReadOnlySpan<byte> bytes)
    {
        if (!MessageCodec.TryRead(bytes, out var message))
            return false;
        if (!message.Name.IsEmpty)
            return ReceiveNamed(from, bytes, message);
        switch (message.Kind)
        {
            case MessageKind.Introduce:
                core.Sessions.Introduced(from, message.Session, message.Process, message.Text);
                return true;
            case MessageKind.Farewell:
                core.Sessions.Left(from, message.Session);
                return true;
            case MessageKind.Kept:
                core.Keepers.Acknowledged(from, message);
                return true;
            case MessageKind.Discard:
                core.Keeping.Discard(from, message);
                return true;
            case MessageKind.Convert or MessageKind.Unlock or MessageKind.Cancel or MessageKind.Orphan:
                return message.Lock.Node == from && (core.HandingOver.TakesAlong(from, bytes, message.Lock) || FromOwner(from, message));
            default:
                return message.Lock.Node == core.Node && FromMaster(from, message);
        }
    }

    /// <summary>What this node had to say to a master that it now is itself.</summary>
    internal void HandleOwn(byte[] bytes)
    {
        if (MessageCodec.TryRead(bytes, out var message) && core.Locks.Find(message.Lock) is not null)
            FromOwner(core.Node, message);
    }

    /// <summary>What the old master sent along, to the new one. What the new one had sent to the old one is of its own locks.</summary>
    internal void HandleMoved(uint from, Resource resource, byte[] bytes)
    {
        if (from != core.Node)
        {
            Handle(from, bytes);
            return;
        }

        if (!MessageCodec.TryRead(bytes, out var message) || core.Locks.Find(message.Lock) is not { } own)
            return;
        var isRequest = message.Kind == MessageKind.Request && own.Queue == QueueKind.Owned && own.Resource == resource;
        if (isRequest && own.Ending)
        {
            core.Owner.EndWithoutMaster(own);
        }
        else if (isRequest)
        {
            resource.RemoveOwned(own);
            own.Sent = false;
            core.Master.Request(own);
        }
        else if (message.Kind == MessageKind.Convert && own.Granted is { } held && message.Mode is { } mode && LockModes.IsDownConversion(held, mode))
        {
            // Whoever asked was told at once, and may wait for something else by now.
            var pending = own.Pending;
            own.Pending = OperationKind.None;
            FromOwner(from, message);
            own.Pending = pending;
        }
        else if (message.Kind is MessageKind.Convert or MessageKind.Unlock or MessageKind.Orphan || (message.Kind == MessageKind.Cancel && !own.Ending))
        {
            // The end of a lock overtakes the cancel of what it waits for.
            FromOwner(from, message);
        }
    }

    // These are of one view, and void in the next.
    private static bool IsOfOneView(MessageKind kind) => kind is MessageKind.Lookup or MessageKind.Locate or MessageKind.Master
        or MessageKind.Remove or MessageKind.Removed or MessageKind.Record or MessageKind.Recorded
        or MessageKind.Expect or MessageKind.Expected or MessageKind.Moved or MessageKind.MovedNoted
        or MessageKind.MovedSession or MessageKind.MovedLock or MessageKind.MovedMessage;

    // Locks go on between those who stay, whatever their views; who is master, and where its locks are, is of one view.
    private static bool IsBoundToView(MessageKind kind) =>
        IsOfOneView(kind) || kind is MessageKind.Rebuild or MessageKind.RebuildKept or MessageKind.RebuildEnd or MessageKind.Rebuilt or MessageKind.Move
        or MessageKind.Keep;

    private bool Keep(MemberId from, ulong view, ReadOnlySpan<byte> bytes)
    {
        if (!MessageCodec.TryRead(bytes, out var message))
            return false;
        _early.Add(new EarlyMessage(from, view, bytes.ToArray(), message.Slot, HashOf(message)));
        return true;
    }

    /// <summary>Messages of one node about one resource are taken in the order sent; where the resource is not known, by its slot.</summary>
    private bool IsBehindEarly(MemberId from, ReadOnlySpan<byte> bytes)
    {
        if (!MessageCodec.TryRead(bytes, out var message))
            return false;
        var hash = HashOf(message);
        foreach (var early in _early)
        {
            if (early.From == from && (hash == 0 || early.Hash == 0 ? early.Slot == message.Slot : early.Hash == hash))
                return true;
        }

        return false;
    }

    private bool IsForMasterHere(ReadOnlySpan<byte> bytes)
    {
        if (!MessageCodec.TryRead(bytes, out var message))
            return false;
        var resource = message.Name.IsEmpty ? core.Locks.Find(message.Lock)?.Resource : core.Resources.Find(message.Space, HashOf(message), message.Name);
        return resource is { Role: ResourceRole.Active };
    }

    private ulong HashOf(in Message message)
    {
        if (!message.Name.IsEmpty)
            return Placement.HashOf(message.Space, XxHash64.Hash(message.Name));
        return core.Locks.Find(message.Lock) is { } known ? known.Resource.Hash : 0;
    }

    /// <summary>A new lock of another node, for a resource mastered here.</summary>
    internal void Request(uint from, in Message message, Resource resource)
    {
        if (core.Locks.Find(message.Lock) is { } known)
        {
            core.Master.Repeat(known);
            return;
        }

        var asker = core.Locks.Add(message.Lock);
        asker.Session = core.Sessions.Of(from, message.Session);
        asker.Session.Add(asker);
        asker.Resource = resource;
        asker.Flags = message.Flags;
        asker.Requested = message.Mode;
        asker.Operation = message.Operation;
        asker.Transaction = message.Transaction;
        asker.Note = message.Note.IsEmpty ? null : message.Note.ToArray();
        asker.WaitingSince = core.Now;
        core.Master.Request(asker);
        core.LetRest(resource);
    }

    private bool ReceiveNamed(uint from, ReadOnlySpan<byte> bytes, in Message message)
    {
        var hash = Placement.HashOf(message.Space, XxHash64.Hash(message.Name));
        if (Placement.SlotOf(hash) != message.Slot)
            return false;
        if (message.Kind is MessageKind.Lookup or MessageKind.Request && (message.Lock.Node != from || message.Mode is null))
            return false;
        if (message.Kind is MessageKind.Remove or MessageKind.Master or MessageKind.Move && message.Number > EngineCore.ClockMax)
            return false;
        switch (message.Kind)
        {
            case MessageKind.Lookup or MessageKind.Locate:
                core.Directory.Lookup(from, bytes, message, hash);
                return true;
            case MessageKind.Record:
                return core.Directory.Record(from, message, hash);
            case MessageKind.Recorded:
                core.Directory.Recorded(message, hash);
                return true;
            case MessageKind.Rebuild:
                return message.Lock.Node == from && core.Rebuilder.TakeIn(from, bytes, message, hash);
            case MessageKind.RebuildKept:
                return message.Mode is not null && core.Rebuilder.TakeInKept(from, bytes, message, hash);
            case MessageKind.RebuildEnd:
                core.Rebuilder.TakenIn(from, bytes, message, hash);
                return true;
            case MessageKind.Rebuilt:
                core.Homes.Rebuilt(from, message, hash);
                return true;
            case MessageKind.Remove:
                core.Directory.Remove(from, message, hash);
                return true;
            case MessageKind.Master:
                core.Directory.Answered(from, message, hash);
                return true;
            case MessageKind.Removed:
                core.Directory.Removed(message, hash);
                return true;
            case MessageKind.Expect:
                core.TakingOver.Expect(from, message, hash);
                return true;
            case MessageKind.Expected:
                core.HandingOver.Expected(from, message, hash);
                return true;
            case MessageKind.Moved:
                core.Following.Moved(from, message, hash);
                return true;
            case MessageKind.MovedNoted:
                core.HandingOver.Noted(from, message, hash);
                return true;
            case MessageKind.MovedSession or MessageKind.MovedLock or MessageKind.MovedMessage:
                core.TakingOver.Part(from, bytes, message, hash);
                return true;
            case MessageKind.Move:
                core.TakingOver.Take(from, message, hash);
                return true;
            case MessageKind.Taken:
                core.HandingOver.Taken(from, message, hash);
                return true;
            case MessageKind.NewMaster:
                core.Following.NewMaster(from, message, hash);
                return true;
            case MessageKind.MoveCalledOff:
                core.Following.CalledOff(from, message, hash);
                return true;
            case MessageKind.Keep:
                return core.Keeping.Keep(from, message, hash);
            case MessageKind.Request:
                ReceiveRequest(from, bytes, message, hash);
                return true;
            default:
                throw new InvariantBrokenException("every kind that names a resource has its place here");
        }
    }

    private void ReceiveRequest(uint from, ReadOnlySpan<byte> bytes, in Message message, ulong hash)
    {
        var resource = core.Resources.Find(message.Space, hash, message.Name);
        switch (resource?.Role)
        {
            case ResourceRole.Active or ResourceRole.Rebuilding:
                Request(from, message, resource);
                break;
            case ResourceRole.Moving when core.HandingOver.TakesAlong(from, bytes, message.Lock, resource):
                break;
            case ResourceRole.Asking or ResourceRole.Releasing or ResourceRole.Moving or ResourceRole.Expecting:
                resource.Park(from, bytes);
                break;
            default:
                core.Send(from, Reply(MessageKind.NotMaster, message) with { Node = resource?.Move is { Phase: MovePhase.Forwarding } move ? move.To : 0 });
                break;
        }
    }

    private bool FromOwner(uint from, in Message message)
    {
        if (core.Locks.Find(message.Lock) is not { } found)
        {
            // It has ended here already: an unlock is done, and there is nothing to undo.
            if (message.Kind == MessageKind.Unlock)
                core.Send(from, Reply(MessageKind.Unlocked, message));
            return message.Kind != MessageKind.Convert;
        }

        switch (message.Kind)
        {
            case MessageKind.Convert:
                return Convert(found, message);
            case MessageKind.Unlock:
                found.Operation = message.Operation;
                found.Flags |= message.Flags;
                found.StatusFlags = StatusFlags.None;
                Give(found, message);
                core.Master.Unlock(found);
                return true;
            case MessageKind.Cancel:
                core.Master.Cancel(found, message.Operation, message.Status);
                return true;
            default:
                if (found.Granted is null)
                    return false;
                core.Master.Orphan(found, message.Process);
                return true;
        }
    }

    private bool Convert(Lock asker, in Message message)
    {
        if (message.Mode is null)
            return false;
        if (message.Operation <= asker.Applied)
        {
            core.Master.Repeat(asker);
            return true;
        }

        if (asker.Requested is not null || asker.Granted is null)
            return false;

        asker.Operation = message.Operation;
        asker.Flags = message.Flags;
        asker.StatusFlags = StatusFlags.None;
        asker.Requested = message.Mode;
        Give(asker, message);
        core.Master.Convert(asker);
        return true;
    }

    private bool FromMaster(uint from, in Message message)
    {
        if (core.Locks.Find(message.Lock) is not { Queue: QueueKind.Owned } found)
        {
            // Cancelled here while a lookup carried the request along: no ghost of it stays at the master.
            if (message.Kind is MessageKind.Granted or MessageKind.Queued)
                core.Send(from, Reply(MessageKind.Unlock, message) with { Operation = message.Operation + 1, Flags = RawFlags.ForceUnlock });
            return true;
        }

        var isCurrent = message.Operation == found.Operation || (found.Ending && message.Operation == found.Operation - 1);
        switch (message.Kind)
        {
            case MessageKind.Queued when isCurrent:
                core.Resources.SetMaster(found.Resource, from);
                core.Owner.Queued(found, (long)message.Number);
                return true;
            case MessageKind.Granted when isCurrent && found.Pending != OperationKind.None:
                core.Resources.SetMaster(found.Resource, from);
                // Until it is known here the orphan that it adopted is kept elsewhere (K4).
                if (found is { Pending: OperationKind.Lock } && found.Has(RawFlags.Orphan))
                    core.Send(from, Reply(MessageKind.Kept, message));
                return Granted(found, message);
            case MessageKind.Denied when isCurrent && found.Pending != OperationKind.None:
                Denied(found, message);
                return true;
            case MessageKind.Unlocked:
                Gone(found);
                return true;
            case MessageKind.Blocking when message.Mode is { } wanted:
                OwnerSide.Blocking(found, new BlockingReport(wanted, message.Text, message.Note, (long)message.Number));
                return true;
            case MessageKind.NotMaster when isCurrent && found is { Pending: OperationKind.Lock, Confirmed: false }:
                core.Directory.NotMaster(from, found, message.Node);
                return true;
            case MessageKind.Adopted:
                Gone(found);
                return true;
            default:
                return true; // an answer to what has been overtaken
        }
    }

    private bool Granted(Lock granted, in Message message)
    {
        if (message.Mode is not { } mode)
            return false;
        granted.Granted = mode;
        granted.Requested = null;
        granted.Token = message.Token;
        granted.StatusFlags = message.StatusFlags;
        granted.Since = core.Now;
        granted.NoteCopy(isRead: message.ValueState is not null);
        if (message.ValueState is { } state)
            (granted.Copy ??= new ValueBuffer()).Set(message.Value, state, message.ValueVersion);
        core.Owner.Granted(granted, message.ValueState is not null);
        return true;
    }

    private void Denied(Lock denied, in Message message)
    {
        denied.Granted = message.Mode;
        denied.Requested = null;
        denied.StatusFlags = message.StatusFlags;
        core.Owner.Denied(denied, message.Status, WaitReport.FromBytes(message.Text));
        if (message.Mode is null && !denied.Ending)
            Forget(denied);
    }

    private void Gone(Lock ended)
    {
        core.Owner.Unlocked(ended);
        Forget(ended);
    }

    private void Forget(Lock ended)
    {
        var resource = ended.Resource;
        resource.RemoveOwned(ended);
        core.Forget(ended);
        core.LetRest(resource);
    }

    private static void Give(Lock giver, in Message message)
    {
        if (message.ValueState is not null)
            (giver.Given ??= new ValueBuffer()).Set(message.Value, LockValueState.Valid, 0);
        else
            giver.Given?.Clear();
    }

    private static Message Reply(MessageKind kind, in Message to) => new() { Kind = kind, Slot = to.Slot, Lock = to.Lock, Operation = to.Operation };
}

/// <summary>A message that is ahead of the view of this node.</summary>
internal readonly record struct EarlyMessage(MemberId From, ulong View, byte[] Bytes, ushort Slot, ulong Hash);
