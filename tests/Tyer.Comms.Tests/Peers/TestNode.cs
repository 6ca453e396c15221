using System.Threading.Channels;
using Tyer.Comms.Endpoints;
using Tyer.Comms.Links;
using Tyer.Comms.Peers;
using Tyer.Comms.Security;
using Tyer.Comms.Tests.Support;

namespace Tyer.Comms.Tests.Peers;

/// <summary>A domain that writes down what it hears, in order: messages and events of all peers.</summary>
internal sealed class TestNode : IMessageHandler, IPeerObserver, IDisposable
{
    private readonly Channel<string> _log = Channel.CreateUnbounded<string>();

    public TestNode(CommsDomainOptions options) => Domain = new CommsDomain(options, this, this);

    public CommsDomain Domain { get; }

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
        Write($"{peer.Name} disconnected {incarnation} {end.Reason}");

    void IPeerObserver.OnSessionReset(Peer peer, ulong oldIncarnation, ulong newIncarnation) =>
        Write($"{peer.Name} reset {oldIncarnation} {newIncarnation}");

    void IPeerObserver.OnRefused(in RefusedHello refused) =>
        Write($"{(refused.IsByPeer ? "refused by" : "refused")} {refused.Code} {refused.NodeId} {refused.Name}");

    void IPeerObserver.OnSendable(Peer peer) => Write($"{peer.Name} sendable");

    private void Write(string line) => Assert.True(_log.Writer.TryWrite(line));
}

/// <summary>The sockets of a little cluster in a folder.</summary>
internal sealed class TestCluster : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly List<IDisposable> _parts = [];

    /// <summary>A node that reaches each peer directly, or through a proxy if there is one.</summary>
    public TestNode Node(uint id, uint[] peers, ulong incarnation = 1, long queueBytesMax = CommsLimits.PeerQueueBytesMax, TimeSpan? helloBudget = null, PeerSecurity? security = null)
    {
        var node = new TestNode(new CommsDomainOptions
        {
            Local = new NodeIdentity("test", id, $"n{id}", incarnation),
            Listen = CommsEndpoint.Parse("unix:" + Path(id)),
            Peers = [.. peers.Select(peer => new PeerAddress(peer, $"n{peer}", CommsEndpoint.Parse("unix:" + PathTo(id, peer))))],
            PeerQueueBytesMax = queueBytesMax,
            HelloBudget = helloBudget ?? TimeSpan.FromMinutes(1),
            Security = security ?? PeerSecurity.None,
        });
        _parts.Add(node);
        return node;
    }

    /// <summary>A proxy on the way from one node to another; before the node is made.</summary>
    public Proxy Proxy(uint from, uint to)
    {
        var proxy = new Proxy(ProxyPath(from, to), Path(to));
        _parts.Add(proxy);
        return proxy;
    }

    /// <summary>A file in the cluster's folder.</summary>
    public string File(string name) => _folder.File(name);

    public string Path(uint id) => _folder.File($"n{id}");

    public void Dispose()
    {
        foreach (IDisposable part in _parts) part.Dispose();
        _folder.Dispose();
    }

    private string PathTo(uint from, uint to) => System.IO.File.Exists(ProxyPath(from, to)) ? ProxyPath(from, to) : Path(to);

    private string ProxyPath(uint from, uint to) => _folder.File($"p{from}-{to}");
}
