using Tyer.Comms.Endpoints;
using Tyer.Comms.Links;
using Tyer.Comms.Peers;
using Tyer.Comms.Security;
using Tyer.Comms.Sending;

namespace Tyer.Cli.Bench.Comms;

/// <summary>
/// One of two nodes that only talk: frames, checksums, sessions, acknowledgements, and no locks. The one that measures sends, the other sends back.
/// </summary>
internal sealed class CommsEnd : IMessageHandler, IPeerObserver, IDisposable
{
    private readonly bool _isEcho;
    private readonly byte[] _message = new byte[RawLink.MessageBytes];
    private readonly TaskCompletionSource _connected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SemaphoreSlim _answered = new(0);
    private readonly CommsDomain _domain;
    private readonly Peer _peer;

    // Of what runs now; the reader's, but for the beginning and the end.
    private int _left;
    private int _size;
    private int _missing;

    /// <summary>Starts one of the two.</summary>
    /// <param name="isEcho">Whether it is the one that sends back.</param>
    /// <param name="near">Where it listens.</param>
    /// <param name="far">Where the other does.</param>
    /// <param name="keyFile">What they say to each other is sealed with the keys in this file; empty: it is not.</param>
    public CommsEnd(bool isEcho, string near, string far, string keyFile)
    {
        _isEcho = isEcho;
        (uint id, uint other) = isEcho ? (2u, 1u) : (1u, 2u);
        _domain = new CommsDomain(
            new CommsDomainOptions
            {
                Local = new NodeIdentity("bench", id, $"bench{id}", 1),
                Listen = [CommsEndpoint.Parse(near)],
                Peers = [new PeerAddress(other, $"bench{other}", CommsEndpoint.Parse(far))],
                Security = keyFile.Length == 0 ? PeerSecurity.None : PeerSecurity.ByKeys(SecurityMode.PskSeal, keyFile),
            },
            this,
            this);
        _peer = _domain.Peers[other];
        _domain.Start();
    }

    /// <summary>Its place among the two.</summary>
    public CommsDomain Domain => _domain;

    /// <summary>Ends when the other has been heard.</summary>
    public Task Connected => _connected.Task;

    /// <summary>Messages there and back, so many at a time. The reader sends the next itself, so that each process uses one thread, as with the bare socket.</summary>
    public Task Exchange(int count, int size)
    {
        _size = size;
        _left = count;
        SendSome();
        _answered.Wait();
        return Task.CompletedTask;
    }

    /// <summary>Messages there and back, one at a time, each awaited by a caller: what a hop between two threads adds.</summary>
    public Task Call(int count)
    {
        for (int i = 0; i < count; i++) Exchange(1, 1);
        return Task.CompletedTask;
    }

    void IMessageHandler.OnMessage(Peer peer, ushort binding, uint view, ReadOnlySpan<byte> body)
    {
        if (_isEcho) Send(body);
        else if (--_missing == 0) SendSome();
    }

    void IMessageHandler.OnBatchEnd(Peer peer)
    {
    }

    void IPeerObserver.OnConnected(Peer peer, ulong incarnation) => _connected.TrySetResult();

    void IPeerObserver.OnDisconnected(Peer peer, ulong incarnation, in LinkEnd end)
    {
    }

    void IPeerObserver.OnSessionReset(Peer peer, ulong oldIncarnation, ulong newIncarnation)
    {
    }

    void IPeerObserver.OnRefused(in RefusedHello refused)
    {
    }

    void IPeerObserver.OnPathChanged(Peer peer, in PathChange change)
    {
    }

    void IPeerObserver.OnStalled(Peer peer, TimeSpan time)
    {
    }

    void IPeerObserver.OnSendable(Peer peer)
    {
    }

    public void Dispose()
    {
        _domain.Dispose();
        _answered.Dispose();
    }

    private void SendSome()
    {
        int size = Math.Min(_left, _size);
        if (size == 0)
        {
            _answered.Release();
            return;
        }

        _left -= size;
        _missing = size;
        for (int i = 0; i < size; i++) Send(_message);
    }

    private void Send(ReadOnlySpan<byte> body)
    {
        // A batch is far below what may be unacknowledged.
        if (_peer.TrySend(1, 0, body) is not SendResult.Accepted and var result) throw new InvalidOperationException($"A message of the benchmark was not sent: {result}.");
    }
}
