using Tyer.Cluster.Local;
using Tyer.Cluster.State;
using Tyer.Node.Shards;
using Tyer.Time;

namespace Tyer.Node;

/// <summary>Puts a node together, in the order in which its parts need each other; what was begun is undone if a later part fails.</summary>
internal static class NodeStart
{
    internal static async ValueTask<NodeCore> RunAsync(NodeSettings settings, CancellationToken cancellationToken)
    {
        var state = OpenState(settings);
        NodeCore? core = null;
        try
        {
            var clock = settings.Options.Clock ?? BootClock.Instance;
            core = new NodeCore(settings, state, new NoPeers());
            await core.Membership.ConnectAsync(new LocalStack(state, clock), cancellationToken).ConfigureAwait(false);
            return core;
        }
        catch
        {
            if (core is not null)
                await core.DisposeAsync().ConfigureAwait(false);
            else
                state.Dispose();
            throw;
        }
    }

    private static StateDirectory OpenState(NodeSettings settings)
    {
        var owner = new StateOwner(settings.Cluster, settings.Name, settings.Id);
        return settings.Options.Volatile
            ? StateDirectory.Volatile(owner)
            : StateDirectory.Open(StatePath.Resolve(settings.Options.StateDirectory, settings.Name), owner);
    }
}
