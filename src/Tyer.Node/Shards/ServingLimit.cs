using System.Runtime.CompilerServices;
using Tyer.Time;

namespace Tyer.Node.Shards;

/// <summary>
/// Until when a node may act, as its stack has said. Looked at on every way into a shard: a process that stood still finds out before it
/// believes anything, and not when a timer gets round to it. Once over, it is over.
/// </summary>
internal sealed class ServingLimit(IClock clock)
{
    private long _until = long.MaxValue;
    private volatile bool _isOver;

    /// <summary>Whether the node may act no more.</summary>
    internal bool IsOver
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Volatile.Read(ref _until) != long.MaxValue && Look();
    }

    /// <summary>The node may act until then; what comes after the end changes nothing.</summary>
    internal void Extend(TimeSpan until)
    {
        if (!IsOver)
            Volatile.Write(ref _until, until.Ticks);
    }

    /// <summary>It is over now, whatever was said before.</summary>
    internal void End()
    {
        _isOver = true;
        Volatile.Write(ref _until, 0);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool Look() => _isOver || (_isOver = clock.Now.Ticks >= Volatile.Read(ref _until));
}
