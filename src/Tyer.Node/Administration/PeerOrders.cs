using Tyer.Cluster.External;
using Tyer.Cluster.Static;
using Tyer.Comms;
using Tyer.Comms.Endpoints;
using Tyer.Comms.Links;
using Tyer.Comms.Paths;
using Tyer.Comms.Peers;
using Tyer.Node.Peers;
using Tyer.Sessions.Administration;

namespace Tyer.Node.Administration;

/// <summary>What operators see and change of this node's connections to others. Nothing of it outlives the process: the configuration does.</summary>
internal sealed class PeerOrders(NodeCore node)
{
    /// <summary>All connections, by id.</summary>
    internal IReadOnlyList<PeerInfo> All => node.Comms is { } comms ? [.. comms.Domain.Peers.Values.Select(Describe)] : [];

    /// <summary>Does what was ordered.</summary>
    /// <exception cref="LockRefusedException">It cannot be done.</exception>
    internal async Task OrderAsync(PeerOrder order)
    {
        var what = $"The order about peer {order.Peer}";
        var comms = CommsFor(what);
        try
        {
            if (order.Action == PeerAction.NewPeer)
                await TakeInAsync(comms, order, what).ConfigureAwait(false);
            else
                await OrderAsync(comms, Find(order.Peer, what), order, what).ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is CommsException or ArgumentException)
        {
            throw BadRequest.Of(what, fault);
        }
    }

    /// <summary>Changes the options of all connections; what is null stays.</summary>
    /// <exception cref="LockRefusedException">They cannot be; nothing is changed.</exception>
    internal PeerOptions Change(PeerOptions order)
    {
        const string What = "The change of options of peers";
        var comms = CommsFor(What);
        if (order != new PeerOptions())
        {
            try
            {
                if (order.Peer is not null)
                    Choose(comms, order, What);
                var present = comms.Domain.Net;
                comms.Domain.Change(present with
                {
                    HeartbeatInterval = order.HeartbeatInterval ?? present.HeartbeatInterval,
                    HeartbeatTimeout = order.HeartbeatTimeout ?? present.HeartbeatTimeout,
                    PongsToProve = order.PongCount ?? present.PongsToProve,
                    StallTimeout = order.StallTimeout ?? present.StallTimeout,
                    ConnectInterval = order.ConnectInterval ?? present.ConnectInterval,
                    FailbackDelay = order.FailbackDelay ?? present.FailbackDelay,
                    PathPolicy = order is { Peer: null, PathPolicy: { } policy } ? PathPolicyName.Parse(policy) : present.PathPolicy,
                });
            }
            catch (Exception fault) when (fault is CommsException or ArgumentException)
            {
                throw BadRequest.Of(What, fault);
            }
        }

        var net = comms.Domain.Net;
        return new PeerOptions
        {
            HeartbeatInterval = net.HeartbeatInterval,
            HeartbeatTimeout = net.HeartbeatTimeout,
            PongCount = net.PongsToProve,
            StallTimeout = net.StallTimeout,
            ConnectInterval = net.ConnectInterval,
            FailbackDelay = net.FailbackDelay,
            PathPolicy = PathPolicyName.Of(net.PathPolicy),
        };
    }

    /// <summary>Pings the ways to a peer, side by side.</summary>
    /// <exception cref="LockRefusedException">There is no such peer or way.</exception>
    internal async Task<IReadOnlyList<ProbeInfo>> ProbeAsync(ProbeOrder order, CancellationToken cancellationToken)
    {
        var what = $"The probe of peer {order.Peer}";
        var comms = CommsFor(what);
        if (order.Count is < 1 or > CommsLimits.ProbePingsMax)
            throw BadRequest.Of(what, $"it takes 1 to {CommsLimits.ProbePingsMax} pings");
        var peer = comms.Domain.Peers[Find(order.Peer, what).Id.Value];
        var paths = peer.Paths.Select(path => path.Path).Where(path => order.Path is null || path == order.Path).ToArray();
        if (paths.Length == 0)
            throw BadRequest.Of(what, $"there is no path {order.Path} to {peer.Name}");
        var probes = await Task.WhenAll(paths.Select(path => peer.ProbeAsync(path, order.Count, cancellationToken))).ConfigureAwait(false);
        return [.. probes.Select(Describe)];
    }

    private CommsTransport CommsFor(string what) =>
        node.Comms ?? throw BadRequest.Of(what, $"node {node.Name} has no peers: its stack is '{node.Settings.Options.Stack}'");

    /// <summary>Which path carries is chosen for one peer; everything else holds for all.</summary>
    private void Choose(CommsTransport comms, PeerOptions order, string what)
    {
        if (order.PathPolicy is not { } policy || order != new PeerOptions { Peer = order.Peer, PathPolicy = policy })
            throw BadRequest.Of(what, "for one peer there is a path-policy, and nothing else");
        comms.Domain.Peers[Find(order.Peer!, what).Id.Value].Choose(PathPolicyName.Parse(policy));
    }

    private async Task OrderAsync(CommsTransport comms, StaticPeer known, PeerOrder order, string what)
    {
        var peer = comms.Domain.Peers[known.Id.Value];
        switch (order.Action)
        {
            case PeerAction.Connect:
                peer.Connect();
                break;

            case PeerAction.Disconnect:
                peer.Disconnect();
                break;

            case PeerAction.NewPath:
                peer.AddPath(PathOf(order, what), CommsEndpoint.Parse(AddressOf(order, what)));
                break;

            case PeerAction.DelPath:
                peer.RemovePath(PathOf(order, what));
                break;

            case PeerAction.DelPeer:
                if (node.Membership.View?.Find(known.Id) is not null)
                    throw BadRequest.Of(what, $"{known.Name} is a member of the view that this node is in");
                await comms.RemovePeerAsync(known.Id.Value).ConfigureAwait(false);
                if (node.Membership.Stack is ExternalStack stack)
                    await stack.ForgetAsync(known.Id).ConfigureAwait(false);
                node.Wiring.Forget(known);
                break;

            default:
                throw BadRequest.Of(what, $"'{order.Action}' is not known to this version of Tyer");
        }
    }

    private async Task TakeInAsync(CommsTransport comms, PeerOrder order, string what)
    {
        if (node.Membership.Stack is not ExternalStack stack)
        {
            throw BadRequest.Of(
                what, $"with the stack '{node.Settings.Options.Stack}' the nodes of the cluster are those of its configuration: change it at every node and start them again");
        }

        var peer = NodeSettings.PeerOf(order.Peer);
        if (node.Wiring.Known.Find(order.Peer) is not null)
            throw BadRequest.Of(what, $"{order.Peer} is known already");
        var address = new PeerAddress(peer.Id.Value, peer.Name, CommsEndpoint.ParseList(AddressOf(order, what)));
        await stack.AdmitAsync(peer).ConfigureAwait(false);
        try
        {
            node.Wiring.TakeIn(peer);
            comms.AddPeer(address);
        }
        catch
        {
            node.Wiring.Forget(peer);
            await stack.ForgetAsync(peer.Id).ConfigureAwait(false);
            throw;
        }
    }

    private StaticPeer Find(string nameOrId, string what) => node.Wiring.Known.Find(nameOrId)
        ?? throw BadRequest.Of(what, $"node {node.Name} knows no such node; it knows {string.Join(", ", node.Wiring.Known.All.Select(peer => peer.Name))}");

    private static int PathOf(PeerOrder order, string what) => order.Path is >= 0 and < CommsLimits.PathsPerPeerMax and var path
        ? path
        : throw BadRequest.Of(what, $"a path has a number from 0 to {CommsLimits.PathsPerPeerMax - 1}");

    private static string AddressOf(PeerOrder order, string what) =>
        order.Address ?? throw BadRequest.Of(what, "it needs an address, such as tcp://192.0.2.7:7600");

    private static PeerInfo Describe(Peer peer)
    {
        var traffic = peer.Statistics;
        return new PeerInfo
        {
            Name = peer.Name,
            Id = peer.NodeId,
            Connection = peer.State.ToString(),
            LastEnd = peer.State != ConnectionState.Connected && peer.LastEnd is { Reason: not LinkEndReason.None } end ? end.ToString() : null,
            Incarnation = peer.Incarnation is var incarnation and not 0 ? incarnation : null,
            Paths = [.. peer.Paths.Select(Describe)],
            PathPolicy = PathPolicyName.Of(peer.PathPolicy),
            Connections = traffic.Connections,
            Resets = traffic.Resets,
            Duplicates = traffic.Duplicates,
            ResentBytes = traffic.ResentBytes,
            SentBytes = traffic.Sent.Bytes,
            UnacknowledgedMessages = traffic.UnacknowledgedMessages,
            UnacknowledgedBytes = traffic.UnacknowledgedBytes,
        };
    }

    private static ProbeInfo Describe(PathProbe probe) => new()
    {
        Path = probe.Path,
        State = probe.State.ToString(),
        Sent = probe.Sent,
        Lost = probe.Lost,
        RoundTripMin = probe.Median is null ? null : probe.RoundTrips[0],
        RoundTripMedian = probe.Median,
        RoundTripMax = probe.Median is null ? null : probe.RoundTrips[^1],
        WhyDown = WhyDown(probe.State, probe.End),
    };

    private static string? WhyDown(PathState state, LinkEnd end) =>
        state is PathState.Up or PathState.Draining ? null : end.Reason == LinkEndReason.None ? "it has not come up yet" : end.ToString();

    private static PathInfo Describe(PathStatus path) => new()
    {
        Path = path.Path,
        Address = path.Endpoint?.ToString(),
        State = path.State.ToString(),
        RoundTrip = path.RoundTrip == TimeSpan.Zero ? null : path.RoundTrip,
        ProvenBy = path.ProvenBy,
        QueuedBytes = path.QueuedBytes,
        WhyDown = WhyDown(path.State, path.LastEnd),
        IsCarrying = path.IsCarrying,
    };
}
