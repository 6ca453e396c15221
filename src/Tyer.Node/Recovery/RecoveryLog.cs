using Tyer.Engine;
using Tyer.Engine.Recovery;
using Tyer.Time;

namespace Tyer.Node.Recovery;

/// <summary>
/// Keeps what each change of the view meant: when its phases were reached, and what there was to do. It decides nothing; the engines, which know
/// no time, are looked at after each step.
/// </summary>
internal sealed class RecoveryLog(uint node, IClock clock)
{
    private readonly Lock _gate = new();
    private readonly Queue<RecoveryRecord> _records = new();
    private readonly Dictionary<(MemberId Member, RecoveryMarker Marker), ulong> _said = [];
    private RecoveryRecord? _present;

    /// <summary>Are told of a recovery that has gone on, and from which phase, in order; they must not ask anything. Set before the first view.</summary>
    internal Action<RecoveryRecord, RecoveryPhase> Moved { get; set; } = static (_, _) => { };

    /// <summary>The recoveries remembered, the newest first, each as a copy.</summary>
    internal IReadOnlyList<RecoveryRecord> Records
    {
        get
        {
            lock (_gate)
                return [.. _records.Reverse().Select(record => record with { })];
        }
    }

    /// <summary>What the members have not said of the present view yet.</summary>
    internal IReadOnlyList<(EngineMember Member, bool LacksDirectory, bool LacksLocks)> Unsaid
    {
        get
        {
            lock (_gate)
            {
                return _present is null
                    ? []
                    : [.. _present.View.Members
                        .Select(member => (member, !HasSaid(member.Id, RecoveryMarker.DirectoryDone), !HasSaid(member.Id, RecoveryMarker.LocksDone)))
                        .Where(each => each.Item2 || each.Item3)];
            }
        }
    }

    /// <summary>A view has come and is about to be installed.</summary>
    /// <param name="before">The one before; null: none.</param>
    /// <param name="view">The view.</param>
    /// <param name="counts">What the engines have had to do until now.</param>
    internal void Begin(EngineView? before, EngineView view, RecoveryCounts counts)
    {
        lock (_gate)
        {
            if (_present is { Settled: null } unfinished)
                unfinished.SupersededBy = view.Id;
            if (_present is not null)
                _present.Counts = counts - _present.CountsBefore;
            _present = new RecoveryRecord
            {
                View = view,
                Began = clock.Now,
                CountsBefore = counts,
                Left = [.. before?.Members.Select(member => member.Id).Where(member => !view.Has(member)) ?? []],
                Joined = [.. view.Members.Select(member => member.Id).Where(member => before?.Has(member) != true)],
            };
            _records.Enqueue(_present);
            if (_records.Count > NodeLimits.RecoveriesKept)
                _records.Dequeue();
            Moved(_present, RecoveryPhase.Begun);
        }
    }

    /// <summary>A member, or this node, has said what it has done.</summary>
    internal void Marked(MemberId member, RecoveryMarker marker, ulong view)
    {
        lock (_gate)
        {
            if (_said.GetValueOrDefault((member, marker)) < view)
                _said[(member, marker)] = view;
            if (_present is not { } present || member.Node != node || view != present.View.Id)
                return;
            if (marker == RecoveryMarker.DirectoryDone)
                present.DirectoryDone ??= clock.Now - present.Began;
            else
                present.LocksDone ??= clock.Now - present.Began;
        }
    }

    /// <summary>A step is done in all shards.</summary>
    /// <param name="view">The view that all of them have; 0: they have not the same yet.</param>
    /// <param name="isSettled">Whether nothing is in doubt for any of them.</param>
    /// <param name="counts">What they have had to do until now.</param>
    internal void Looked(ulong view, bool isSettled, RecoveryCounts counts)
    {
        lock (_gate)
        {
            if (_present is not { } present || view != present.View.Id)
                return;
            var phase = present.Phase;
            var passed = clock.Now - present.Began;
            present.Installed ??= passed;
            if (present.View.Members.All(member => HasSaid(member.Id, RecoveryMarker.DirectoryDone)))
                present.DirectoryComplete ??= passed;
            if (isSettled)
                present.Settled ??= passed;
            var since = counts - present.CountsBefore;
            if (since.Regrants > present.Counts.Regrants)
                present.LastRegrant = passed;
            // Two that looked at the same time may come here in either order.
            if (since.Regrants >= present.Counts.Regrants)
                present.Counts = since;
            if (present.Phase != phase)
                Moved(present, phase);
        }
    }

    private bool HasSaid(MemberId member, RecoveryMarker marker) => _said.GetValueOrDefault((member, marker)) == _present!.View.Id;
}

/// <summary>How far a recovery has come.</summary>
internal enum RecoveryPhase
{
    /// <summary>The view has come.</summary>
    Begun,

    /// <summary>All shards have it.</summary>
    Installed,

    /// <summary>All members have recorded what they master.</summary>
    DirectoryComplete,

    /// <summary>Nothing is in doubt any more.</summary>
    Settled,
}

/// <summary>One change of the view; spans of time are since it came.</summary>
internal sealed record RecoveryRecord
{
    internal required EngineView View { get; init; }

    internal required TimeSpan Began { get; init; }

    internal required RecoveryCounts CountsBefore { get; init; }

    internal required IReadOnlyList<MemberId> Left { get; init; }

    internal required IReadOnlyList<MemberId> Joined { get; init; }

    internal RecoveryCounts Counts { get; set; }

    internal TimeSpan? Installed { get; set; }

    internal TimeSpan? DirectoryDone { get; set; }

    internal TimeSpan? LocksDone { get; set; }

    internal TimeSpan? DirectoryComplete { get; set; }

    internal TimeSpan? Settled { get; set; }

    internal TimeSpan? LastRegrant { get; set; }

    internal ulong? SupersededBy { get; set; }

    /// <summary>How far it has come.</summary>
    internal RecoveryPhase Phase => this switch
    {
        { Settled: not null } => RecoveryPhase.Settled,
        { DirectoryComplete: not null } => RecoveryPhase.DirectoryComplete,
        { Installed: not null } => RecoveryPhase.Installed,
        _ => RecoveryPhase.Begun,
    };

    /// <summary>When it reached a phase; null: it has not.</summary>
    internal TimeSpan? ReachedAt(RecoveryPhase phase) => phase switch
    {
        RecoveryPhase.Installed => Installed,
        RecoveryPhase.DirectoryComplete => DirectoryComplete,
        RecoveryPhase.Settled => Settled,
        _ => TimeSpan.Zero,
    };
}
