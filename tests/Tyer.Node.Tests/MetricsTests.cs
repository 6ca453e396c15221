using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;

namespace Tyer.Node.Tests;

/// <summary>What a node measures of itself, as collectors see it.</summary>
public sealed class MetricsTests : IDisposable
{
    private readonly Scope _scope = new();
    private readonly MeterListener _listener = new();
    private readonly Lock _gate = new();
    private readonly Dictionary<string, double> _figures = [];

    public MetricsTests()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == "Tyer.Node" && instrument.Meter.Scope == _scope)
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Note(instrument, value, tags));
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Note(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Note(instrument, value, tags));
        _listener.Start();
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _listener.Dispose();

    [Fact]
    public async Task A_node_counts_what_is_locked_and_stops_counting_when_it_ends()
    {
        await using (var node = await TyerNode.StartAsync(new TyerNodeOptions { Name = "n1", Volatile = true, MeterFactory = _scope }, Token))
        {
            await using var locks = await node.OpenLockspaceAsync("orders", cancellationToken: Token);
            // An open lockspace is itself a lock.
            Collect();
            var (lockspaces, resources) = (_figures["tyer.node.lock.count"], _figures["tyer.node.resource.count"]);
            await using var first = await locks.LockAsync("a", LockMode.ProtectedRead, Token);
            await using var second = await locks.LockAsync("a", LockMode.ProtectedRead, Token);
            await using var third = await locks.LockAsync("b", LockMode.Exclusive, Token);
            Collect();

            Assert.Equal((3, 2, 0), (_figures["tyer.node.lock.count"] - lockspaces, _figures["tyer.node.resource.count"] - resources, _figures["tyer.node.session.count"]));
            Assert.Equal((1, 1, 0), (_figures["tyer.node.member.count"], _figures["tyer.node.quorum"], _figures["tyer.node.unproven.count"]));
            Assert.True(_figures["tyer.node.recovery.duration tyer.recovery.phase=Settled"] >= 0);
        }

        _figures.Clear();
        Collect();
        Assert.Empty(_figures);
    }

    [Fact]
    public async Task Each_peer_has_its_figures()
    {
        var (one, other) = (FreeAddress(), FreeAddress());
        await using (var n1 = await TyerNode.StartAsync(Options("n1", one, "n2", other), Token))
        {
            await using (var n2 = await TyerNode.StartAsync(Options("n2", other, "n1", one, measured: false), Token))
            {
                await using var locks = await n1.OpenLockspaceAsync("orders", cancellationToken: Token);
                Collect();

                Assert.Equal((1, 1), (_figures["tyer.node.peer.connected tyer.peer=n2"], _figures["tyer.node.peer.connections tyer.peer=n2"]));
                Assert.Equal((0, 0), (_figures["tyer.node.peer.duplicates tyer.peer=n2"], _figures["tyer.node.peer.resent tyer.peer=n2"]));
                Assert.Equal(2, _figures["tyer.node.member.count"]);
            }

            var gone = SpinWait.SpinUntil(() => { Collect(); return _figures["tyer.node.peer.connected tyer.peer=n2"] == 0; }, EmbeddedNode.Patience);
            Assert.True(gone);
        }
    }

    private TyerNodeOptions Options(string name, string listen, string peer, string address, bool measured = true) => new()
    {
        Name = name,
        Stack = "static",
        Volatile = true,
        Listen = listen,
        Peers = { [peer] = address },
        MeterFactory = measured ? _scope : null,
    };

    private void Collect() => _listener.RecordObservableInstruments();

    private void Note(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        Assert.Contains(instrument.Meter.Tags!, tag => tag is { Key: "tyer.node", Value: "n1" });
        lock (_gate)
            _figures[string.Join(' ', [instrument.Name, .. tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}")])] = value;
    }

    private static string FreeAddress()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return $"tcp://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";
    }

    /// <summary>Tells the meters of one test from those of others.</summary>
    private sealed class Scope : IMeterFactory
    {
        public Meter Create(MeterOptions options) => throw new NotSupportedException();

        public void Dispose()
        {
        }
    }
}
