using Tyer.Cluster.Fencing;
using Tyer.Cluster.Glue;
using Tyer.Sessions.Administration;

namespace Tyer.Node.Administration;

/// <summary>What operators are told of fencing, and what they can try of it.</summary>
internal sealed class FencingAnswers(NodeCore node)
{
    /// <summary>What this node itself does, or leaves to others.</summary>
    internal IReadOnlyList<FencingInfo> Own => [.. (Stack?.FenceCases ?? []).Select(Describe)];

    /// <summary>All that is known here; null with a stack that has nothing to do with it.</summary>
    /// <param name="nodes">What the members have said of themselves: who does it knows most.</param>
    internal FencingStatus? Status(IReadOnlyList<NodeInfo> nodes)
    {
        if (Stack is not { } stack)
            return null;
        var all = Configured.Order().ToArray();
        return new FencingStatus
        {
            Agents = all.Where(id => stack.Fencing.Agents.ContainsKey(id)).ToDictionary(
                id => node.NameOf(id.Value), IReadOnlyList<string> (id) => [.. stack.Fencing.AgentsOf(id).Select(agent => agent.Name)]),
            Without = [.. all.Where(id => !stack.Fencing.Agents.ContainsKey(id)).Select(id => node.NameOf(id.Value))],
            FreezesWithoutQuorum = stack.Fencing.Freezes,
            Watchdog = stack.Fencing.Watchdog?.Path,
            WatchdogTimeout = stack.Fencing.Watchdog?.Timeout,
            IsWatchdogArmed = stack.IsWatchdogArmed,
            UnderWay = [.. Own.Select(own => own.Stage == FencingStage.Elsewhere ? AsTold(own, nodes) : own)],
        };
    }

    /// <summary>What can be done about a lost node that is fenced, as a sentence; null: nothing but to wait.</summary>
    internal string? RemedyFor(Cluster.NodeIncarnation departed) =>
        Own.FirstOrDefault(each => each.NodeId == departed.Node.Value && each.Incarnation == departed.Incarnation.Value) is not { LastError: not null } failing
            ? null
            : $"Its fencing fails ({failing.LastError}): 'tyer fence test {failing.Node}' shows whether its agents work.";

    internal async Task<FenceTestResult> TestAsync(FenceTestOrder order, CancellationToken cancellationToken)
    {
        var what = $"The test of the fence agents of {order.Node}";
        if (order.Action is not ("status" or "monitor"))
            throw BadRequest.Of(what, $"the action is '{order.Action}'; a test takes status or monitor, which stop nobody");
        if (Stack is not { } stack)
            throw BadRequest.Of(what, $"the stack is '{node.Settings.Options.Stack}', which has no use for agents");
        var victim = Configured.FirstOrDefault(id => node.NameOf(id.Value) == order.Node || $"{id}" == order.Node);
        if (victim == default)
            throw BadRequest.Of(what, "it is no node of this cluster");
        var results = await stack.TestFencingAsync(victim, order.Action, cancellationToken).ConfigureAwait(false);
        if (results.Count == 0)
            throw BadRequest.Of(what, $"{node.NameOf(victim.Value)} has none: Fence in the configuration does not name it");
        return new FenceTestResult
        {
            By = node.Name,
            Node = node.NameOf(victim.Value),
            Agents = [.. results.Select(result => new FenceTestAnswer(result.Agent, result.Code, result.Why, result.Took))],
        };
    }

    private IEnumerable<Cluster.NodeId> Configured => node.Settings.Peers.Select(peer => peer.Id).Append(node.Settings.Id);

    private LeasedStack? Stack => node.Membership.Stack as LeasedStack;

    private FencingInfo Describe(FenceCase each) => new()
    {
        Node = node.NameOf(each.Departed.Node.Value),
        NodeId = each.Departed.Node.Value,
        Incarnation = each.Departed.Incarnation.Value,
        By = node.NameOf(each.Actor.Value),
        Stage = (FencingStage)each.Stage,
        Agent = each.Agent,
        Attempts = each.Attempts,
        NextIn = each.NextIn,
        LastError = each.LastError,
    };

    private static FencingInfo AsTold(FencingInfo own, IReadOnlyList<NodeInfo> nodes) => nodes
        .FirstOrDefault(other => other.Name == own.By)?.Status?.Fencing
        .FirstOrDefault(each => each.NodeId == own.NodeId && each.Incarnation == own.Incarnation && each.Stage != FencingStage.Elsewhere) ?? own;
}
