using System.Diagnostics.Metrics;
using Tyer.Cluster.Fencing;
using Tyer.Cluster.Glue;
using Tyer.Comms.Paths;
using Tyer.Comms.Peers;
using Tyer.Engine.Recovery;
using Tyer.Node.Peers;
using Tyer.Node.Recovery;

namespace Tyer.Node.Metrics;

/// <summary>
/// What a node measures of itself, as the meter <c>Tyer.Node</c>: times in seconds, sizes in bytes, with the node's name on every figure. Most
/// figures are looked up when somebody collects them, and cost nothing until then. None has the name of a resource on it.
/// </summary>
internal sealed class NodeMetrics : IDisposable
{
    internal const string MeterName = "Tyer.Node";

    private readonly NodeCore _node;
    private readonly IPeerTransport? _transport;
    private readonly Meter _meter;
    private readonly Histogram<double> _recovery;

    /// <param name="node">The node; what is measured of it may be asked from now on.</param>
    /// <param name="transport">Its way to its peers; null: it is alone.</param>
    internal NodeMetrics(NodeCore node, IPeerTransport? transport)
    {
        _node = node;
        _transport = transport;
        // The factory is its scope, as of those that it makes itself, which live as long as the factory: a node may end before, and start again.
        _meter = new Meter(new MeterOptions(MeterName)
        {
            Tags = [new("tyer.cluster", node.Settings.Cluster), new("tyer.node", node.Name)],
            Scope = node.Settings.Options.MeterFactory,
        });
        _recovery = _meter.CreateHistogram<double>(
            "tyer.node.recovery.duration", "s", "From the arrival of a view until a phase of its recovery was reached; tyer.recovery.phase names the phase.");
        node.Shards.Recoveries.Moved += OnRecovery;
        AddLocks();
        AddMembership();
        AddFencing();
        if (transport is not null)
            AddPeers();
    }

    public void Dispose() => _meter.Dispose();

    private void AddLocks()
    {
        _meter.CreateObservableUpDownCounter(
            "tyer.node.lock.count", () => _node.Shards.Sum(engine => engine.LockCount), "{lock}", "Locks that the node knows: its own sessions', and those on resources that it masters.");
        _meter.CreateObservableUpDownCounter(
            "tyer.node.resource.count", () => _node.Shards.Sum(engine => engine.MasteredCount), "{resource}", "Resources that the node masters.");
        _meter.CreateObservableUpDownCounter("tyer.node.session.count", () => _node.Clients.Open.Count, "{session}", "Sessions of other processes.");
        _meter.CreateObservableCounter("tyer.node.regrant.count", () => Recovery.Regrants, "{request}", "Requests that a recovery held up, and that were granted in it.");
        _meter.CreateObservableCounter("tyer.node.recovery.held", () => Recovery.Held, "{message}", "Messages about locks whose master stayed that a recovery held up.");
        _meter.CreateObservableCounter("tyer.node.resource.rebuilt", () => Recovery.ResourcesRebuilt, "{resource}", "Resources that the node became the master of because theirs departed.");
        _meter.CreateObservableCounter("tyer.node.resource.moved", () => Recovery.ResourcesMoved, "{resource}", "Resources that came to this node because their master handed them over.");
    }

    private void AddMembership()
    {
        _meter.CreateObservableUpDownCounter("tyer.node.member.count", () => _node.Membership.View?.Members.Length ?? 0, "{node}", "Members of the view that the node has.");
        _meter.CreateObservableGauge("tyer.node.quorum", () => _node.Membership.View is { HasQuorum: true } && !_node.Wiring.HasEnded ? 1 : 0, "1", "1: the node may grant. 0: it has no view, or one without quorum, or is out of its cluster.");
        _meter.CreateObservableUpDownCounter("tyer.node.unproven.count", () => _node.Membership.Unproven.Count, "{node}", "Departed nodes that are not proven to act no more: what they held waits.");
    }

    private void AddFencing()
    {
        _meter.CreateObservableUpDownCounter("tyer.node.fencing.active", () => (_node.Membership.Stack as LeasedStack)?.FenceCases.Count ?? 0, "{node}", "Lost nodes that have a fence agent and are not proven to have stopped.");
        var runs = _meter.CreateCounter<long>("tyer.node.fencing.runs", "{run}", "Runs of fence agents that ended on this node; tyer.fencing.result says how.");
        _node.Membership.Fencing += progress =>
        {
            if (progress.Step != FenceStep.Begun)
                runs.Add(1, new("tyer.peer", _node.NameOf(progress.Departed.Node.Value)), new("tyer.fencing.result", progress.Step.ToString()));
        };
    }

    private void AddPeers()
    {
        _meter.CreateObservableGauge("tyer.node.peer.connected", () => PerPeer(peer => _transport!.IsConnected(peer) ? 1 : 0), "1", "1: there is a connection to the peer. 0: there is none.");
        _meter.CreateObservableCounter("tyer.node.peer.connections", () => PerPeer(peer => _transport!.TrafficOf(peer).Connections), "{connection}", "Connections to the peer that carried messages.");
        _meter.CreateObservableCounter("tyer.node.peer.resent", () => PerPeer(peer => _transport!.TrafficOf(peer).ResentBytes), "By", "What was sent to the peer again over a new connection.");
        _meter.CreateObservableCounter("tyer.node.peer.duplicates", () => PerPeer(peer => _transport!.TrafficOf(peer).Duplicates), "{message}", "Messages of the peer that came again and were dropped.");
        _meter.CreateObservableUpDownCounter("tyer.node.peer.unacknowledged", () => PerPeer(peer => _transport!.TrafficOf(peer).UnacknowledgedBytes), "By", "What is queued for the peer, or sent and not acknowledged.");
        if (_transport!.Comms is { } comms)
            AddPaths(comms.Domain);
        _meter.CreateObservableCounter(
            "tyer.node.peer.refused",
            () => _transport!.Refusals.Select(each => new Measurement<long>(each.Value, new KeyValuePair<string, object?>("error.type", each.Key))),
            "{connection}",
            "Connections of peers, or of who said to be one, that were refused; error.type says why.");
    }

    private void AddPaths(CommsDomain domain)
    {
        _meter.CreateObservableCounter("tyer.node.peer.sent", () => PerPeer(peer => _transport!.TrafficOf(peer).Sent.Bytes), "By", "What was sent to the peer.");
        _meter.CreateObservableCounter("tyer.node.peer.resets", () => PerPeer(peer => _transport!.TrafficOf(peer).Resets), "{session}", "Sessions with the peer that ended because it had started anew.");
        _meter.CreateObservableGauge("tyer.node.path.up", () => PerPath(domain, path => path.State == PathState.Up ? 1 : 0), "1", "1: the way to the peer is up. 0: it is not.");
        _meter.CreateObservableGauge("tyer.node.path.roundtrip", () => PerPath(domain, path => path.RoundTrip.TotalSeconds), "s", "The smoothed round trip of pings.");
        _meter.CreateObservableCounter("tyer.node.stall.count", () => domain.LocalStalls, "{stall}", "Times that this process stood still for longer than a heartbeat's interval.");
        _meter.CreateObservableGauge("tyer.node.stall.longest", () => domain.LongestLocalStall.TotalSeconds, "s", "The longest time that this process stood still.");
    }

    private static IEnumerable<Measurement<double>> PerPath(CommsDomain domain, Func<PathStatus, double> figure) =>
        from peer in domain.Peers.Values
        from path in peer.Paths
        select new Measurement<double>(figure(path), new("tyer.peer", peer.Name), new("tyer.path", path.Path));

    private RecoveryCounts Recovery => _node.Shards.RecoveryCounts;

    private void OnRecovery(RecoveryRecord record, RecoveryPhase before)
    {
        for (var phase = before + 1; phase <= record.Phase; phase++)
        {
            if (record.ReachedAt(phase) is { } span)
                _recovery.Record(span.TotalSeconds, new KeyValuePair<string, object?>("tyer.recovery.phase", phase.ToString()));
        }
    }

    private IEnumerable<Measurement<long>> PerPeer(Func<uint, long> figure) =>
        _node.Wiring.Known.All.Select(peer => new Measurement<long>(figure(peer.Id.Value), new KeyValuePair<string, object?>("tyer.peer", peer.Name)));
}
