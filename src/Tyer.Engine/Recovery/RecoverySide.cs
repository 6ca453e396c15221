using Tyer.Engine.Locks;

namespace Tyer.Engine.Recovery;

/// <summary>
/// What happens when the view changes (<c>docs/recovery.md</c>): it finds what the departed touched, sets it going again, and tells the
/// others when this shard is done. Everything else goes on as it was.
/// </summary>
internal sealed class RecoverySide(EngineCore core)
{
    private readonly HashSet<Resource> _unrecorded = [];
    private readonly HashSet<Resource> _doubtful = [];
    private readonly HashSet<Resource> _askedFor = [];
    private readonly List<Resource> _found = [];
    private int _homeless;
    private int _dropped;
    private bool _isInstalling;
    private bool _saidDirectoryDone;
    private bool _saidLocksDone;

    internal Membership Membership { get; } = new(core.Node);

    /// <summary>What there was to do; for those who watch.</summary>
    internal RecoveryCounts Counts { get; private set; }

    internal void Install(EngineView view)
    {
        _isInstalling = true;
        var before = Membership.View;
        var couldGrant = core.MayGrant;
        var departed = Membership.Install(view);
        core.BeginView(view);
        _saidDirectoryDone = false;
        _saidLocksDone = false;
        core.Keepers.Depart(departed);
        core.HandingOver.Stop(departed);
        core.TakingOver.Stop(departed);
        core.Following.Stop(departed);
        foreach (var node in departed)
        {
            core.Directory.DropParkedOf(node.Node);
            LetGoOfRequests(node);
        }

        CountRegrants(core.Master.GoOn);
        MoveDirectory(before, view);
        core.Keeping.Depart(departed);
        foreach (var node in departed)
        {
            DoubtRecordsOf(node.Node);
            core.Homes.MasterDeparted(node.Node);
        }

        core.Keeping.LookForMasters();
        core.HandingOver.Disown();
        core.Following.CarryOutDeferred();
        core.Directory.AskAllAgain();
        core.Homes.LookForMasters();
        core.Directory.SendStragglers(departed);
        core.Following.GoOn();
        if (before is null)
            core.Directory.ResolveAll();
        Counts += new RecoveryCounts { RecordsSent = _unrecorded.Count };
        foreach (var resource in _unrecorded)
            core.Directory.SendRecord(resource);
        foreach (var node in departed)
        {
            if (Membership.IsProven(node))
                Purge(node);
        }

        if (before is not null && !couldGrant)
            core.Master.GrantWhatWaited();
        core.HandingOver.GoOn();
        core.TakingOver.GoOn();
        core.Keepers.Install(departed);
        _isInstalling = false;
        SayWhatIsDone();
        core.Incoming.TakeParked();
    }

    /// <summary>A departed incarnation is proven to act no more, and its clients neither: what it held is free.</summary>
    internal void Prove(MemberId departed)
    {
        if (Membership.IsProven(departed))
            return;
        var (wasComplete, wasSettled) = (Membership.IsDirectoryComplete, Membership.IsSettled);
        Membership.Prove(departed);
        if (Membership.View?.Has(departed) == false)
            Purge(departed);
        GoOn(wasComplete, wasSettled);
    }

    /// <summary>A member, or this node itself, says what it has done in a view.</summary>
    internal void Mark(MemberId member, RecoveryMarker marker, ulong view)
    {
        var (wasComplete, wasSettled) = (Membership.IsDirectoryComplete, Membership.IsSettled);
        Membership.Mark(member, marker, view);
        GoOn(wasComplete, wasSettled);
    }

    private void GoOn(bool wasComplete, bool wasSettled)
    {
        if (!wasComplete && Membership.IsDirectoryComplete)
            AnswerAskers();
        if (!wasSettled && Membership.IsSettled)
            CountRegrants(core.Rebuilder.FinishAll);
        if (Membership is { IsDirectoryComplete: true, IsSettled: true } && !(wasComplete && wasSettled))
            ForgetDoubts();
    }

    // What keeps this shard from being done.

    /// <summary>The record at the directory node is to be written: it is sent now, or with the view that is being installed.</summary>
    internal void Unrecord(Resource mastered)
    {
        mastered.Ties |= ResourceTies.Unrecorded;
        _unrecorded.Add(mastered);
    }

    internal void Recorded(Resource mastered)
    {
        if (!mastered.Has(ResourceTies.Unrecorded))
            return;
        mastered.Ties &= ~ResourceTies.Unrecorded;
        _unrecorded.Remove(mastered);
        core.TakingOver.Recorded(mastered);
        core.RestOn(mastered);
        SayWhatIsDone();
    }

    /// <summary>A resource that went to a node that departed: the directory is to know, before anybody is to think that all is said (M3).</summary>
    internal void Disown(Resource dropped)
    {
        dropped.Ties |= ResourceTies.Dropped;
        _dropped++;
    }

    internal void Disowned(Resource dropped)
    {
        if (!dropped.Has(ResourceTies.Dropped))
            return;
        dropped.Ties &= ~ResourceTies.Dropped;
        _dropped--;
        SayWhatIsDone();
    }

    internal void LostMaster(Resource owned)
    {
        owned.IsRebuildSent = false;
        if (owned.Has(ResourceTies.Homeless))
            return;
        owned.Ties |= ResourceTies.Homeless;
        _homeless++;
    }

    internal void FoundMaster(Resource owned)
    {
        owned.IsRebuildSent = false;
        if (!owned.Has(ResourceTies.Homeless))
            return;
        owned.Ties &= ~ResourceTies.Homeless;
        _homeless--;
        SayWhatIsDone();
    }

    // What the directory waits with.

    internal void Doubt(Resource recorded)
    {
        recorded.Ties |= ResourceTies.Doubtful;
        _doubtful.Add(recorded);
    }

    internal void KeepAsker(Resource asked, uint from, ReadOnlySpan<byte> lookup)
    {
        if (!lookup.IsEmpty)
            (asked.Lookups ??= []).Add(new ParkedMessage(from, lookup.ToArray()));
        asked.Ties |= ResourceTies.AskedFor;
        _askedFor.Add(asked);
    }

    /// <summary>A master is known: whoever asked can be told.</summary>
    internal void AnswerAskersOf(Resource asked)
    {
        if (!asked.Has(ResourceTies.AskedFor))
            return;
        asked.Ties &= ~ResourceTies.AskedFor;
        _askedFor.Remove(asked);
        var lookups = asked.Lookups ?? [];
        asked.Lookups = null;
        if (asked.Role == ResourceRole.Asking)
            core.Directory.AskAgain(asked);
        foreach (var lookup in lookups)
            core.Incoming.Handle(lookup.From, lookup.Bytes);
        core.LetRest(asked);
    }

    private void AnswerAskers()
    {
        foreach (var asked in _askedFor.ToArray())
            AnswerAskersOf(asked);
    }

    /// <summary>Whoever is master is recorded, and whoever has locks knows of one: what else there is nobody has.</summary>
    private void ForgetDoubts()
    {
        foreach (var resource in _doubtful)
        {
            resource.Ties &= ~ResourceTies.Doubtful;
            core.RestOn(resource);
        }

        _doubtful.Clear();
    }

    internal void SayWhatIsDone()
    {
        if (_isInstalling || Membership.View is not { } view)
            return;
        if (!_saidDirectoryDone && _unrecorded.Count == 0 && _dropped == 0 && core.HandingOver.Unanswered == 0)
        {
            _saidDirectoryDone = true;
            core.Announce(RecoveryMarker.DirectoryDone, view.Id);
        }

        if (!_saidLocksDone && _homeless == 0 && _dropped == 0)
        {
            _saidLocksDone = true;
            core.Announce(RecoveryMarker.LocksDone, view.Id);
        }
    }

    /// <summary>What the departed waited for is void; what they hold stays held, and only what is compatible is granted beside it.</summary>
    private void LetGoOfRequests(MemberId departed)
    {
        foreach (var session in core.Sessions.Depart(departed))
        {
            for (var each = session.FirstLock; each is not null;)
            {
                var next = each.NextOfSession;
                if (each.Requested is not null)
                    core.Master.OwnerDeparted(each);
                each = next;
            }
        }

        core.Sessions.ForgetDeparted(departed);
    }

    internal void CountMovedResource() => Counts += new RecoveryCounts { ResourcesMoved = 1 };

    internal void CountRebuiltResource() => Counts += new RecoveryCounts { ResourcesRebuilt = 1 };

    internal void CountHeld() => Counts += new RecoveryCounts { Held = 1 };

    internal void CountRebuiltLocks(long count) => Counts += new RecoveryCounts { LocksRebuilt = count };

    /// <summary>Every grant takes a token, and these steps do nothing else to the clock.</summary>
    private void CountRegrants(Action step)
    {
        var before = core.Clock;
        step();
        Counts += new RecoveryCounts { Regrants = (long)(core.Clock - before) };
    }

    private void Purge(MemberId departed) => CountRegrants(() => PurgeLocks(departed));

    private void PurgeLocks(MemberId departed)
    {
        foreach (var session in core.Sessions.DepartedOf(departed))
        {
            for (var each = session.FirstLock; each is not null;)
            {
                var next = each.NextOfSession;
                if (each.OrphanOf == 0)
                {
                    if (!each.Has(RawFlags.Persistent))
                        Counts += new RecoveryCounts { LocksPurged = 1 };
                    core.Master.Purge(each);
                }

                each = next;
            }
        }

        core.Sessions.ForgetDeparted(departed);
    }

    /// <summary>Records go where their slots went: those that are ours to keep no more are forgotten, those of our own resources are sent (D8).</summary>
    private void MoveDirectory(EngineView? before, EngineView view)
    {
        if (before is null)
            return;
        // Who asked us asks again in this view, wherever the directory node is now (D1).
        foreach (var asked in _askedFor)
        {
            asked.Ties &= ~ResourceTies.AskedFor;
            asked.Lookups = null;
            core.RestOn(asked);
        }

        _askedFor.Clear();
        for (ushort slot = 0; slot < Directory.Placement.Slots; slot++)
        {
            var server = view.Find(view.Placement.NodeOf(slot))!.Value.Id;
            if (before.Find(before.Placement.NodeOf(slot))!.Value.Id == server)
                continue;
            _found.Clear();
            core.Resources.CollectSlot(slot, _found);
            foreach (var resource in _found)
                MoveRecord(resource, isHere: server.Node == core.Node);
        }
    }

    private void MoveRecord(Resource resource, bool isHere)
    {
        if (resource.IsMastered)
        {
            core.Resources.SetRecord(resource, isHere ? core.Node : 0);
            if (!isHere)
                Unrecord(resource);
            else if (resource.Has(ResourceTies.Unrecorded))
                Recorded(resource);
            return;
        }

        core.Resources.SetRecord(resource, 0);
        if (resource.Has(ResourceTies.Doubtful))
        {
            resource.Ties &= ~ResourceTies.Doubtful;
            _doubtful.Remove(resource);
        }

        core.RestOn(resource);
    }

    /// <summary>A name whose master departed has locks that nobody here knows of (D5).</summary>
    private void DoubtRecordsOf(uint departed)
    {
        _found.Clear();
        core.Resources.CollectRecordedFor(departed, _found);
        foreach (var resource in _found)
        {
            core.Resources.SetRecord(resource, 0);
            Doubt(resource);
        }
    }
}
