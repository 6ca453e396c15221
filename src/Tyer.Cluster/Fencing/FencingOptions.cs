using System.Collections.Immutable;
using System.Globalization;

namespace Tyer.Cluster.Fencing;

/// <summary>How a cluster makes sure that a departed node has stopped, beside waiting for its lease; the same in everybody's configuration.</summary>
public sealed class FencingOptions
{
    /// <summary>The agents that cut a node's power, by the node, each list in the order in which they are tried. Default: none, of nobody.</summary>
    public IReadOnlyDictionary<NodeId, ImmutableArray<FenceAgent>> Agents { get; init; } = ImmutableDictionary<NodeId, ImmutableArray<FenceAgent>>.Empty;

    /// <summary>How long a node is given after it has departed, before its power is cut: it may come back, or write a dump. Default: none.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>
    /// How long programs on other machines may believe in locks of a node whose power is off. Default: not at all, as all programs are on its own machine.
    /// </summary>
    public TimeSpan OutlivedFor { get; init; }

    /// <summary>The agents of a node, in order; empty if it has none.</summary>
    public ImmutableArray<FenceAgent> AgentsOf(NodeId node) => Agents.TryGetValue(node, out ImmutableArray<FenceAgent> agents) ? agents : [];

    /// <summary>What all nodes have to have in common, as text; empty where nothing is configured.</summary>
    internal string Common => Agents.Count == 0
        ? ""
        : string.Create(CultureInfo.InvariantCulture, $" agents {string.Join(',', Agents.Keys.Order())} {OutlivedFor.Ticks}");

    /// <summary>The longest that a run of an agent may take.</summary>
    internal TimeSpan LongestRun => Agents.Values.SelectMany(agents => agents).Select(agent => agent.Timeout).DefaultIfEmpty().Max();
}
