using System.Collections.Immutable;
using Tyer.Cluster;
using Tyer.Cluster.Fencing;
using Tyer.Cluster.Static;

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
            return options.Fence.Count == 0
                ? new FencingOptions()
                : throw new ArgumentException(
                    $"Fence is given, but the stack is '{options.Stack}', with which nodes do not find out that one is lost: set Stack to 'corosync' or 'etcd', or leave Fence out.", nameof(options));
        }

        var agents = ImmutableDictionary.CreateBuilder<NodeId, ImmutableArray<FenceAgent>>();
        foreach (var (name, each) in options.Fence)
        {
            var node = peers.Add(self).FirstOrDefault(known => known.Name == name) ?? throw new ArgumentException(
                $"Fence has '{name}', which is no node of this cluster; these are {string.Join(", ", peers.Add(self).OrderBy(known => known.Id).Select(known => known.Name))}.", nameof(options));
            if (each.Count == 0)
                throw new ArgumentException($"Fence has no agent for {name}: give one, or leave {name} out.", nameof(options));
            foreach (var agent in each)
                Check(name, agent);
            agents.Add(node.Id, [.. each]);
        }

        return new FencingOptions { Agents = agents.ToImmutable(), Delay = options.FenceDelay, OutlivedFor = OutlivedFor(options) };
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
