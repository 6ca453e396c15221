using Tyer.Comms;
using Tyer.Comms.Endpoints;
using Tyer.Comms.Links;
using Tyer.Comms.Peers;
using Tyer.Comms.Sending;

namespace Tyer.Simulation;

/// <summary>A node's links to its peers, in virtual time: what sockets and threads are to the production node.</summary>
internal sealed class SimLinks(SimWorld world, SimNetwork network, SimNode node) : ILinkTransport
{
    // Lives of one thread follow each other: what one leaves is good for the next.
    [ThreadStatic]
    private static SegmentPool? s_segments;

    private CommsDomain? _domain;
    private long _tickAt = long.MaxValue;
    private long _beatAt = long.MaxValue;

    public IReadOnlyList<CommsEndpoint> Endpoints { get; } = [CommsEndpoint.Parse("tcp://127.0.0.1:7600")];

    public long AcceptFailures => 0;

    public TimeSpan Now => node.Clock.Now;

    public SegmentPool Segments => s_segments ??= new SegmentPool();

    public void Start(CommsDomain domain) => _domain = domain;

    public void Dial(PeerLink link, CommsEndpoint to) => network.Dial(node, link, link.Peer!.NodeId);

    public void WakeForAcknowledgement() => TickIn(CommsLimits.AcknowledgeDelay.Ticks + world.Random.Between(0, CommsLimits.AcknowledgeDelay.Ticks));

    public void WakeAt(TimeSpan time)
    {
        if (time != TimeSpan.MaxValue)
            TickIn(Math.Max(1, (time - Now).Ticks));
    }

    public void BeatAt(TimeSpan time)
    {
        if (time != TimeSpan.MaxValue)
            BeatIn(Math.Max(1, (time - Now).Ticks));
    }

    public void StopListening()
    {
    }

    public void Dispose()
    {
    }

    /// <summary>Somebody has connected; false: he is turned away.</summary>
    internal bool Accept(SimLink link) => _domain!.Accept(link) == RefusalCode.None;

    private void TickIn(long ticks)
    {
        var time = world.Now + ticks;
        if (time >= _tickAt)
            return;
        _tickAt = time;
        world.At(time, () => node.Run(() => Tick(time)));
    }

    private void Tick(long time)
    {
        // One that was planned later and is due earlier has taken its place.
        if (time != _tickAt)
            return;
        _tickAt = long.MaxValue;
        _domain!.Tick(Now, out var next);
        WakeAt(next);
    }

    private void BeatIn(long ticks)
    {
        var time = world.Now + ticks;
        if (time >= _beatAt)
            return;
        _beatAt = time;
        var due = Now + TimeSpan.FromTicks(ticks);
        world.At(time, () => node.Run(() => Beat(time, due)));
    }

    private void Beat(long time, TimeSpan due)
    {
        if (time != _beatAt)
            return;
        _beatAt = long.MaxValue;
        _domain!.Beat(Now, Now - due, out var next);
        BeatAt(next);
    }
}
