using Tyer.Engine;
using Tyer.Engine.Directory;
using Tyer.Engine.Recovery;
using Tyer.Node.Recovery;
using Tyer.Time;

namespace Tyer.Node.Shards;

/// <summary>The shards of a node: which one a name belongs to, and what is done to all of them.</summary>
internal sealed class ShardSet
{
    private readonly Shard[] _shards;
    private EngineView? _view;

    internal ShardSet(uint node, int count, ulong firstLockNumber, ulong tableSeed, IPeerOutbox outbox, IClock clock)
    {
        Clock = clock;
        Recoveries = new RecoveryLog(node, clock);
        var markers = new ShardMarkers(count, outbox, (marker, view) => Mark(_view!.Find(node)!.Value.Id, marker, view));
        _shards = new Shard[count];
        for (var index = 0; index < count; index++)
        {
            var options = new EngineOptions { Node = node, Shard = index, FirstLockNumber = firstLockNumber, TableSeed = tableSeed };
            _shards[index] = new Shard(options, outbox, markers);
            // From here on and not from the first tick: what is held by then would seem to have been held since the machine was started.
            _shards[index].Engine.Tick(clock.Now.Ticks);
        }
    }

    internal IClock Clock { get; }

    internal int Count => _shards.Length;

    /// <summary>What changes of the view meant here.</summary>
    internal RecoveryLog Recoveries { get; }

    /// <summary>Whether nothing is in doubt any more, in any shard.</summary>
    internal bool IsSettled => Look().IsSettled;

    /// <summary>The highest lock number that any shard has given.</summary>
    internal ulong HighestLockNumber
    {
        get
        {
            var highest = 0UL;
            foreach (var shard in _shards)
                highest = Math.Max(highest, shard.Engine.NextLockNumber);
            return highest;
        }
    }

    internal Shard this[int index] => _shards[index];

    /// <summary>The shard that owns a name, by the hash that places it.</summary>
    internal Shard OfHash(ulong hash) => OfSlot(Placement.SlotOf(hash));

    // Slots in equal stretches: a multiplication where a remainder would be a division.
    internal Shard OfSlot(ushort slot) => _shards[(int)((slot * (uint)_shards.Length) / Placement.Slots)];

    /// <summary>The shard that made a lock of this node.</summary>
    internal Shard? OfLock(LockId id)
    {
        var index = (int)(id.Counter >> EngineOptions.LockNumberBits);
        return index < _shards.Length ? _shards[index] : null;
    }

    internal void Install(EngineView view)
    {
        Recoveries.Begin(_view, view, Look().Counts);
        _view = view;
        foreach (var shard in _shards)
        {
            using (shard.Enter())
                shard.Install(view);
        }

        NoteRecovery();
    }

    /// <summary>What a member has said of its recovery is made known to all shards.</summary>
    internal void Mark(MemberId member, RecoveryMarker marker, ulong view)
    {
        Recoveries.Marked(member, marker, view);
        foreach (var shard in _shards)
        {
            using (shard.Enter())
                shard.Engine.Mark(member, marker, view);
        }

        NoteRecovery();
    }

    /// <summary>A departed node is proven to act no more.</summary>
    internal void Prove(MemberId departed)
    {
        foreach (var shard in _shards)
        {
            using (shard.Enter())
                shard.Engine.Prove(departed);
        }

        NoteRecovery();
    }

    private void NoteRecovery()
    {
        var (view, isSettled, counts) = Look();
        Recoveries.Looked(view, isSettled, counts);
    }

    private (ulong View, bool IsSettled, RecoveryCounts Counts) Look()
    {
        var view = ulong.MaxValue;
        var isSettled = true;
        var counts = default(RecoveryCounts);
        foreach (var shard in _shards)
        {
            using (shard.Enter())
            {
                view = view == ulong.MaxValue || view == shard.Engine.ViewId ? shard.Engine.ViewId : 0;
                isSettled &= shard.Engine.IsSettled;
                counts += shard.Engine.RecoveryCounts;
            }
        }

        return (view, isSettled, counts);
    }

    internal void OpenLockspace(uint space, LockspaceSettings settings)
    {
        foreach (var shard in _shards)
        {
            using (shard.Enter())
                shard.Engine.OpenLockspace(space, settings);
        }
    }

    /// <summary>Lets time pass in every shard; returns when something next waits for time.</summary>
    internal TimeSpan Tick()
    {
        var next = long.MaxValue;
        foreach (var shard in _shards)
        {
            using (shard.Enter())
            {
                shard.Engine.Tick(Clock.Now.Ticks);
                next = Math.Min(next, shard.Engine.NextDeadline);
            }
        }

        return TimeSpan.FromTicks(next);
    }
}
