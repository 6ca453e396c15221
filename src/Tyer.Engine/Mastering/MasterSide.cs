using Tyer.Engine.Locks;
using Tyer.Engine.Orphans;
using Tyer.Engine.Recovery;

namespace Tyer.Engine.Mastering;

/// <summary>
/// The operations of a resource's master: each is decided, answered to the owner, and then has its effects on others, grants to those who
/// waited and notices to those who hold. In that order, which those who use lock managers rely on.
/// </summary>
internal sealed class MasterSide
{
    private readonly EngineCore _core;
    private readonly Answers _answers;
    private readonly GrantPass _pass;
    private readonly List<Resource> _leftWaiting = [];

    internal MasterSide(EngineCore core)
    {
        _core = core;
        _answers = new Answers(_core);
        _pass = new GrantPass(_core, _answers);
    }

    internal Answers Answers => _answers;

    internal GrantPass Pass => _pass;

    /// <summary>A new lock, on no queue yet, with its requested mode and flags set.</summary>
    internal void Request(Lock asker)
    {
        if (asker.Resource.Role == ResourceRole.Rebuilding)
        {
            Rebuilder.Request(asker);
            return;
        }

        var queues = asker.Resource.Queues;
        asker.Applied = asker.Operation;
        if (!_core.MayGrant)
        {
            RequestWithoutQuorum(asker);
        }
        else if (asker.Has(RawFlags.Orphan))
        {
            Adopt(asker);
        }
        else if (GrantRules.Decide(queues, asker, isNew: true, out var mode) == GrantVerdict.Grant)
        {
            _pass.Grant(asker, mode);
        }
        else if (asker.Has(RawFlags.NoQueue))
        {
            _answers.Denied(asker, RequestStatus.Again, null);
            if (asker.Has(RawFlags.NoQueueBast))
                _pass.NotifyBlockersOf(asker, mode, convertingToo: true);
            _core.Forget(asker);
        }
        else
        {
            EnqueueIfRoom(asker);
        }
    }

    /// <summary>Whether <see cref="Request"/> of a lock of this node could only grant it, and tell no value.</summary>
    internal bool MayGrantAtOnce(Resource resource) =>
        resource.Role == ResourceRole.Active && resource.Queues.AreEmpty && resource.Value is null or { IsEmpty: true } && _core.MayGrant;

    /// <summary>What is left of <see cref="Request"/> then, but for the answer.</summary>
    internal void GrantAtOnce(Lock asker, LockMode mode)
    {
        asker.Applied = asker.Operation;
        _pass.Apply(asker, mode);
        asker.Token = _core.NextToken();
    }

    /// <summary>Whether <see cref="Unlock"/> of a lock of this node, without a value given, could only take it away: nobody waits, and the value stays.</summary>
    internal static bool MayEndAtOnce(Lock ended) =>
        ended.Queue == QueueKind.Granted && ended.Resource.Role == ResourceRole.Active && ended.Resource.Queues.NobodyWaits && !ended.Has(RawFlags.IvValBlk | RawFlags.Persistent) && !ended.HasKeeper;

    /// <summary>What is left of <see cref="Unlock"/> then, but for the answer.</summary>
    internal void EndAtOnce(Lock ended)
    {
        var resource = ended.Resource;
        resource.Queues.Remove(ended);
        _core.Forget(ended);
        _core.LetRest(resource);
    }

    /// <summary>A conversion of a granted lock, with its requested mode, flags and value given set.</summary>
    internal void Convert(Lock asker)
    {
        if (asker.Queue == QueueKind.Staged)
        {
            _core.Rebuilder.Convert(asker);
            return;
        }

        var resource = asker.Resource;
        asker.Applied = asker.Operation;
        asker.Refused = RequestStatus.Granted;
        // Its flags are others now, whether or not it gets what it wants.
        if (Keepers.MayConcern(asker))
            _core.Keepers.Review(asker, isNews: false);
        if (!_core.MayGrant)
        {
            ConvertWithoutQuorum(asker);
            return;
        }

        switch (GrantRules.Decide(resource.Queues, asker, isNew: true, out var mode))
        {
            case GrantVerdict.Grant:
                Granted(mode);
                return;
            case GrantVerdict.Deadlock when !asker.Has(RawFlags.NoDlckWt):
                Refused(RequestStatus.Deadlock);
                return;
        }

        if (asker.StatusFlags.HasFlag(StatusFlags.Demoted))
        {
            // What it gave up may let others convert, and then itself.
            _pass.GrantConversions(resource);
            if (GrantRules.MayHave(resource.Queues, asker, mode, isNew: true))
            {
                Granted(mode);
                return;
            }
        }

        if (asker.Has(RawFlags.NoQueue))
        {
            Refused(RequestStatus.Again);
            if (asker.Has(RawFlags.NoQueueBast))
                _pass.NotifyBlockersOf(asker, mode, convertingToo: true);
        }
        else
        {
            resource.Queues.Remove(asker);
            Enqueue(asker, QueueKind.Converting);
        }

        void Granted(LockMode granted)
        {
            _pass.Grant(asker, granted);
            _pass.Run(resource);
        }

        void Refused(RequestStatus status) => Refuse(asker, status);
    }

    /// <summary>The view has quorum again: whoever waited meanwhile has his turn.</summary>
    internal void GrantWhatWaited()
    {
        if (!_core.MayGrant)
            return;
        for (var bucket = 0; bucket < _core.Resources.Buckets; bucket++)
        {
            for (var each = _core.Resources.FirstIn(bucket); each is not null; each = each.NextInBucket)
            {
                if (each.Role == ResourceRole.Active)
                    _pass.Run(each);
            }
        }
    }

    private void RequestWithoutQuorum(Lock asker)
    {
        if (!asker.Has(RawFlags.NoQueue) && !asker.Has(RawFlags.Orphan))
        {
            EnqueueIfRoom(asker);
            return;
        }

        _answers.Denied(asker, RequestStatus.NoQuorum, null);
        _core.Forget(asker);
    }

    /// <summary>What gives up rights takes none, and needs no quorum.</summary>
    private void ConvertWithoutQuorum(Lock asker)
    {
        if (LockModes.IsDownConversion(asker.Granted!.Value, asker.Requested!.Value))
        {
            _pass.Grant(asker, asker.Requested.Value);
        }
        else if (asker.Has(RawFlags.NoQueue))
        {
            Refuse(asker, RequestStatus.NoQuorum);
        }
        else if (GrantRules.FindDeadlock(asker.Resource.Queues, asker) == GrantVerdict.Deadlock && !asker.Has(RawFlags.NoDlckWt))
        {
            // Two who wait for each other would do so for ever, with quorum or without.
            Refuse(asker, RequestStatus.Deadlock);
        }
        else
        {
            asker.Resource.Queues.Remove(asker);
            Enqueue(asker, QueueKind.Converting);
        }
    }

    /// <summary>A conversion that is not to be: the lock keeps the mode that it has.</summary>
    private void Refuse(Lock asker, RequestStatus status)
    {
        var report = status == RequestStatus.Deadlock ? WaitReport.Of(asker, _core.Now) : null;
        asker.Requested = null;
        TellKeeperOfDemotion(asker);
        _answers.Denied(asker, status, report);
    }

    private void EnqueueIfRoom(Lock asker)
    {
        if (asker.Resource.Queues.Waiting.Count < _core.QueueLengthMax(asker.Resource.Space))
        {
            Enqueue(asker, QueueKind.Waiting);
            return;
        }

        _answers.Denied(asker, RequestStatus.QueueFull, null);
        _core.Forget(asker);
    }

    /// <summary>The end of a lock, wherever it is, with the value given set.</summary>
    internal void Unlock(Lock ended)
    {
        if (ended.Queue == QueueKind.Staged)
        {
            _core.Rebuilder.Unlock(ended);
            return;
        }

        if (_core.Keepers.DefersEnd(ended, AfterKept.End))
            return;
        var resource = ended.Resource;
        ended.Applied = ended.Operation;
        ValueRules.OnRelease(resource, ended);
        resource.Queues.Remove(ended);
        _answers.Unlocked(ended);
        _core.Forget(ended);
        _pass.Run(resource);
        _core.LetRest(resource);
    }

    /// <summary>Undoes the operation that a lock waits for. One that has been granted, or refused, stays so.</summary>
    internal void Cancel(Lock waiting, uint operation, RequestStatus status)
    {
        if (waiting.Queue == QueueKind.Staged)
        {
            _core.Rebuilder.Cancel(waiting, operation, status);
            return;
        }

        if (waiting.Applied != operation || waiting.Queue == QueueKind.Granted)
            return;
        var resource = waiting.Resource;
        var report = status == RequestStatus.TimedOut ? WaitReport.Of(waiting, _core.Now) : null;
        TakeBack(waiting);
        waiting.StatusFlags = StatusFlags.None; // a demotion is told with a grant; here the mode says it
        _answers.Denied(waiting, status, report);
        if (waiting.Queue == QueueKind.None)
            _core.Forget(waiting);
        _pass.Run(resource);
        _core.LetRest(resource);
    }

    /// <summary>The owner died and the lock is to stay in the mode it holds: a conversion that waits is undone.</summary>
    internal void Orphan(Lock left, int processId)
    {
        left.OrphanOf = processId;
        Cancel(left, left.Applied, RequestStatus.Cancelled);
        left.LeftSince = _core.Now;
    }

    /// <summary>
    /// The owner departed: what it waited for is void. What it holds it may still be acting under. Who can be granted now is looked for when
    /// all departed have been seen to (<see cref="GoOn"/>).
    /// </summary>
    internal void OwnerDeparted(Lock waiting)
    {
        if (waiting.Queue == QueueKind.Staged)
        {
            _core.Rebuilder.OwnerDeparted(waiting);
            return;
        }

        var resource = waiting.Resource;
        TakeBack(waiting);
        if (waiting.Queue == QueueKind.None)
            _core.Forget(waiting);
        _leftWaiting.Add(resource);
    }

    /// <summary>Grants what can be granted where departed owners waited.</summary>
    internal void GoOn()
    {
        foreach (var resource in _leftWaiting)
        {
            if (resource.Role != ResourceRole.Active)
                continue;
            _pass.Run(resource);
            _core.LetRest(resource);
        }

        _leftWaiting.Clear();
    }

    /// <summary>The owner departed and acts no more: its lock is free, or, if it is to stay, an orphan. What it may have been writing is not to be trusted.</summary>
    internal void Purge(Lock purged)
    {
        var resource = purged.Resource;
        if (purged.Granted is { } held && LockModes.MayWriteValue(held))
        {
            // So also where the lock stays: that its owner wrote, and was told so, may be what never came here.
            if (purged.Queue == QueueKind.Staged)
                Rebuilder.KeepValueOf(purged);
            (resource.Value ??= new ValueBuffer()).Invalidate();
            resource.IsValueKnown = resource.Role == ResourceRole.Rebuilding;
        }

        if (purged.Has(RawFlags.Persistent))
        {
            // A process id of 0 would mean "no orphan".
            purged.OrphanOf = purged.Session.ProcessId == 0 ? -1 : purged.Session.ProcessId;
            purged.LeftSince = _core.Now;
            return;
        }

        if (purged.Queue == QueueKind.Staged)
        {
            resource.Unstage(purged);
            _core.Forget(purged);
            return;
        }

        resource.Queues.Remove(purged);
        _core.Forget(purged);
        _pass.Run(resource);
        _core.LetRest(resource);
    }

    /// <summary>An operator ends what a dead process left behind. False if it is none of ours, or cannot be ended just now.</summary>
    internal bool PurgeOrphan(LockId id)
    {
        if (_core.IsStopped || _core.Locks.Find(id) is not { OrphanOf: not 0, Ending: false, Queue: QueueKind.Granted } orphan
            || orphan.Resource.Role != ResourceRole.Active)
        {
            return false;
        }

        if (!_core.Keepers.DefersEnd(orphan, AfterKept.Purge))
            EndOrphan(orphan);
        return true;
    }

    /// <summary>Nobody keeps it any more.</summary>
    internal void EndOrphan(Lock orphan)
    {
        var resource = orphan.Resource;
        if (LockModes.MayWriteValue(orphan.Granted!.Value))
            (resource.Value ??= new ValueBuffer()).Invalidate();
        resource.Queues.Remove(orphan);
        _answers.Adopted(orphan);
        _core.Forget(orphan);
        _pass.Run(resource);
        _core.LetRest(resource);
    }

    /// <summary>A grant that was held back until its keeper knew: the owner hears of it, and then whom it blocks.</summary>
    internal void Tell(Lock granted, bool valueRead)
    {
        var resource = granted.Resource;
        granted.Notified = LockMode.Null;
        _answers.Granted(granted, valueRead);
        _pass.Run(resource);
    }

    /// <summary>Says again how an operation stands, to an owner that asks again.</summary>
    internal void Repeat(Lock asked)
    {
        if (asked.Queue == QueueKind.Staged)
            return; // it is answered when the rebuild is over
        if (asked.Queue == QueueKind.Granted && asked.Refused != RequestStatus.Granted)
            _answers.Denied(asked, asked.Refused, null);
        else if (asked.Queue == QueueKind.Granted)
            _answers.Granted(asked, valueRead: asked.Copy is { IsEmpty: false });
        else
            _answers.Queued(asked);
    }

    private void TakeBack(Lock waiting)
    {
        if (waiting.Queue == QueueKind.Granted)
            return;
        var queues = waiting.Resource.Queues;
        queues.Remove(waiting);
        waiting.Requested = null;
        if (waiting.Granted is null)
            return;
        queues.Place(waiting, QueueKind.Granted);
        TellKeeperOfDemotion(waiting);
    }

    /// <summary>A conversion is over, and its lock is left in a lower mode than it had.</summary>
    private void TellKeeperOfDemotion(Lock left)
    {
        if (left.HasKeeper && left.StatusFlags.HasFlag(StatusFlags.Demoted))
            _core.Keepers.Review(left, isNews: true);
    }

    private void Enqueue(Lock asker, QueueKind queue)
    {
        var queues = asker.Resource.Queues;
        var atHead = asker.Has(RawFlags.HeadQue);
        var list = queue == QueueKind.Waiting ? queues.Waiting : queues.Converting;
        asker.Sequence = atHead ? (list.First?.Sequence ?? 0) - 1 : (list.Last?.Sequence ?? 0) + 1;
        asker.WaitingSince = _core.Now;
        queues.Place(asker, queue, atHead);
        _answers.Queued(asker);
        _pass.NotifyBlockersOf(asker, asker.Requested!.Value, convertingToo: false);
    }

    /// <summary>A lock left behind by a dead process goes to whoever asks for it in its own mode: the repairer's way in.</summary>
    private void Adopt(Lock asker)
    {
        var queues = asker.Resource.Queues;
        var status = RequestStatus.NotFound;
        for (var orphan = queues.Granted.First; orphan is not null; orphan = orphan.Next)
        {
            if (orphan.OrphanOf == 0 || orphan.Ending || _core.Keepers.IsEnding(orphan))
                continue;
            if (orphan.Granted != asker.Requested)
            {
                status = RequestStatus.Again;
                continue;
            }

            queues.Remove(orphan);
            _pass.Grant(asker, orphan.Granted!.Value);
            _core.Keepers.Adopted(orphan, asker);
            _answers.Adopted(orphan);
            _core.Forget(orphan);
            return;
        }

        _answers.Denied(asker, status, null);
        _core.Forget(asker);
    }
}
