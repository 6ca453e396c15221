using System.Collections.Immutable;
using System.Globalization;
using Tyer.Cluster.Watchdogs;

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

    /// <summary>This node's watchdog, which it feeds while it may act; null: none. All nodes have one, or none.</summary>
    public WatchdogOptions? Watchdog { get; init; }

    /// <summary>
    /// Whether a node that is out is left to its watchdog: it is fed no more from the end of the lease, and the others wait for twice its time besides.
    /// </summary>
    public bool StarvesWatchdog { get; init; }

    /// <summary>
    /// Whether a node whose lease has run out keeps what is held, and grants nothing, until it hears a majority again or the others have gone on. Then the end of a lease is no
    /// proof for the others: they wait for <see cref="FenceProof.PowerOff"/>, by an agent or by the watchdog's time.
    /// </summary>
    public bool Freezes { get; init; }

    /// <summary>How long after the end of a lease, at the latest, nothing of the node is left; null: that is no proof.</summary>
    internal TimeSpan? BeyondLease => StarvesWatchdog && Watchdog is { } watchdog
        ? TimeSpan.FromTicks(Math.Max(watchdog.Timeout.Ticks * 2, Freezes ? SessionsLast.Ticks : 0))
        : Freezes ? null : TimeSpan.Zero;

    /// <summary>Whether time alone proves that a lost node has stopped; else only an agent does, or an operator.</summary>
    public bool ProvesByTime => BeyondLease is not null;

    /// <summary>What time proves: that the lease has run out, or that the watchdog has reset the machine.</summary>
    internal FenceProof ProofByTime => Freezes ? FenceProof.PowerOff : FenceProof.LeaseRanOut;

    /// <summary>How long sessions outlive a node that stops without their having been closed, where they are told of no lease: with <see cref="Freezes"/>.</summary>
    public TimeSpan SessionsLast { get; init; }

    /// <summary>The agents of a node, in order; empty if it has none.</summary>
    public ImmutableArray<FenceAgent> AgentsOf(NodeId node) => Agents.TryGetValue(node, out ImmutableArray<FenceAgent> agents) ? agents : [];

    /// <summary>What all nodes have to have in common, as text; empty where nothing is configured.</summary>
    internal string Common => string.Concat(
        Agents.Count == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $" agents {string.Join(',', Agents.Keys.Order())} {OutlivedFor.Ticks}"),
        StarvesWatchdog ? string.Create(CultureInfo.InvariantCulture, $" watchdog {Watchdog!.Timeout.Ticks}") : "",
        Freezes ? string.Create(CultureInfo.InvariantCulture, $" freeze {SessionsLast.Ticks}") : "");

    /// <summary>The longest that a run of an agent may take.</summary>
    internal TimeSpan LongestRun => Agents.Values.SelectMany(agents => agents).Select(agent => agent.Timeout).DefaultIfEmpty().Max();
}
