using System.Runtime.CompilerServices;
using Tyer.Engine.Directory;
using Tyer.Engine.Looking;
using Tyer.Engine.Recovery;
using Tyer.Node.Lockspaces;
using Tyer.Sessions;
using Tyer.Sessions.Administration;

namespace Tyer.Node.Queries;

/// <summary>Who holds and who waits: each member answers for what it masters, a part of its tables at a time.</summary>
internal sealed class QueryService(NodeCore node)
{
    private const int BucketsAtATime = 256;

    private static readonly Comparer<(string Lockspace, ResourceName Resource)> InOrder = Comparer<(string Lockspace, ResourceName Resource)>.Create(
        static (one, other) => string.CompareOrdinal(one.Lockspace, other.Lockspace) is var order && order != 0 ? order : one.Resource.CompareTo(other.Resource));

    internal async IAsyncEnumerable<ResourceSnapshot> QueryAsync(
        uint space, ResourceQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var name = node.Lockspaces.NameOf(space);
        await foreach (var found in node.Administration.QueryAsync(name, query, cancellationToken).ConfigureAwait(false))
            yield return found.Snapshot;
    }

    /// <summary>What this node masters, in the order of lockspaces and names, at most as many as asked for.</summary>
    /// <param name="lockspace">The lockspace; null: all, but for the node's own.</param>
    /// <param name="query">Which resources.</param>
    internal IReadOnlyList<LockspaceResource> Local(string? lockspace, ResourceQuery query)
    {
        var found = new SortedList<(string Lockspace, ResourceName Resource), LockspaceResource>(InOrder);
        uint? only = lockspace is null ? null : LockspaceRegistry.IdOf(lockspace);
        foreach (var state in Mastered(state => query.Matches(state.Name) && state.Space != LockspaceRegistry.SystemId && (only is null || state.Space == only)))
        {
            var snapshot = Of(state);
            if (!query.Matches(snapshot))
                continue;
            var space = node.Lockspaces.NameOf(state.Space) is { Length: > 0 } name ? name : LockspaceRegistry.Unnamed(state.Space);
            found[(space, snapshot.Resource)] = new LockspaceResource(space, snapshot);
            if (found.Count > query.Count)
                found.RemoveAt(found.Count - 1);
        }

        return [.. found.Values];
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
                {
                    // Ages are told as of now, not as of the timer's last round: another node may have asked because of what the time is.
                    shard.Engine.Tick(node.Shards.Clock.Now.Ticks);
                    from = shard.Engine.Collect(from, BucketsAtATime, wanted, states);
                }

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
        HeldUpBy = HeldUpBy(state),
    };

    private string? HeldUpBy(ResourceState state)
    {
        var shard = node.Shards.OfHash(Placement.HashOf(state.Space, state.Name.Hash));
        RecoveryStanding standing;
        using (shard.Enter())
        {
            if (!state.IsRebuilding && shard.Engine.MayGrant)
                return null;
            standing = shard.Engine.Standing;
        }

        return StandstillText.Of(standing, state.IsRebuilding, node.Name, node.NameOf);
    }

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
            LeftFor = state.LeftFor is { } left ? TimeSpan.FromTicks(left) : null,
        };
    }
}
