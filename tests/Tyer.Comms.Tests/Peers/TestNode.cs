using System.Threading.Channels;
using Tyer.Comms.Endpoints;
using Tyer.Comms.Frames;
using Tyer.Comms.Links;
using Tyer.Comms.Paths;
using Tyer.Comms.Peers;
using Tyer.Comms.Security;
using Tyer.Comms.Tests.Support;

namespace Tyer.Comms.Tests.Peers;

/// <summary>A domain that writes down what it hears, in order: messages and events of all peers.</summary>
internal sealed class TestNode : IMessageHandler, IPeerObserver, IDisposable
{
    private readonly Channel<string> _log = Channel.CreateUnbounded<string>();

    public TestNode(CommsDomainOptions options) => Domain = new CommsDomain(options, this, this);

    private readonly Channel<string> _paths = Channel.CreateUnbounded<string>();

    public CommsDomain Domain { get; }

    /// <summary>The next line about paths.</summary>
    public async Task<string> NextPath() => await Wait.For(_paths.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask());

    /// <summary>Called for each message instead of writing it down.</summary>
    public MessageAction? OnMessage { get; set; }

    public delegate void MessageAction(Peer peer, ushort binding, uint view, ReadOnlySpan<byte> body);

    public int Batches { get; private set; }

    public TestNode Start()
    {
        Domain.Start();
        return this;
    }

    /// <summary>The next line of the log.</summary>
    public async Task<string> Next() => await Wait.For(_log.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask());

    /// <summary>Skips lines until one begins like this.</summary>
    public async Task<string> Until(string beginning)
    {
        while (true)
        {
            string line = await Next();
            if (line.StartsWith(beginning, StringComparison.Ordinal)) return line;
        }
    }

    /// <summary>The same, after something that leads to it.</summary>
    public async Task<string> Until(string beginning, Action act)
    {
        act();
        return await Until(beginning);
    }

    public void Dispose() => Domain.Dispose();

    void IMessageHandler.OnMessage(Peer peer, ushort binding, uint view, ReadOnlySpan<byte> body)
    {
        if (OnMessage is { } act) act(peer, binding, view, body);
        else Write($"{peer.Name} says {binding} {view} {Convert.ToHexString(body)}");
    }

    void IMessageHandler.OnBatchEnd(Peer peer) => Batches++;

    void IPeerObserver.OnConnected(Peer peer, ulong incarnation) => Write($"{peer.Name} connected {incarnation}");

    void IPeerObserver.OnDisconnected(Peer peer, ulong incarnation, in LinkEnd end) =>
        Write($"{peer.Name} disconnected {incarnation} {end.Reason}{(end.FrameError == FrameError.None ? "" : $" {end.FrameError}")}");

    void IPeerObserver.OnSessionReset(Peer peer, ulong oldIncarnation, ulong newIncarnation) =>
        Write($"{peer.Name} reset {oldIncarnation} {newIncarnation}");

    void IPeerObserver.OnRefused(in RefusedHello refused) =>
        Write($"{(refused.IsByPeer ? "refused by" : "refused")} {refused.Code} {refused.NodeId} {refused.Name}");

    void IPeerObserver.OnPathChanged(Peer peer, in PathChange change)
    {
        if (change.NewState == PathState.Up) Write($"{peer.Name} path {change.Path} up", _paths);
        else if (change.OldState is PathState.Up or PathState.Draining) Write($"{peer.Name} path {change.Path} {change.NewState} {change.End.Reason}", _paths);
    }

    void IPeerObserver.OnStalled(Peer peer, TimeSpan time) => Write($"{peer.Name} stalled");

    void IPeerObserver.OnPriorityRefused(SocketPriority priority, System.Net.Sockets.SocketError error) => Write($"priority {priority.Queue} refused {error}");

    void IPeerObserver.OnSendable(Peer peer) => Write($"{peer.Name} sendable");

    private void Write(string line) => Write(line, _log);

    private static void Write(string line, Channel<string> log) => Assert.True(log.Writer.TryWrite(line));
}

/// <summary>The sockets of a little cluster in a folder.</summary>
internal sealed class TestCluster : IDisposable
{
    // Tests that are not about silence must not take a machine that is busy for a path that is broken.
    private static readonly NetOptions Patient = new() { HeartbeatTimeout = TimeSpan.FromSeconds(30), StallTimeout = TimeSpan.FromSeconds(60) };

    private readonly TestFolder _folder = new();
    private readonly List<IDisposable> _parts = [];

    /// <summary>A node that reaches each peer directly, or through a proxy if there is one.</summary>
    public TestNode Node(
        uint id,
        uint[] peers,
        ulong incarnation = 1,
        long queueBytesMax = CommsLimits.PeerQueueBytesMax,
        TimeSpan? helloBudget = null,
        int paths = 1,
        NetOptions? net = null,
        PeerSecurity? security = null)
    {
        var node = new TestNode(new CommsDomainOptions
        {
            Local = new NodeIdentity("test", id, $"n{id}", incarnation),
            Listen = [.. Enumerable.Range(0, paths).Select(path => Endpoint(Path(id, path)))],
            Peers = [.. peers.Select(peer => new PeerAddress(peer, $"n{peer}", [.. Enumerable.Range(0, paths).Select(path => Endpoint(PathTo(id, peer, path)))]))],
            PeerQueueBytesMax = queueBytesMax,
            HelloBudget = helloBudget ?? TimeSpan.FromMinutes(1),
            Net = net ?? Patient,
            Security = security ?? PeerSecurity.None,
        });
        _parts.Add(node);
        return node;
    }

    /// <summary>A node with these options.</summary>
    public TestNode Own(CommsDomainOptions options)
    {
        var node = new TestNode(options);
        _parts.Add(node);
        return node;
    }

    /// <summary>A proxy on the way from one node to another; before the node is made.</summary>
    public Proxy Proxy(uint from, uint to, int path = 0)
    {
        var proxy = new Proxy(ProxyPath(from, to, path), Path(to, path));
        _parts.Add(proxy);
        return proxy;
    }

    /// <summary>A file in the cluster's folder.</summary>
    public string File(string name) => _folder.File(name);

    public string Path(uint id, int path = 0) => _folder.File($"n{id}.{path}");

    /// <summary>Where a node listens on its first path.</summary>
    public CommsEndpoint EndpointOf(uint id) => Endpoint(Path(id));

    public static CommsEndpoint Endpoint(string path) => CommsEndpoint.Parse("unix:" + path);

    public void Dispose()
    {
        foreach (IDisposable part in _parts) part.Dispose();
        _folder.Dispose();
    }

    private string PathTo(uint from, uint to, int path) =>
        System.IO.File.Exists(ProxyPath(from, to, path)) ? ProxyPath(from, to, path) : Path(to, path);

    private string ProxyPath(uint from, uint to, int path) => _folder.File($"p{from}-{to}.{path}");
}
