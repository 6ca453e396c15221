using Tyer.Engine.Recovery;

namespace Tyer.Node.Shards;

/// <summary>A node has done with a phase of recovery when its last shard has: counts them, and then tells everybody, this node's shards included.</summary>
internal sealed class ShardMarkers(int shards, IPeerOutbox outbox, Action<RecoveryMarker, ulong> tellOwn)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(RecoveryMarker Marker, ulong View), int> _done = [];

    /// <summary>A shard is done. Called without any shard's lock.</summary>
    internal void Announce(RecoveryMarker marker, ulong view)
    {
        lock (_gate)
        {
            var done = _done.GetValueOrDefault((marker, view)) + 1;
            _done[(marker, view)] = done;
            if (done < shards)
                return;
            // What was not finished in an older view never will be.
            foreach (var old in _done.Keys.Where(key => key.Marker == marker && key.View <= view).ToArray())
                _done.Remove(old);
        }

        outbox.Announce(marker, view);
        tellOwn(marker, view);
    }
}
