using System.Diagnostics.CodeAnalysis;
using Tyer.Engine.Locks;
using Tyer.Engine.Messages;

namespace Tyer.Engine.Recovery;

/// <summary>
/// The new master's side of a rebuild: takes in the locks that owners send, lets go of what they let go, keeps what they ask for, and
/// grants nothing, until nothing is in doubt any more. Then the queues are as the departed master had them (R2, R4, R5, V1).
/// </summary>
internal sealed class Rebuilder(EngineCore core)
{
    private readonly List<Resource> _rebuilding = [];

    /// <summary>How many resources wait for the view to settle.</summary>
    internal int Count => _rebuilding.Count;

    internal void Begin(Resource resource)
    {
        _rebuilding.Add(resource);
        core.Homes.MoveInHere(resource);
    }

    /// <summary>Called when nothing is in doubt any more.</summary>
    internal void FinishAll()
    {
        var resources = _rebuilding.ToArray();
        _rebuilding.Clear();
        foreach (var resource in resources)
            Finish(resource);
    }

    // What owners send.

    /// <summary>A lock that another node had with the departed master. False if no node that follows the protocol sends it.</summary>
    internal bool TakeIn(uint from, ReadOnlySpan<byte> bytes, in Message message, ulong hash)
    {
        if (message.Mode is null && message.Wanted is null)
            return false;
        var resource = core.Resources.Find(message.Space, hash, message.Name);
        if (IsToWait(resource))
        {
            resource.Park(from, bytes);
            return true;
        }

        if (resource?.Role == ResourceRole.Active)
            return TakeRequest(from, message, resource);
        if (resource?.Role != ResourceRole.Rebuilding || core.Locks.Find(message.Lock) is not null)
            return true;
        var taken = core.Locks.Add(message.Lock);
        taken.Session = core.Sessions.Of(from, message.Session);
        taken.Session.Add(taken);
        taken.Resource = resource;
        taken.Granted = message.Mode;
        taken.Requested = message.Wanted;
        taken.IsInDoubt = message.Wanted is not null;
        taken.Flags = message.Flags;
        taken.StatusFlags = message.StatusFlags;
        taken.Operation = message.Operation;
        taken.Applied = message.Operation;
        taken.Transaction = message.Transaction;
        taken.Note = message.Note.IsEmpty ? null : message.Note.ToArray();
        taken.Token = message.Token;
        taken.OrphanOf = message.Process;
        taken.Since = core.Now;
        taken.WaitingSince = core.Now;
        taken.Confirmed = (message.Facts & MessageFacts.HasSequence) != 0;
        taken.Sequence = (long)message.Number;
        taken.Undoing = (message.Facts & MessageFacts.IsToBeUndone) != 0 ? message.Status : null;
        taken.IsCopyCurrent = (message.Facts & MessageFacts.ValueIsCurrent) != 0;
        if (message.ValueState is { } state)
            (taken.Copy ??= new ValueBuffer()).Set(message.Value, state, message.ValueVersion);
        resource.Stage(taken);
        return true;
    }

    /// <summary>
    /// A lock whose owner departed, by the copy of its keeper (K6). Its owner may be unproven: then it waits for the proof like any lock of his.
    /// </summary>
    internal bool TakeInKept(uint from, ReadOnlySpan<byte> bytes, in Message message, ulong hash)
    {
        var resource = core.Resources.Find(message.Space, hash, message.Name);
        if (IsToWait(resource))
        {
            resource.Park(from, bytes);
            return true;
        }

        if (message.Node == from || !core.Keeping.IsOfMasterOrDeparted(from, message))
            return false;
        if (resource?.Role == ResourceRole.Active)
            core.Keepers.NotWanted(from, message);
        if (resource?.Role == ResourceRole.Rebuilding)
            Stage(message, resource, from);
        return true;
    }

    /// <summary>Takes in a lock by the copy of a keeper; 0: that is this node itself.</summary>
    internal void Stage(in Message message, Resource resource, uint keeper)
    {
        if (core.Locks.Find(message.Lock) is not null)
        {
            if (keeper != 0)
                core.Keepers.NotWanted(keeper, message);
            return;
        }

        var taken = core.Locks.Add(message.Lock);
        taken.Session = core.Keeping.DepartedSessionOf(message);
        taken.Session.Add(taken);
        taken.Resource = resource;
        taken.Granted = message.Mode;
        taken.Flags = message.Flags;
        taken.Operation = 1;
        taken.Applied = 1;
        taken.Transaction = message.Transaction;
        taken.Note = message.Note.IsEmpty ? null : message.Note.ToArray();
        taken.Token = message.Token;
        taken.Since = core.Now;
        taken.WaitingSince = core.Now;
        resource.Stage(taken);
        core.Keepers.Note(taken, keeper);
        if (core.Keeping.IsProven(message))
            core.Master.Purge(taken);
    }

    /// <summary>Those were all locks of a node: it is told that they are in, if they are.</summary>
    internal void TakenIn(uint from, ReadOnlySpan<byte> bytes, in Message message, ulong hash)
    {
        var resource = core.Resources.Find(message.Space, hash, message.Name);
        if (IsToWait(resource))
        {
            resource.Park(from, bytes);
            return;
        }

        if (resource?.Role == ResourceRole.Active)
            ForgetUnnamed(resource, from);

        var isComplete = resource?.Role == ResourceRole.Active
            || (resource?.Role == ResourceRole.Rebuilding && CountOf(resource, from) == message.Number);
        core.Send(from, new Message
        {
            Kind = MessageKind.Rebuilt,
            Slot = message.Slot,
            Space = message.Space,
            Name = message.Name,
            Facts = isComplete ? MessageFacts.None : MessageFacts.IsNotMaster,
        });
    }

    // What owners ask for meanwhile. A release has its effect; whatever would be granted waits.

    internal static void Request(Lock asker)
    {
        asker.Applied = asker.Operation;
        asker.Resource.Stage(asker);
    }

    internal void Convert(Lock asker)
    {
        asker.Applied = asker.Operation;
        asker.IsInDoubt = false;
        var wanted = asker.Requested!.Value;
        if (!LockModes.IsDownConversion(asker.Granted!.Value, wanted))
        {
            // Behind what came before it.
            asker.Resource.Unstage(asker);
            asker.Resource.Stage(asker);
            return;
        }

        KeepValueOf(asker);
        ValueRules.OnGrant(asker.Resource, asker, asker.Granted, wanted);
        asker.Granted = wanted;
        asker.Requested = null;
        asker.NoteCopy(isRead: false);
        core.Master.Answers.DownConverted(asker);
    }

    internal void Unlock(Lock ended)
    {
        ended.Applied = ended.Operation;
        KeepValueOf(ended);
        ValueRules.OnRelease(ended.Resource, ended);
        ended.Resource.Unstage(ended);
        core.Master.Answers.Unlocked(ended);
        core.Forget(ended);
    }

    /// <summary>What came since is undone at once. What the departed master may have granted is undone when that is known.</summary>
    internal void Cancel(Lock waiting, uint operation, RequestStatus status)
    {
        if (waiting.Applied != operation || waiting.Requested is null)
            return;
        if (waiting is { IsInDoubt: true, Granted: not null })
            waiting.Undoing = status;
        else
            Refuse(waiting, status);
    }

    /// <summary>The owner departed. What it was told it holds, it holds, or less, if a conversion was out.</summary>
    internal void OwnerDeparted(Lock waiting)
    {
        if (waiting.Granted is null)
        {
            waiting.Resource.Unstage(waiting);
            core.Forget(waiting);
            return;
        }

        if (waiting.IsInDoubt)
            waiting.Granted = waiting.EffectiveMode;
        waiting.Requested = null;
        waiting.IsInDoubt = false;
        waiting.NoteCopy(isRead: false);
    }

    // The end.

    internal void FinishIfSettled(Resource resource)
    {
        if (core.Recovery.Membership.IsSettled && _rebuilding.Remove(resource))
            Finish(resource);
    }

    private void Finish(Resource resource)
    {
        core.Recovery.CountRebuiltResource();
        var queues = resource.Queues;
        var staged = new List<Lock>(resource.Staged.Count);
        while (resource.Staged.First is { } first)
        {
            resource.Unstage(first);
            staged.Add(first);
        }

        foreach (var holder in staged.Where(each => each.Granted is not null && !each.HasKeeper).OrderBy(each => each.Token).ThenBy(each => each.Id.Value))
        {
            holder.Notified = LockMode.Null;
            queues.Place(holder, QueueKind.Granted);
        }

        // What is here by copies says no more than what owners sent, and may say too much (K6).
        foreach (var copy in staged.Where(each => each.HasKeeper).OrderByDescending(each => each.Token).ThenBy(each => each.Id.Value))
        {
            var mode = HighestBeside(queues, copy);
            if (mode != copy.Granted && WasAdopted(queues, copy))
            {
                core.Forget(copy);
                staged.Remove(copy);
                continue;
            }

            var isLowered = mode != copy.Granted;
            copy.Granted = mode;
            queues.Place(copy, QueueKind.Granted);
            if (isLowered)
                core.Keepers.Correct(copy);
        }

        SettleValue(resource, staged);
        core.Resources.SetRole(resource, ResourceRole.Active);
        var inDoubt = staged.Where(each => each.IsInDoubt)
            .OrderBy(each => each.Confirmed ? 0 : 1).ThenBy(each => each.Confirmed ? each.Sequence : 0).ThenBy(each => each.Id.Value).ToList();
        var arrivals = staged.Where(each => each is { IsInDoubt: false, Requested: not null }).ToList();
        GrantWhatWasGranted(queues, inDoubt);
        inDoubt.RemoveAll(each => each.Requested is null);
        foreach (var undone in inDoubt.Where(each => each.Undoing is not null))
            Refuse(undone, undone.Undoing!.Value);
        inDoubt.RemoveAll(each => each.Requested is null);
        foreach (var each in inDoubt)
            each.IsInDoubt = false;
        var unordered = inDoubt.FindAll(each => !each.Confirmed);
        foreach (var queued in inDoubt.FindAll(each => each.Confirmed))
        {
            if (queued.Granted is not null)
                queues.Remove(queued);
            queues.Place(queued, queued.Granted is null ? QueueKind.Waiting : QueueKind.Converting);
        }

        core.Master.Pass.RunAnew(resource);
        foreach (var arrival in unordered.Concat(arrivals))
        {
            if (arrival.Granted is null)
                core.Master.Request(arrival);
            else
                core.Master.Convert(arrival);
        }

        core.Keepers.Review(resource);
        core.LetRest(resource);
    }

    /// <summary>Whether who holds what a copy says, and excludes it, got that by an adoption: there can have been no other orphan in that mode.</summary>
    private static bool WasAdopted(LockQueues queues, Lock copy)
    {
        for (var holder = queues.Granted.First; holder is not null; holder = holder.Next)
        {
            if (holder.Has(RawFlags.Orphan) && holder.Granted == copy.Granted && holder.Token > copy.Token)
                return true;
        }

        return false;
    }

    /// <summary>
    /// The mode of a keeper's copy that goes with what is held: where somebody was granted what it excludes, the departed master had lowered it since,
    /// or it had been adopted (K6). The newest copy is the truest.
    /// </summary>
    private static LockMode HighestBeside(LockQueues queues, Lock copy)
    {
        var mode = copy.Granted!.Value;
        var highest = LockMode.Null;
        foreach (var lower in LockModes.All)
        {
            if (LockModes.Covers(mode, lower) && !queues.AnotherExcludes(lower, copy) && LockModes.Covers(lower, highest))
                highest = lower;
        }

        return highest;
    }

    /// <summary>
    /// The departed master may have granted a conversion whose answer was lost. Where the old mode goes with what is held, nothing was lost;
    /// where it does not, it was (R5).
    /// </summary>
    private void GrantWhatWasGranted(LockQueues queues, List<Lock> inDoubt)
    {
        while ((inDoubt.Find(MustHaveBeen) ?? inDoubt.Find(IsInTheWay)) is { } converted)
        {
            converted.IsInDoubt = false;
            if (converted.Has(RawFlags.ConvDeadlk))
            {
                queues.Demote(converted);
                continue;
            }

            var mode = converted.Requested!.Value;
            if (queues.AnotherExcludes(mode, converted))
            {
                mode = GrantRules.AlternateTo(converted, mode) ?? mode;
                converted.StatusFlags |= StatusFlags.AlternateMode;
            }

            converted.Undoing = null;
            core.Master.Pass.Grant(converted, mode);
        }

        for (var holder = queues.Granted.First; holder is not null; holder = holder.Next)
            Invariant.Check(!queues.AnotherExcludes(holder.Granted!.Value, holder), "what is held after a rebuild goes together");

        bool IsInTheWay(Lock each) => each is { IsInDoubt: true, Granted: { } held } && queues.AnotherExcludes(held, each);

        // Of two that are in doubt, one was granted; it is known which if the other one's modes, old and new, both exclude it.
        bool MustHaveBeen(Lock each) => IsInTheWay(each) && IsExcludedForSure(queues, each);
    }

    private static bool IsExcludedForSure(LockQueues queues, Lock each)
    {
        for (var other = queues.Granted.First; other is not null; other = other.Next)
        {
            var least = other.IsInDoubt ? other.EffectiveMode : other.Granted!.Value;
            if (other != each && !LockModes.IsCompatible(least, each.Granted!.Value))
                return true;
        }

        return false;
    }

    /// <summary>Any copy that its owner kept writers away from is the value. Without one, nobody can tell what was written last.</summary>
    private static void SettleValue(Resource resource, List<Lock> staged)
    {
        if (!resource.IsValueKnown)
        {
            var value = resource.Value ??= new ValueBuffer();
            if (staged.Find(IsWitness) is { } witness)
            {
                value.Set(witness.Copy!.Bytes, witness.Copy.State, witness.Copy.Version);
            }
            else
            {
                if (staged.Where(each => each.Copy is { IsEmpty: false }).MaxBy(each => each.Copy!.Version) is { } last)
                    value.Set(last.Copy!.Bytes, LockValueState.Invalid, last.Copy.Version);
                value.Invalidate();
            }
        }

        resource.IsValueKnown = false;
    }

    private static bool IsWitness(Lock each) =>
        each is { IsCopyCurrent: true, Granted: not null, Copy.IsEmpty: false }
        && each.EffectiveMode is not (LockMode.Null or LockMode.ConcurrentRead);

    /// <summary>Before a lock that knows the value gives up what made it know, the resource takes it.</summary>
    internal static void KeepValueOf(Lock leaving)
    {
        var resource = leaving.Resource;
        if (leaving.Granted is not { } held)
            return;
        if (!resource.IsValueKnown && IsWitness(leaving))
        {
            (resource.Value ??= new ValueBuffer()).Set(leaving.Copy!.Bytes, leaving.Copy.State, leaving.Copy.Version);
            resource.IsValueKnown = true;
        }

        // A writer that writes now is the last there was.
        resource.IsValueKnown |= LockModes.MayWriteValue(held) && (leaving.Has(RawFlags.IvValBlk) || (leaving.Has(RawFlags.ValBlk) && leaving.Given is { IsEmpty: false }));
    }

    /// <summary>Ends what waits without a grant: a conversion keeps the mode that it has.</summary>
    private void Refuse(Lock waiting, RequestStatus status)
    {
        waiting.Requested = null;
        waiting.Undoing = null;
        waiting.IsInDoubt = false;
        waiting.StatusFlags = StatusFlags.None;
        if (waiting.Granted is null && waiting.Queue == QueueKind.Staged)
            waiting.Resource.Unstage(waiting);
        core.Master.Answers.Denied(waiting, status, null);
        if (waiting.Granted is null)
            core.Forget(waiting);
    }

    /// <summary>
    /// A master that stayed: its owner believed a departed node to be master, or could not know which of two was, of which one departed in
    /// the middle of a move. A lock that is known is not taken in twice, but may have a lower mode by now; one that is not is a request that went
    /// the wrong way (R3).
    /// </summary>
    private bool TakeRequest(uint from, in Message message, Resource resource)
    {
        if (message.Mode is null)
            core.Incoming.Request(from, message with { Mode = message.Wanted }, resource);
        // An orphan that is not here has been adopted, or ended by an operator; the word for that is on its way.
        if (core.Locks.Find(message.Lock) is not { } known)
            return message.Mode is null || message.Process != 0;
        known.IsNamed = true;
        if (message.Operation > known.Applied && known is { Granted: { } held, Requested: null } && message.Mode is { } mode
            && LockModes.IsDownConversion(held, mode))
        {
            DownConvert(known, message, mode);
        }

        return true;
    }

    /// <summary>
    /// Its owner did it while it did not know who is master. What it may have written with it is the value, if the lock kept writers away
    /// since; else nobody can tell.
    /// </summary>
    private void DownConvert(Lock known, in Message message, LockMode mode)
    {
        known.Operation = message.Operation;
        // It is done: how a later conversion, which the flags may be of, is to be asked for does not count.
        known.Flags = message.Flags & (EngineCore.NotifyBlocking | RawFlags.Persistent);
        known.StatusFlags = StatusFlags.None;
        known.Requested = mode;
        known.Given?.Clear();
        // By which of several conversions it was written the flags of the last do not say.
        if ((message.Facts & MessageFacts.ValueIsCurrent) == 0)
        {
            known.Flags |= RawFlags.IvValBlk;
        }
        else if (message.ValueState == LockValueState.Valid && known.Resource.Value?.Bytes.SequenceEqual(message.Value) != true)
        {
            known.Flags |= RawFlags.ValBlk;
            (known.Given ??= new ValueBuffer()).Set(message.Value, LockValueState.Valid, 0);
        }
        core.Master.Convert(known);
    }

    /// <summary>What an owner has ended while it did not know who is master, and does not send again, has ended (R3).</summary>
    private void ForgetUnnamed(Resource resource, uint owner)
    {
        Forget(resource.Queues.Granted);
        Forget(resource.Queues.Converting);
        Forget(resource.Queues.Waiting);
        core.Master.Pass.Run(resource);
        core.LetRest(resource);

        void Forget(LockList list)
        {
            for (var each = list.First; each is not null;)
            {
                var next = each.Next;
                if (each.Session.Node == owner && !each.Session.HasDeparted)
                {
                    if (!each.IsNamed)
                    {
                        resource.Queues.Remove(each);
                        core.Forget(each);
                    }

                    each.IsNamed = false;
                }

                each = next;
            }
        }
    }

    private static bool IsToWait([NotNullWhen(true)] Resource? resource) =>
        resource?.Role is ResourceRole.Asking or ResourceRole.Releasing or ResourceRole.Moving or ResourceRole.Expecting;

    private ulong CountOf(Resource resource, uint node)
    {
        ulong count = 0;
        for (var each = resource.Staged.First; each is not null; each = each.Next)
        {
            if (each.Session.Node == node && !each.Session.HasDeparted && (each.Granted is not null || each.IsInDoubt))
                count++;
            else if (core.Keepers.KeeperOf(each) == node)
                count++;
        }

        return count;
    }
}
