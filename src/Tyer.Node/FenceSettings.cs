using System.Collections.Immutable;
using Tyer.Cluster;
using Tyer.Cluster.Fencing;
using Tyer.Cluster.Static;
using Tyer.Cluster.Watchdogs;

namespace Tyer.Node;

/// <summary>What a node's options say about fencing, checked.</summary>
internal static class FenceSettings
{
    /// <exception cref="ArgumentException">The message names the option, what is wrong with it, and what would be right.</exception>
    internal static FencingOptions Of(TyerNodeOptions options, StaticPeer self, ImmutableArray<StaticPeer> peers)
    {
        if (options.FenceDelay < TimeSpan.Zero || options.FenceDelay > ClusterLimits.FenceDelayMax)
            throw new ArgumentException($"FenceDelay is {options.FenceDelay}; it takes 0 to {ClusterLimits.FenceDelayMax}.", nameof(options));
        if (!options.Engines.ContainsKey(options.Stack))
        {
            if (WithoutEffect(options) is { } given)
                throw new ArgumentException($"{given}, but the stack is '{options.Stack}', with which that has no effect: set Stack to 'corosync' or 'etcd', or leave it out.", nameof(options));
            return new FencingOptions();
        }

        StaticPeer[] nodes = [.. peers.Add(self).OrderBy(node => node.Id)];
        var agents = ImmutableDictionary.CreateBuilder<NodeId, ImmutableArray<FenceAgent>>();
        foreach (var (name, each) in options.Fence)
        {
            var node = nodes.FirstOrDefault(known => known.Name == name) ?? throw new ArgumentException(
                $"Fence has '{name}', which is no node of this cluster; these are {string.Join(", ", nodes.Select(known => known.Name))}.", nameof(options));
            if (each.Count == 0)
                throw new ArgumentException($"Fence has no agent for {name}: give one, or leave {name} out.", nameof(options));
            foreach (var agent in each)
                Check(name, agent);
            agents.Add(node.Id, [.. each]);
        }

        var fencing = new FencingOptions
        {
            Agents = agents.ToImmutable(),
            Delay = options.FenceDelay,
            OutlivedFor = OutlivedFor(options),
            Watchdog = WatchdogOf(options),
            StarvesWatchdog = options.OnExpulsion == ExpulsionPolicy.Watchdog,
            Freezes = options.OnQuorumLoss == QuorumLossPolicy.Freeze,
            SessionsLast = options.SessionTimeout,
        };
        if (fencing.StarvesWatchdog && fencing.Watchdog is null)
            throw new ArgumentException("OnExpulsion is 'watchdog', but there is none: set Watchdog to its path, such as /dev/watchdog, or OnExpulsion to 'notify', 'disconnect' or 'kill'.", nameof(options));
        if (fencing is { Freezes: true, StarvesWatchdog: false } && nodes.Where(node => fencing.AgentsOf(node.Id).IsEmpty).Select(node => node.Name).ToArray() is { Length: > 0 } without)
        {
            throw new ArgumentException(
                $"OnQuorumLoss is 'freeze', but nothing can stop {string.Join(", ", without)}: the others would wait for ever for what a lost node keeps. "
                + "Give every node an agent in Fence, this one included, or set Watchdog and OnExpulsion to 'watchdog', or leave OnQuorumLoss at 'revoke'.", nameof(options));
        }

        return fencing;
    }

    /// <summary>What is given that needs nodes that find out that one is lost; null: nothing.</summary>
    private static string? WithoutEffect(TyerNodeOptions options) =>
        options.Fence.Count > 0 ? "Fence is given"
        : options.Watchdog is not null ? $"Watchdog is '{options.Watchdog}'"
        : options.OnQuorumLoss != QuorumLossPolicy.Revoke ? "OnQuorumLoss is 'freeze'"
        : options.OnExpulsion == ExpulsionPolicy.Watchdog ? "OnExpulsion is 'watchdog'"
        // An external control daemon puts nodes out, too.
        : options.OnExpulsion != ExpulsionPolicy.Notify && options.Stack != "external" ? $"OnExpulsion is '{options.OnExpulsion.ToString().ToLowerInvariant()}'"
        : null;

    private static WatchdogOptions? WatchdogOf(TyerNodeOptions options)
    {
        if (options.Watchdog is not { } path)
            return null;
        var watchdog = new WatchdogOptions { Path = path, Timeout = options.WatchdogTimeout, Interval = options.WatchdogInterval ?? options.WatchdogTimeout / 4 };
        watchdog.Validate();
        return watchdog;
    }

    /// <summary>For how long programs of other machines may believe in locks of a node that has lost its power: until their sessions end by their own clocks.</summary>
    private static TimeSpan OutlivedFor(TyerNodeOptions options) =>
        options.ClientEndpoints.All(static endpoint => endpoint.StartsWith("unix:", StringComparison.Ordinal))
            ? TimeSpan.Zero
            : options.SessionTimeout * (1 + NodeLimits.ClockRateError);

    private static void Check(string node, FenceAgent agent)
    {
        try
        {
            agent.Validate();
        }
        catch (ArgumentException fault)
        {
            throw new ArgumentException($"Fence, {node}: {fault.Message}", fault);
        }
    }
}
