using System.Runtime.CompilerServices;
using Tyer.Engine.Locks;
using Tyer.Engine.Mastering;
using Tyer.Engine.Messages;
using Tyer.Engine.Moving;

namespace Tyer.Engine.Owning;

/// <summary>
/// The owner's side of a lock: what its session asked for, what the master has answered. Where this node is the master the call goes
/// straight to <see cref="MasterSide"/>; else to the master by message, or, if nobody knows yet who that is, it waits with the
/// resource until the directory has answered.
/// </summary>
internal sealed class OwnerSide(EngineCore core)
{
    private readonly ulong _firstOfShard = LockId.Create(core.Node, (ulong)core.Options.Shard << EngineOptions.LockNumberBits).Value;
    private ulong _nextLockNumber = core.Options.FirstLockNumber;

    internal ulong NextLockNumber => _nextLockNumber;

    // Calls of sessions.

    internal RawResult Lock(Session session, in LockCall call, out LockId id)
    {
        id = default;
        var result = CallRules.CheckLock(call.Mode, call.Flags);
        if (result != RawResult.Accepted)
            return result;
        if (core.SettingsOf(call.Space) is not { } settings)
            return RawResult.UnknownLockspace;
        if (session.LockCount >= settings.LocksPerSessionMax)
            return RawResult.TooManyLocks;

        var resource = ResourceOf(call);
        var made = Make(session, resource, call.Mode, call.NotifyBlocking ? call.Flags | EngineCore.NotifyBlocking : call.Flags, call.Tag);
        id = made.Id;
        if (call.Transaction is { } transaction)
            made.Transaction = transaction;
        if (call.Note is { } note)
            made.Note = note;
        if (resource.IsMastered)
        {
            core.Master.Request(made);
        }
        else
        {
            resource.AddOwned(made);
            core.Directory.Resolve(resource);
        }

        core.LetRest(resource);
        WaitUntil(made, id, call.Deadline);
        return RawResult.Accepted;
    }

    // Flags that change nothing for a request that nobody is in the way of.
    private const RawFlags WithoutEffectAlone =
        RawFlags.NoQueue | RawFlags.NoQueueBast | RawFlags.ValBlk | RawFlags.Timeout | RawFlags.HeadQue | RawFlags.NoOrder
        | RawFlags.NoDlckWt | RawFlags.NoDlckBlk | RawFlags.AltPr | RawFlags.AltCw;

    /// <summary>
    /// What <see cref="Lock"/> and the answer of the master come to where this node is the master and nobody has or wants the resource, in
    /// one go; the caller is told by the result, and its observer of nothing.
    /// </summary>
    /// <returns>The lock, granted. Null: nothing has happened, and the call has to go the long way.</returns>
    internal Lock? TryLockAtOnce(Session session, uint space, ulong hash, in ResourceName name, LockMode mode, RawFlags flags, bool notifyBlocking, object? tag)
    {
        if ((flags & ~WithoutEffectAlone) != 0 || !LockModes.IsDefined(mode))
            return null;
        if (core.SettingsOf(space) is not { } settings || session.LockCount >= settings.LocksPerSessionMax)
            return null;
        if (core.Resources.Find(space, hash, name) is not { } resource || !core.Master.MayGrantAtOnce(resource))
            return null;

        var made = Make(session, resource, mode, notifyBlocking ? flags | EngineCore.NotifyBlocking : flags, tag);
        core.Master.GrantAtOnce(made, mode);
        made.Pending = OperationKind.None;
        NoteTold(made);
        return made;
    }

    /// <summary>The same for the end of a lock that nobody waits for, and that leaves no value.</summary>
    /// <returns>False: nothing has happened, and the call has to go the long way.</returns>
    internal bool TryUnlockAtOnce(Session session, Lock ended, LockId id)
    {
        if (ended.Id != id || ended.Session != session || ended.Ending || ended.Pending != OperationKind.None || !MasterSide.MayEndAtOnce(ended))
            return false;
        core.Master.EndAtOnce(ended);
        return true;
    }

    internal RawResult Convert(Session session, LockId id, in ConvertCall call)
    {
        if (OwnedBy(session, id) is not { } asker)
            return RawResult.UnknownLock;
        var result = CallRules.CheckConvert(call.Mode, call.Flags);
        if (result != RawResult.Accepted)
            return result;
        if (asker.Granted is not { } held || asker.Pending != OperationKind.None)
            return RawResult.Busy;
        if (call.Flags.HasFlag(RawFlags.QueCvt) && !LockModes.MayConvertStrictly(held, call.Mode))
            return RawResult.InvalidConversion;
        if (call.GivesValue && call.Value.Length > ValueSize(asker))
            return RawResult.ValueTooLong;

        asker.Pending = OperationKind.Convert;
        asker.WaitingSince = core.Now;
        if (asker.Resource.Move is { DefersCalls: true } move)
            Following.Defer(move, asker, call);
        else
            CarryOut(asker, call);
        WaitUntil(asker, id, call.Deadline);
        return RawResult.Accepted;
    }

    /// <summary>A conversion that was accepted, now or while the master moved.</summary>
    internal void CarryOut(Lock asker, in ConvertCall call)
    {
        asker.Flags = call.NotifyBlocking ? call.Flags | EngineCore.NotifyBlocking : call.Flags;
        asker.StatusFlags = StatusFlags.None;
        asker.Operation++;
        if (asker.Queue != QueueKind.Owned)
        {
            Give(asker, call.GivesValue, call.Value);
            asker.Requested = call.Mode;
            core.Master.Convert(asker);
        }
        else
        {
            ConvertElsewhere(asker, asker.Granted!.Value, call);
        }
    }

    internal RawResult Unlock(Session session, LockId id, RawFlags flags, bool givesValue, ReadOnlySpan<byte> value)
    {
        if (OwnedBy(session, id) is not { } ended)
            return RawResult.UnknownLock;
        var result = CallRules.CheckUnlock(flags);
        if (result != RawResult.Accepted)
            return result;
        var inFlight = ended.Pending != OperationKind.None && !ended.Confirmed;
        if (inFlight && !flags.HasFlag(RawFlags.ForceUnlock))
            return RawResult.Busy;
        if (givesValue && value.Length > ValueSize(ended))
            return RawResult.ValueTooLong;
        End(ended, flags, givesValue, value);
        return RawResult.Accepted;
    }

    /// <returns>The outcome, or null: it will be told, just after the end of the request that is to be undone.</returns>
    internal CancelOutcome? Cancel(Session session, LockId id)
    {
        if (OwnedBy(session, id) is not { } cancelled)
            return CancelOutcome.NotFound;
        if (cancelled.Pending == OperationKind.None)
            return CancelOutcome.AlreadyGranted;
        if (!cancelled.CancelAsked)
        {
            cancelled.CancelAsked = true;
            Undo(cancelled, RequestStatus.Cancelled);
        }

        return null;
    }

    /// <summary>The end of a session: persistent locks stay as orphans, the others go, and what they were writing is not to be trusted.</summary>
    internal void Close(Session session)
    {
        session.End();
        for (var each = session.FirstLock; each is not null;)
        {
            var next = each.NextOfSession;
            if (!each.Ending)
                Leave(each);
            each = next;
        }

        core.Sessions.Close(session);
        core.Sessions.BidFarewell(session);
    }

    /// <summary>Ends the orphans that a process of this node left in a lockspace; 0 = those of all. Returns how many.</summary>
    internal int Purge(uint space, int processId)
    {
        var purged = 0;
        for (var index = core.Sessions.WithOrphans.Count - 1; index >= 0; index--)
        {
            var session = core.Sessions.WithOrphans[index];
            if (processId != 0 && session.ProcessId != processId)
                continue;
            for (var each = session.FirstLock; each is not null;)
            {
                var next = each.NextOfSession;
                if (each.OrphanOf != 0 && !each.Ending && each.Resource.Space == space)
                {
                    End(each, RawFlags.ForceUnlock | RawFlags.IvValBlk, givesValue: false, []);
                    purged++;
                }

                each = next;
            }
        }

        return purged;
    }

    internal void RunDeadlines()
    {
        while (core.Deadlines.First is { } late && late.Deadline <= core.Now)
        {
            core.Deadlines.Remove(late);
            if (late.IsWatched)
                TellLongWait(late);
            else if (late.IsOverdue)
                GiveUp(late);
            else
                TimeOut(late);
        }
    }

    // Answers of the master.

    internal void Granted(Lock granted, bool valueRead)
    {
        // It was told when it asked: a down-conversion that was on its way to the master, while that moved here.
        if (granted.Pending == OperationKind.None)
            return;
        Complete(granted, granted.Pending, RequestStatus.Granted, valueRead, null);
    }

    internal void Denied(Lock denied, RequestStatus status, WaitReport? report)
    {
        Complete(denied, denied.Pending, status, valueRead: false, report);
    }

    internal void Queued(Lock waiting, long sequence)
    {
        waiting.Confirmed = true;
        waiting.Sent = true; // by a lookup that was thought to have been in vain, it may be
        waiting.Sequence = sequence;
        if (waiting.DeadlineIndex < 0 && !waiting.Ending)
            Watch(waiting);
        // The cancel may have come to a request that was still parked there, and found nothing.
        if (waiting.Undoing is { } status)
            SendCancel(waiting, status);
    }

    /// <summary>
    /// A request that was sent was not taken in and is to go another way: not so if it was cancelled, or its lock ended, meanwhile. That it
    /// was cannot be known where it went to, for there it never was. True if it is gone.
    /// </summary>
    internal bool IsNoLongerWanted(Lock returned)
    {
        if (returned.Ending)
            EndWithoutMaster(returned);
        else if (returned.Undoing is { } status)
            UndoUnsent(returned, status);
        else
            return false;
        return true;
    }

    internal void Unlocked(Lock ended)
    {
        // What the unlock overtook ends too, and first. In the mode last told: a demotion since then shows only where the master is here.
        if (ended.Pending != OperationKind.None)
        {
            ended.Granted = ended.ToldMode;
            Complete(ended, ended.Pending, RequestStatus.Cancelled, valueRead: false, null);
        }

        ended.Granted = null;
        ended.StatusFlags = StatusFlags.None; // of a grant that came between; told with that
        Complete(ended, OperationKind.Unlock, RequestStatus.Unlocked, valueRead: false, null);
    }

    internal static void Blocking(Lock holder, in BlockingReport report)
    {
        if (holder.Session.Observer is not { } observer || BlockingRules.AddsNothing(holder, report.Wanted))
            return;
        holder.ToldBlocking = report.Wanted;
        observer.Blocking(holder, report);
    }

    // The way to the master, once it is known who that is.

    internal void SendRequest(Lock asker, uint master)
    {
        core.Sessions.IntroduceTo(master, asker.Session, asker.Resource.Slot);
        var message = RequestMessage(MessageKind.Request, asker);
        core.Send(master, message);
        asker.Sent = true;
        asker.SentTo = master;
    }

    internal static Message RequestMessage(MessageKind kind, Lock asker)
    {
        var message = EngineCore.About(kind, asker.Resource);
        message.Lock = asker.Id;
        message.Operation = asker.Operation;
        message.Mode = asker.Requested;
        message.Flags = asker.Flags;
        message.Session = asker.Session.Number;
        message.Transaction = asker.Transaction;
        message.Note = asker.Note;
        return message;
    }

    /// <summary>A new lock, found by its id and with its session, and on no queue yet.</summary>
    private Lock Make(Session session, Resource resource, LockMode mode, RawFlags flags, object? tag)
    {
        var made = core.Locks.Add(new LockId(_firstOfShard | _nextLockNumber++));
        // Often the pooled object was last used for the same: to look costs less than to store a reference.
        if (made.Session != session)
            made.Session = session;
        if (made.Resource != resource)
            made.Resource = resource;
        made.Tag = tag;
        made.Flags = flags;
        made.Requested = mode;
        made.WaitingSince = core.Now;
        made.Operation = 1;
        made.Pending = OperationKind.Lock;
        session.Add(made);
        return made;
    }

    private Resource ResourceOf(in LockCall call)
    {
        var hash = call.Hash != 0 ? call.Hash : Directory.Placement.HashOf(call.Space, call.Name.Hash);
        return core.Resources.Find(call.Space, hash, call.Name) ?? AddResource(call.Space, hash, call.Name);
    }

    // Not inlined: its buffer would be cleared for every lock.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private Resource AddResource(uint space, ulong hash, ResourceName name)
    {
        Span<byte> bytes = stackalloc byte[Limits.ResourceNameBytesMax];
        name.TryWriteBytes(bytes, out var length);
        return core.Resources.FindOrAdd(space, hash, bytes[..length], out _);
    }

    private Lock? OwnedBy(Session session, LockId id) =>
        core.Locks.Find(id) is { } found && found.Session == session && !found.Ending ? found : null;

    /// <summary>
    /// Whether a master has the lock, or has been asked for it. A request may be in no queue and yet be carried to one, by a lookup or past
    /// a node that is not master: should it be granted, there is no lock here any more, and the master is told.
    /// </summary>
    private static bool IsKnownToMaster(Lock owned) => owned.Resource.Has(ResourceTies.Homeless)
        ? owned.Granted is not null || (owned.Sent && owned.Resource.IsRebuildSent)
        : owned.IsTakenIn || (owned.Sent && owned.Resource is { Role: ResourceRole.Client or ResourceRole.Expecting, Master: not 0 });

    private int ValueSize(Lock valued) => core.SettingsOf(valued.Resource.Space)?.ValueSize ?? 0;

    private void WaitUntil(Lock waiting, LockId id, long deadline)
    {
        // It may have been granted, or refused and forgotten, in the call.
        if (waiting.Id != id || waiting.Pending == OperationKind.None)
            return;
        if (deadline != 0)
        {
            waiting.Deadline = deadline;
            waiting.IsOverdue = false;
            waiting.IsWatched = false;
            core.Deadlines.Add(waiting);
        }
        else if (waiting.Pending == OperationKind.Lock && waiting.Has(RawFlags.NoQueue))
        {
            // It is not to wait, but to be decided about: it has been late from its start.
            ExpectAnswer(waiting);
        }
        else if (waiting.Confirmed || !waiting.Sent)
        {
            // One that is on its way to a master may well be granted there: it is watched when the master has said that it has to wait.
            Watch(waiting);
        }
    }

    private void Watch(Lock waiting)
    {
        waiting.Deadline = waiting.WaitingSince + core.Options.LongWait;
        waiting.IsWatched = true;
        core.Deadlines.Add(waiting);
    }

    private void TellLongWait(Lock waiting)
    {
        var waited = core.Now - waiting.WaitingSince;
        do
            waiting.Deadline += waiting.Deadline - waiting.WaitingSince;
        while (waiting.Deadline <= core.Now);
        core.Deadlines.Add(waiting);
        waiting.Session.Observer?.WaitsLong(waiting, waited);
    }

    private void ConvertElsewhere(Lock asker, LockMode held, in ConvertCall call)
    {
        var message = EngineCore.About(MessageKind.Convert, asker, asker.Operation);
        message.Mode = call.Mode;
        message.Flags = asker.Flags;
        if (call.GivesValue && call.Flags.HasFlag(RawFlags.ValBlk))
        {
            message.ValueState = LockValueState.Valid;
            message.Value = call.Value;
        }

        if (!LockModes.IsDownConversion(held, call.Mode))
        {
            asker.Confirmed = false;
            asker.Sent = core.SendToMaster(asker.Resource, message);
            asker.Requested = call.Mode;
            if (asker.Sent)
                asker.NoteCopy(isRead: false);
            return;
        }

        // One that the new master has not been told of yet is told of in the mode that it then has.
        if (!asker.Resource.Has(ResourceTies.Homeless) || asker.Resource.IsRebuildSent)
            core.SendToMaster(asker.Resource, message);

        // It is always granted, so nobody answers: it is done when the master is told.
        var writes = ValueRules.Of(held, call.Mode) == ValueAction.Write && message.ValueState is not null && !asker.Has(RawFlags.IvValBlk);
        if (writes)
            (asker.Copy ??= new ValueBuffer()).Set(call.Value, LockValueState.Valid, asker.Copy.Version + 1);
        asker.Granted = call.Mode;
        asker.NoteCopy(isRead: writes);
        asker.Since = core.Now;
        Granted(asker, valueRead: false);
    }

    private void End(Lock ended, RawFlags flags, bool givesValue, ReadOnlySpan<byte> value)
    {
        ended.Ending = true;
        core.Deadlines.Remove(ended); // what it waited for ends with it, and needs no other end
        if (ended.Resource.Move is { DefersCalls: true } move && (ended.Queue != QueueKind.Owned || IsKnownToMaster(ended)))
            Following.DeferEnd(move, ended, flags, givesValue, value);
        else
            CarryOutEnd(ended, flags, givesValue, value);
    }

    /// <summary>The end of a lock that was asked for, now or while the master moved.</summary>
    internal void CarryOutEnd(Lock ended, RawFlags flags, bool givesValue, ReadOnlySpan<byte> value)
    {
        ended.Flags |= flags;
        ended.StatusFlags = StatusFlags.None;
        ended.Operation++;
        if (ended.Queue != QueueKind.Owned)
        {
            Give(ended, givesValue, value);
            core.Master.Unlock(ended);
        }
        else if (!IsKnownToMaster(ended))
        {
            EndWithoutMaster(ended);
        }
        else
        {
            EndElsewhere(ended, flags, givesValue, value);
        }
    }

    // Not inlined, for the sake of the many that end here: a message is large, and room for it would be cleared at each call.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void EndElsewhere(Lock ended, RawFlags flags, bool givesValue, ReadOnlySpan<byte> value)
    {
        var message = EngineCore.About(MessageKind.Unlock, ended, ended.Operation);
        message.Flags = flags;
        if (givesValue)
        {
            message.ValueState = LockValueState.Valid;
            message.Value = value;
        }

        ended.EndSent = core.SendToMaster(ended.Resource, message);
    }

    /// <summary>The end of a lock that no master has, or whose master departed with it.</summary>
    internal void EndWithoutMaster(Lock ended)
    {
        var resource = ended.Resource;
        resource.RemoveOwned(ended);
        Unlocked(ended);
        core.Forget(ended);
        core.LetRest(resource);
    }

    internal void Undo(Lock waiting, RequestStatus status)
    {
        if (waiting.Queue == QueueKind.Owned && !IsKnownToMaster(waiting))
        {
            UndoUnsent(waiting, status);
        }
        else if (waiting.Resource.Move is { DefersCalls: true } move)
        {
            Following.DeferUndo(move, waiting, status);
        }
        else if (waiting.Queue != QueueKind.Owned)
        {
            core.Master.Cancel(waiting, waiting.Operation, status);
        }
        else
        {
            waiting.Undoing = status;
            SendCancel(waiting, status);
        }
    }

    private void UndoUnsent(Lock waiting, RequestStatus status)
    {
        var resource = waiting.Resource;
        resource.RemoveOwned(waiting);
        Denied(waiting, status, null);
        core.Forget(waiting);
        core.LetRest(resource);
    }

    private void SendCancel(Lock waiting, RequestStatus status)
    {
        var message = EngineCore.About(MessageKind.Cancel, waiting, waiting.Operation);
        message.Status = status;
        core.SendToMaster(waiting.Resource, message);
    }

    private void TimeOut(Lock late)
    {
        var id = late.Id;
        Undo(late, RequestStatus.TimedOut);
        if (late.Id != id || late.Pending == OperationKind.None)
            return;

        // The master is elsewhere and has to answer first. Should it not, the caller is not to wait for ever.
        ExpectAnswer(late);
    }

    private void ExpectAnswer(Lock late)
    {
        late.IsOverdue = true;
        late.IsWatched = false;
        late.Deadline = core.Now + core.Options.AnswerGrace;
        core.Deadlines.Add(late);
    }

    /// <summary>
    /// The master does not answer. A new lock can be let go all the same: its caller is told, and should it be granted after all it is
    /// released. A conversion cannot: nobody knows which mode the lock has, so it goes on waiting.
    /// </summary>
    private void GiveUp(Lock late)
    {
        if (late.Pending != OperationKind.Lock || late.Ending)
            return;
        var status = late.Has(RawFlags.NoQueue) ? RequestStatus.Unavailable : RequestStatus.TimedOut;
        Complete(late, OperationKind.Lock, status, valueRead: false, null);
        late.IsSilent = true;
        End(late, RawFlags.ForceUnlock, givesValue: false, []);
    }

    /// <summary>
    /// The process is gone. The value is in doubt only where it could write: by what it was told it holds, whatever is on its way.
    /// </summary>
    private void Leave(Lock left)
    {
        // One of which nobody was told, for its keeper has not answered, was not granted.
        if (left.Granted is not { } held || (left.Pending == OperationKind.Lock && core.Keepers.IsHeldBack(left)))
            End(left, RawFlags.ForceUnlock, givesValue: false, []);
        else if (left.Has(RawFlags.Persistent))
            Orphan(left);
        else
            End(left, LockModes.MayWriteValue(held) ? RawFlags.ForceUnlock | RawFlags.IvValBlk : RawFlags.ForceUnlock, givesValue: false, []);
    }

    private void Orphan(Lock left)
    {
        // A process id of 0 would mean "no orphan". How a conversion under way ends is for the master to say.
        left.OrphanOf = left.Session.ProcessId == 0 ? -1 : left.Session.ProcessId;
        left.LeftSince = core.Now;
        core.Deadlines.Remove(left);
        if (left.Resource.Move is { DefersCalls: true } move)
            Following.DeferOrphan(move, left);
        else
            CarryOutOrphan(left);
    }

    /// <summary>The master is told that a lock was left behind, now or after it moved.</summary>
    internal void CarryOutOrphan(Lock left)
    {
        if (left.Queue != QueueKind.Owned)
        {
            core.Master.Orphan(left, left.OrphanOf);
            return;
        }

        var message = EngineCore.About(MessageKind.Orphan, left, left.Operation);
        message.Process = left.OrphanOf;
        core.SendToMaster(left.Resource, message);
    }

    private static void Give(Lock giver, bool givesValue, ReadOnlySpan<byte> value)
    {
        if (givesValue)
            (giver.Given ??= new ValueBuffer()).Set(value, LockValueState.Valid, 0);
        else
            giver.Given?.Clear();
    }

    private void Complete(Lock completed, OperationKind kind, RequestStatus status, bool valueRead, WaitReport? report)
    {
        var cancelAsked = completed.CancelAsked;
        if (kind != OperationKind.Unlock)
        {
            completed.Pending = OperationKind.None;
            completed.Confirmed = false;
            completed.CancelAsked = false;
            completed.Undoing = null;
            core.Deadlines.Remove(completed);
        }

        NoteTold(completed);
        // One that is granted, but was given up before its keeper knew it, was never told (K2).
        if (kind == OperationKind.Lock && status != RequestStatus.Granted)
            completed.ToldMode = null;
        if (completed.IsSilent || completed.Session.Observer is not { } observer)
            return;
        observer.Completed(completed, new Completion(kind, status, completed.ToldMode, completed.StatusFlags, valueRead, report));
        if (cancelAsked && kind != OperationKind.Unlock)
            observer.CancelAnswered(completed, OutcomeOf(status));
    }

    /// <summary>The owner knows the mode as it is now, and has been told of nobody whom it blocks.</summary>
    private static void NoteTold(Lock told)
    {
        told.ToldMode = told.Granted;
        told.ToldBlocking = null;
    }

    private static CancelOutcome OutcomeOf(RequestStatus status) => status switch
    {
        RequestStatus.Granted => CancelOutcome.AlreadyGranted,
        RequestStatus.Cancelled or RequestStatus.TimedOut => CancelOutcome.Cancelled,
        _ => CancelOutcome.NotFound,
    };
}
