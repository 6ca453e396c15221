using System.Runtime.CompilerServices;
using Tyer.Engine.Looking;
using Tyer.Sessions;

namespace Tyer.Node.Queries;

/// <summary>Who holds and who waits: each member answers for what it masters, a part of its tables at a time.</summary>
internal sealed class QueryService(NodeCore node)
{
    private const int BucketsAtATime = 256;

    internal async IAsyncEnumerable<ResourceSnapshot> QueryAsync(
        uint space, ResourceQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var name = node.Lockspaces.NameOf(space);
        await foreach (var found in node.Administration.QueryAsync(name, query, cancellationToken).ConfigureAwait(false))
            yield return found.Snapshot;
    }

    /// <summary>What this node masters, in the order of names, at most as many as asked for.</summary>
    internal IReadOnlyList<ResourceSnapshot> Local(uint space, ResourceQuery query)
    {
        var found = new SortedList<ResourceName, ResourceSnapshot>();
        foreach (var state in Mastered(state => state.Space == space && query.Matches(state.Name)))
            Take(state);
        return [.. found.Values];

        void Take(ResourceState state)
        {
            var snapshot = Of(state);
            if (!query.Matches(snapshot))
                return;
            found[snapshot.Resource] = snapshot;
            if (found.Count > query.Count)
                found.RemoveAt(found.Count - 1);
        }
    }

    /// <summary>The resources mastered here, a part of a shard's table at a time.</summary>
    internal IEnumerable<ResourceState> Mastered(Func<ResourceState, bool> wanted)
    {
        var states = new List<ResourceState>();
        for (var index = 0; index < node.Shards.Count; index++)
        {
            var shard = node.Shards[index];
            for (var from = 0; from >= 0;)
            {
                states.Clear();
                using (shard.Enter())
                    from = shard.Engine.Collect(from, BucketsAtATime, wanted, states);
                foreach (var state in states)
                    yield return state;
            }
        }
    }

    private ResourceSnapshot Of(ResourceState state) => new()
    {
        Resource = state.Name,
        Master = node.Name,
        Directory = node.NameOf(state.Directory),
        ValueState = state.ValueState,
        ValueVersion = state.ValueVersion,
        Granted = [.. state.Granted.Select(each => Of(state.Name, each))],
        Converting = [.. state.Converting.Select(each => Of(state.Name, each))],
        Waiting = [.. state.Waiting.Select(each => Of(state.Name, each))],
    };

    private static LockEntry Of(ResourceName resource, LockState state)
    {
        var (owner, purpose) = NoteCodec.Describe(state.Identity.Span, state.Note.Span);
        return new LockEntry
        {
            Resource = resource,
            Id = state.Id,
            Owner = owner,
            Granted = state.Granted,
            Requested = state.Requested,
            HeldFor = state.HeldFor is { } held ? TimeSpan.FromTicks(held) : null,
            WaitedFor = state.WaitedFor is { } waited ? TimeSpan.FromTicks(waited) : null,
            Token = state.Token,
            Purpose = purpose,
            IsOrphan = state.IsOrphan,
        };
    }
}
