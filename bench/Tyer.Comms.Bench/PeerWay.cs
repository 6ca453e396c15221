using Tyer.Comms.Endpoints;
using Tyer.Comms.Links;
using Tyer.Comms.Peers;

namespace Tyer.Comms.Bench;

/// <summary>Two nodes: frames, checksums, numbers, acknowledgements. The reader sends the next message itself.</summary>
internal sealed class PeerWay : NodeWay
{
    private readonly PingPong _pingPong = new();

    public override void Measure(long[] times) => _pingPong.Measure(times, Send);

    protected override void Answered()
    {
        if (_pingPong.Answered()) Send();
    }
}

/// <summary>Two nodes, and a caller that sends and waits until the reader wakes it: what a hop between two threads adds.</summary>
internal sealed class WaitingWay : NodeWay
{
    private readonly SemaphoreSlim _answered = new(0);

    public override void Measure(long[] times)
    {
        for (int i = 0; i < times.Length; i++)
        {
            long start = System.Diagnostics.Stopwatch.GetTimestamp();
            Send();
            _answered.Wait();
            times[i] = System.Diagnostics.Stopwatch.GetTimestamp() - start;
        }
    }

    public override void Dispose()
    {
        base.Dispose();
        _answered.Dispose();
    }

    protected override void Answered() => _answered.Release();
}

/// <summary>What the two have in common.</summary>
internal abstract class NodeWay : IWay, IMessageHandler, IPeerObserver
{
    private readonly byte[] _body = new byte[64];
    private readonly TaskCompletionSource _connected = new();
    private CommsDomain? _domain;
    private Peer? _peer;
    private bool _serves;

    public void Serve(string near, string far)
    {
        _serves = true;
        Start(2, far, 1, near);
        Thread.Sleep(Timeout.Infinite);
    }

    public void Connect(string near, string far)
    {
        Start(1, near, 2, far);
        _connected.Task.Wait();
    }

    public abstract void Measure(long[] times);

    public void OnMessage(Peer peer, ushort binding, uint view, ReadOnlySpan<byte> body)
    {
        if (_serves) peer.TrySend(binding, view, body);
        else Answered();
    }

    public void OnBatchEnd(Peer peer)
    {
    }

    public void OnConnected(Peer peer, ulong incarnation) => _connected.TrySetResult();

    public void OnDisconnected(Peer peer, ulong incarnation, in LinkEnd end)
    {
        if (_serves) Environment.Exit(0);
    }

    public void OnSessionReset(Peer peer, ulong oldIncarnation, ulong newIncarnation)
    {
    }

    public void OnRefused(in RefusedHello refused)
    {
    }

    public void OnPathChanged(Peer peer, in PathChange change)
    {
    }

    public void OnStalled(Peer peer, TimeSpan time)
    {
    }

    public void OnSendable(Peer peer)
    {
    }

    public virtual void Dispose() => _domain?.Dispose();

    protected abstract void Answered();

    protected void Send() => _peer!.TrySend(1, 0, _body);

    private void Start(uint id, string place, uint peerId, string peerPlace)
    {
        _domain = new CommsDomain(
            new CommsDomainOptions
            {
                Local = new NodeIdentity("bench", id, $"n{id}", 1),
                Listen = [CommsEndpoint.Parse(place)],
                Peers = [new PeerAddress(peerId, $"n{peerId}", CommsEndpoint.Parse(peerPlace))],
            },
            this,
            this);
        _peer = _domain.Peers[peerId];
        _domain.Start();
    }
}
