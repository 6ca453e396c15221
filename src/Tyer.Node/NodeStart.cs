using Tyer.Cluster;
using Tyer.Cluster.External;
using Tyer.Cluster.Glue;
using Tyer.Cluster.Local;
using Tyer.Cluster.State;
using Tyer.Cluster.Static;
using Tyer.Comms.Endpoints;
using Tyer.Node.Peers;
using Tyer.Time;

namespace Tyer.Node;

/// <summary>Puts a node together, in the order in which its parts need each other; what was begun is undone if a later part fails.</summary>
internal static class NodeStart
{
    internal static ValueTask<NodeCore> RunAsync(NodeSettings settings, CancellationToken cancellationToken)
    {
        var security = NodeSecurity.Open(settings.Options);
        return RunAsync(settings, security, (settings, state) => new CommsTransport(settings, security.Peers, state.Incarnation.Value), cancellationToken);
    }

    /// <summary>The same over another transport.</summary>
    internal static ValueTask<NodeCore> RunAsync(
        NodeSettings settings, Func<NodeSettings, StateDirectory, IPeerTransport> connect, CancellationToken cancellationToken) =>
        RunAsync(settings, NodeSecurity.None, connect, cancellationToken);

    private static async ValueTask<NodeCore> RunAsync(
        NodeSettings settings, NodeSecurity security, Func<NodeSettings, StateDirectory, IPeerTransport> connect, CancellationToken cancellationToken)
    {
        var state = OpenState(settings);
        NodeCore? core = null;
        try
        {
            var clock = settings.Options.Clock ?? BootClock.Instance;
            if (settings.IsLocal)
            {
                core = new NodeCore(settings, state, mesh: null) { Security = security };
                await ConnectAsync(core, new LocalStack(state, clock), cancellationToken).ConfigureAwait(false);
            }
            else
            {
                var mesh = new PeerMesh(connect(settings, state), settings.Peers.Select(peer => peer.Id.Value));
                core = new NodeCore(settings, state, mesh) { Security = security };
                await ConnectAsync(core, StackOf(settings, state, mesh, clock), cancellationToken).ConfigureAwait(false);
            }

            core.Clients.Start(settings.Options.ClientEndpoints);
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

    private static ValueTask ConnectAsync(NodeCore core, IClusterStack stack, CancellationToken cancellationToken) =>
        core.Membership.ConnectAsync(new StackGlue(stack), core.Settings.Cluster, core.Settings.Protocol, core.Settings.Options.Stack, cancellationToken);

    private static IClusterStack StackOf(NodeSettings settings, StateDirectory state, PeerMesh mesh, IClock clock)
    {
        string[] addresses = [.. CommsEndpoint.ParseList(settings.Options.Listen!).Select(endpoint => endpoint.ToString())];
        if (settings.IsExternal)
            return new ExternalStack(settings.Peers, addresses, state, mesh, clock);
        if (settings.HasEngine)
        {
            var leased = new LeasedStackOptions
            {
                Peers = settings.Peers, Addresses = addresses, Weight = settings.Options.Weight, Terms = settings.Terms, Fencing = settings.Fencing,
            };
            return new LeasedStack(settings.Options.Engines[settings.Options.Stack](), leased, state, mesh, clock);
        }

        var options = new StaticOptions { Peers = settings.Peers, Addresses = addresses, Weight = settings.Options.Weight };
        return new StaticStack(options, state, mesh, clock);
    }

    private static StateDirectory OpenState(NodeSettings settings)
    {
        var owner = new StateOwner(settings.Cluster, settings.Name, settings.Id);
        return settings.Options.Volatile
            ? StateDirectory.Volatile(owner)
            : StateDirectory.Open(StatePath.Resolve(settings.Options.StateDirectory, settings.Name), owner);
    }
}
