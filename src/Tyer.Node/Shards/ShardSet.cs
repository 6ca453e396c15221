using System.Buffers.Binary;
using Tyer.Engine;
using Tyer.Engine.Directory;
using Tyer.Engine.Messages;
using Tyer.Engine.Recovery;
using Tyer.Node.Recovery;
using Tyer.Time;

namespace Tyer.Node.Shards;

/// <summary>The shards of a node: which one a name belongs to, and what is done to all of them.</summary>
internal sealed class ShardSet
{
    private readonly Shard[] _shards;
    private EngineView? _view;

    /// <param name="options">What all engines are told; each has its own number besides.</param>
    /// <param name="count">How many shards.</param>
    /// <param name="outbox">Where they put what they have for other nodes.</param>
    /// <param name="clock">What time it is.</param>
    internal ShardSet(EngineOptions options, int count, IPeerOutbox outbox, IClock clock)
    {
        Clock = clock;
        Limit = new ServingLimit(clock);
        Recoveries = new RecoveryLog(options.Node, clock);
        var markers = new ShardMarkers(count, outbox, (marker, view) => Mark(_view!.Find(options.Node)!.Value.Id, marker, view));
        _shards = new Shard[count];
        for (var index = 0; index < count; index++)
        {
            _shards[index] = new Shard(options with { Shard = index }, outbox, markers, Limit);
            // From here on and not from the first tick: what is held by then would seem to have been held since the machine was started.
            _shards[index].Engine.Tick(clock.Now.Ticks);
        }
    }

    internal IClock Clock { get; }

    internal int Count => _shards.Length;

    /// <summary>Until when they may grant.</summary>
    internal ServingLimit Limit { get; }

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

    /// <summary>The view that the shards have, or are being given; null before the first.</summary>
    internal EngineView? View => _view;

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

    /// <summary>Whether anything may be granted, as long as the view stays.</summary>
    internal void Pause(bool isPaused)
    {
        foreach (var shard in _shards)
        {
            using (shard.Enter())
                shard.Engine.Pause(isPaused);
        }
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

    /// <summary>What all recoveries have had to do, ever.</summary>
    internal RecoveryCounts RecoveryCounts => Look().Counts;

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

    /// <summary>Takes in what an engine of another node sends, on the thread that read it; false if no engine can have sent it.</summary>
    internal bool Receive(MemberId from, ulong view, ReadOnlySpan<byte> message)
    {
        if (message.Length < 3)
            return false;
        // About no name, and so for no certain shard: the peer may have another number of shards (see MessageKind).
        if ((MessageKind)message[0] is not (MessageKind.Introduce or MessageKind.Farewell))
            return Receive(OfSlot(BinaryPrimitives.ReadUInt16LittleEndian(message[1..])), from, view, message);
        foreach (var shard in _shards)
        {
            if (!Receive(shard, from, view, message))
                return false;
        }

        return true;
    }

    /// <summary>Ends the orphans that a process of this node left in a lockspace; 0: those of all. Returns how many.</summary>
    internal int Purge(uint space, int processId) => Sum(engine => engine.Purge(space, processId));

    /// <summary>Lets each engine do something, one after the other, and adds up what they say to it.</summary>
    internal int Sum(Func<LockEngine, int> step)
    {
        var sum = 0;
        foreach (var shard in _shards)
        {
            using (shard.Enter())
                sum += step(shard.Engine);
        }

        return sum;
    }

    /// <summary>Ends an orphan that is mastered here. Which shard has it only its name would say: each is asked.</summary>
    internal bool PurgeOrphan(LockId orphan)
    {
        foreach (var shard in _shards)
        {
            using (shard.Enter())
            {
                if (shard.Engine.PurgeOrphan(orphan))
                    return true;
            }
        }

        return false;
    }

    private static bool Receive(Shard shard, MemberId from, ulong view, ReadOnlySpan<byte> message)
    {
        using (shard.Enter())
            return shard.Engine.Receive(from, view, message);
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
