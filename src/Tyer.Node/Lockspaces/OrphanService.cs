using System.Text.Json;
using Tyer.Cluster;
using Tyer.Node.Administration;
using Tyer.Node.Peers;

namespace Tyer.Node.Lockspaces;

/// <summary>The end of orphans: each is known at the node that its process was on, so that node is asked.</summary>
internal sealed class OrphanService(NodeCore node)
{
    /// <summary>Ends the orphans that a process of one member left in a lockspace, or of all members.</summary>
    /// <param name="space">The lockspace.</param>
    /// <param name="member">The member; 0: each of them.</param>
    /// <param name="processId">The process; 0: any.</param>
    /// <param name="cancellationToken">Ends the waiting for the answers, not the purge.</param>
    /// <returns>How many there were.</returns>
    /// <exception cref="LockUnavailableException">The node is no member, or some did not answer; what the others had is gone.</exception>
    internal async ValueTask<int> PurgeAsync(OpenedLockspace space, uint member, int processId, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var order = new PurgeOrder(space.Id, processId);
        var others = OthersOf(member);
        if (member != 0 && member != node.Id && others.Length == 0)
            throw new LockUnavailableException(UnavailableReason.Unreachable, What(space), $"node {member} is not a member of the cluster");
        var json = JsonSerializer.SerializeToUtf8Bytes(order, NodeJson.Default.PurgeOrder);
        var asked = others.Select(other => AskAsync(other, json, cancellationToken)).ToArray();
        var purged = member == 0 || member == node.Id ? node.Shards.Purge(order.Space, order.ProcessId) : 0;
        var answers = await Task.WhenAll(asked).ConfigureAwait(false);
        var silent = others.Where((_, index) => answers[index] is null).Select(other => other.Name).ToArray();
        if (silent.Length > 0)
        {
            throw new LockUnavailableException(
                UnavailableReason.Incomplete, What(space), $"no answer within {NodeLimits.QueryTimeout.TotalSeconds:0} s from {string.Join(", ", silent)}; asking again is harmless");
        }

        return purged + answers.Sum() ?? 0;
    }

    private static string What(OpenedLockspace space) => $"The purge of lockspace '{space.Name}'";

    private Member[] OthersOf(uint member) =>
        node.Peers is null || node.Membership.View is not { } view
            ? []
            : [.. view.Members.Where(each => each.Id.Value != node.Id && (member == 0 || each.Id.Value == member))];

    private async Task<int?> AskAsync(Member other, byte[] json, CancellationToken cancellationToken)
    {
        var answer = await node.Peers!.AskAsync(other.Id.Value, QuestionTopic.Purge, json, cancellationToken).ConfigureAwait(false);
        try
        {
            return answer is null ? null : JsonSerializer.Deserialize(answer, NodeJson.Default.Int32);
        }
        catch (JsonException)
        {
            return null; // a member of another version, say: as if it had not answered
        }
    }
}

/// <summary>Which orphans are to go.</summary>
/// <param name="Space">The lockspace that they are in.</param>
/// <param name="ProcessId">The process that left them; 0: any.</param>
internal sealed record PurgeOrder(uint Space, int ProcessId);
