using Tyer.Cluster.Glue;
using Tyer.Cluster.Leases;
using Tyer.Cluster.State;
using Tyer.Cluster.Static;
using Tyer.Tests.Shared.Stacks;
using Tyer.Time;

namespace Tyer.Cluster.Etcd.Tests;

/// <summary>A real etcd, which all tests share, each under its own prefix.</summary>
public sealed class SharedEtcd : IAsyncLifetime
{
    internal EtcdServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await EtcdServer.StartAsync();

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}

public class EtcdConformanceTests(SharedEtcd etcd) : LeasedStackConformance, IClassFixture<SharedEtcd>
{
    private protected override LeasedLab NewLeasedLab() => new EtcdStackLab(etcd.Server.Endpoint);
}

/// <summary>Nodes of one process under a real etcd, each behind a relay of its own.</summary>
internal sealed class EtcdStackLab : LeasedLab
{
    private readonly PeerSwitchboard _board = new();
    private readonly NodeStates _states = new();
    private readonly string _prefix = $"/tyer-test-{Guid.NewGuid():N}/";
    private readonly Relay[] _relays;
    private readonly Relay[] _spares;

    internal EtcdStackLab(Uri etcd)
    {
        _relays = [.. All.Select(_ => new Relay(etcd))];
        _spares = [.. All.Select(_ => new Relay(etcd))];
    }

    /// <summary>Each node knows two ways to etcd.</summary>
    internal bool HasSpares { get; init; }

    internal override int Size => 3;

    internal override TimeSpan Lease => TimeSpan.FromSeconds(3);

    internal override void Cut(uint node)
    {
        _board.Cut(node);
        _relays[node - 1].Cut();
    }

    internal override void CutPeers(uint node) => _board.Cut(node);

    /// <summary>From etcd alone, or from the first way to it.</summary>
    internal void CutEngine(uint node) => _relays[node - 1].Cut();

    internal override void Heal(uint node)
    {
        _board.Heal(node);
        _relays[node - 1].Heal();
    }

    /// <summary>Another machine that somebody has given the same name and id.</summary>
    internal RecordedMember CreateTwin(uint node, NodeStates states) => Create(node, states.Open(node), new PeerSwitchboard(), ["tcp://127.0.0.2:7600"]);

    protected override RecordedMember Create(uint node) => Create(node, _states.Open(node), _board, []);

    private RecordedMember Create(uint node, StateDirectory state, PeerSwitchboard board, string[] addresses)
    {
        var engine = new EtcdEngine(
            new EtcdOptions { Endpoints = HasSpares ? [_relays[node - 1].Endpoint, _spares[node - 1].Endpoint] : [_relays[node - 1].Endpoint], Prefix = _prefix, TimeToLive = TimeSpan.FromSeconds(2) }, BootClock.Instance);
        var options = new LeasedStackOptions
        {
            Peers = [.. All.Where(other => other != node).Select(other => new StaticPeer(new NodeId(other), $"n{other}"))],
            Addresses = addresses,
            Terms = new LeaseTerms(Lease, TimeSpan.FromMilliseconds(300)),
        };
        var stack = new LeasedStack(engine, options, state, board.Join(node), BootClock.Instance);
        return new RecordedMember(History, new NodeIncarnation(new NodeId(node), state.Incarnation), stack, () =>
        {
            board.Leave(node);
            state.Dispose();
            return ValueTask.CompletedTask;
        });
    }

    public override async ValueTask DisposeAsync()
    {
        foreach (Relay relay in _relays) relay.Heal();
        await base.DisposeAsync();
        foreach (Relay relay in _relays.Concat(_spares)) await relay.DisposeAsync();
        _states.Dispose();
    }
}
