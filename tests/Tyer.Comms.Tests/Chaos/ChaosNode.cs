using Tyer.Comms.Endpoints;
using Tyer.Comms.Frames;
using Tyer.Comms.Links;
using Tyer.Comms.Paths;
using Tyer.Comms.Peers;
using Tyer.Comms.Sending;

namespace Tyer.Comms.Tests.Chaos;

/// <summary>One life of a node: the production domain, over links in virtual time, and the bookkeeping by which its messages are judged.</summary>
internal sealed class ChaosNode : ILinkTransport, IMessageHandler, IPeerObserver
{
    private readonly ChaosWorld _world;
    private readonly Queue<Action> _standing = new();
    private readonly Dictionary<(uint Peer, int Lane), ulong> _sent = [];
    private readonly Dictionary<(uint Peer, int Lane), ulong> _received = [];
    private readonly Dictionary<uint, ulong> _connectedTo = [];
    private readonly Dictionary<uint, ulong> _sessionWith = [];
    private TimeSpan _tickAt = TimeSpan.MaxValue;
    private TimeSpan _beatAt = TimeSpan.MaxValue;

    public ChaosNode(ChaosWorld world, uint id, ulong incarnation)
    {
        _world = world;
        Id = id;
        Incarnation = incarnation;
        Endpoints = [.. Enumerable.Range(0, world.Paths).Select(path => CommsEndpoint.Parse($"tcp://127.0.0.1:{7600 + path}"))];
        var options = new CommsDomainOptions
        {
            Local = new NodeIdentity("chaos", id, $"n{id}", incarnation),
            Listen = Endpoints,
            Peers = [.. Enumerable.Range(1, world.NodeCount).Where(other => other != id).Select(other => new PeerAddress((uint)other, $"n{other}", Endpoints))],
            PeerQueueBytesMax = 1 << 20,
            Net = new NetOptions { PathPolicy = world.Policy, FailbackDelay = world.Policy == PathPolicy.LeastQueued ? TimeSpan.FromSeconds(1) : CommsLimits.FailbackDelay },
        };
        Domain = new CommsDomain(options, this, this, _ => this);
    }

    public ChaosWorld World => _world;

    public uint Id { get; }

    public ulong Incarnation { get; }

    public CommsDomain Domain { get; }

    public bool IsRunning { get; private set; } = true;

    public bool IsFrozen { get; private set; }

    public IReadOnlyList<CommsEndpoint> Endpoints { get; }

    public long AcceptFailures => 0;

    public TimeSpan Now => _world.Now;

    public SegmentPool Segments { get; } = new();

    void ILinkTransport.Start(CommsDomain domain)
    {
    }

    public void Dial(PeerLink link, CommsEndpoint to) => _world.Dial(this, link);

    public void WakeForAcknowledgement() => WakeAt(Now + CommsLimits.AcknowledgeDelay);

    public void WakeAt(TimeSpan time)
    {
        if (time >= _tickAt) return;
        _tickAt = time;
        _world.At(time, () => Run(() => Tick(time)));
    }

    public void BeatAt(TimeSpan time)
    {
        if (time >= _beatAt) return;
        _beatAt = time;
        _world.At(time, () => Run(() => Beat(time)));
    }

    public void StopListening()
    {
    }

    public void Dispose()
    {
    }

    /// <summary>The process does something: now, when it goes on, or never.</summary>
    public void Run(Action work)
    {
        if (!IsRunning) return;
        if (IsFrozen) _standing.Enqueue(work);
        else work();
    }

    public void Die() => IsRunning = false;

    public void Freeze() => IsFrozen = true;

    public void Thaw()
    {
        IsFrozen = false;
        while (!IsFrozen && IsRunning && _standing.TryDequeue(out Action? work)) work();
    }

    /// <summary>Sends a numbered message.</summary>
    public void Send(uint to)
    {
        bool isBulk = _world.Dice.OneIn(4);
        byte[] body = new byte[isBulk && _world.Dice.OneIn(6) ? 130_000 : _world.Dice.Between(24, 200)];
        int lane = isBulk ? 1 : 0;
        ulong number = _sent.GetValueOrDefault((to, lane)) + 1;
        BitConverter.TryWriteBytes(body, Incarnation);
        BitConverter.TryWriteBytes(body.AsSpan(8), number);
        BitConverter.TryWriteBytes(body.AsSpan(16), lane);
        SendTraits traits = isBulk ? SendTraits.Bulk : SendTraits.None;
        if (Domain.Peers.TryGetValue(to, out Peer? peer) && peer.TrySend(1, 0, body, traits: traits) == SendResult.Accepted) _sent[(to, lane)] = number;
    }

    /// <summary>An operator disconnects a peer, forgets it after a while, and takes it in again.</summary>
    public void Forget(uint peer)
    {
        if (!Domain.Peers.TryGetValue(peer, out Peer? known) || known.State is ConnectionState.StandAlone or ConnectionState.Fenced) return;
        known.Disconnect();
        In(_world.Dice.Between(1, 800), () =>
        {
            known.Post(new ConnectionEvent(ConnectionEventKind.Abort));
            RemoveWhenStopped();
        });

        // The same that the domain awaits, in virtual time.
        void RemoveWhenStopped()
        {
            if (!known.Stopped.IsCompleted)
            {
                In(1, RemoveWhenStopped);
                return;
            }

            // Another operator, who had begun before, has forgotten it, and it may be there again.
            if (Domain.Peers.GetValueOrDefault(peer) != known) return;
            Task removed = Domain.RemovePeerAsync(peer);
            _world.Check(removed.IsCompletedSuccessfully, $"a peer that is disconnected cannot be forgotten: {removed.Exception?.Message}");
            _world.Forgets++;
            In(_world.Dice.Between(1, 800), () => Domain.AddPeer(new PeerAddress(peer, $"n{peer}", Endpoints)));
        }

        void In(int milliseconds, Action action) => _world.In(TimeSpan.FromMilliseconds(milliseconds), () => Run(action));
    }

    /// <summary>Whether everything that was accepted for this life of a peer has been delivered to it.</summary>
    public bool HasDeliveredAllTo(ChaosNode peer) =>
        Domain.Peers[peer.Id].Statistics.UnacknowledgedMessages == 0
        && Enumerable.Range(0, 2).All(lane => _sent.GetValueOrDefault((peer.Id, lane)) == peer._received.GetValueOrDefault((Id, lane)));

    public void OnMessage(Peer peer, ushort binding, uint view, ReadOnlySpan<byte> body)
    {
        _world.Check(_connectedTo.TryGetValue(peer.NodeId, out ulong incarnation), "a message before connected was told, or after disconnected");
        _world.Check(BitConverter.ToUInt64(body) == incarnation, "a message of another life than the one that was told");
        ulong number = BitConverter.ToUInt64(body[8..]);
        int lane = BitConverter.ToInt32(body[16..]);
        _world.Check(lane is 0 or 1, "a body that nobody sent");
        ulong expected = _received.GetValueOrDefault((peer.NodeId, lane)) + 1;
        _world.Check(number == expected, $"n{Id} got {number} instead of {expected} of n{peer.NodeId} on lane {lane}");
        _received[(peer.NodeId, lane)] = number;
        _world.Delivered++;
        _world.Note(Id, peer.NodeId, number);
        if (_world.Dice.OneIn(5)) Send(peer.NodeId);
    }

    public void OnBatchEnd(Peer peer)
    {
    }

    public void OnConnected(Peer peer, ulong incarnation)
    {
        _world.Check(_connectedTo.TryAdd(peer.NodeId, incarnation), "connected was told twice");
        if (_sessionWith.GetValueOrDefault(peer.NodeId) != incarnation) Forget(_received, peer.NodeId);
        _sessionWith[peer.NodeId] = incarnation;
        _world.Note(Id, peer.NodeId, incarnation);
    }

    public void OnDisconnected(Peer peer, ulong incarnation, in LinkEnd end)
    {
        _world.Check(_connectedTo.Remove(peer.NodeId, out ulong told) && told == incarnation, "disconnected from somebody who was not connected");
        _world.Check(end.Reason != LinkEndReason.HandlerFailed, $"a connection was given up: {end.Fault}");
    }

    public void OnSessionReset(Peer peer, ulong oldIncarnation, ulong newIncarnation)
    {
        _world.Check(newIncarnation > oldIncarnation && !_connectedTo.ContainsKey(peer.NodeId), "a session was reset under its connection");
        Forget(_sent, peer.NodeId);
        _world.Resets++;
    }

    public void OnPathChanged(Peer peer, in PathChange change)
    {
        if (change.NewState == PathState.Up) _world.PathsUp++;
        if (change.NewState != PathState.Down || _world.IsTampered || _world.HasCorrupted) return;

        // A connection may be cut in the middle of a frame. Nothing else that nodes send each other is ever malformed.
        _world.Check(change.End.FrameError is FrameError.None or FrameError.Truncated, $"n{Id} hears from n{peer.NodeId} what is malformed: {change.End.FrameError}");
    }

    public void OnStalled(Peer peer, TimeSpan time)
    {
    }

    public void OnRefused(in RefusedHello refused)
    {
        // Nobody forges in this world but with a damaged byte, which the checksum finds.
        if (!_world.IsTampered) _world.Check(refused.Code is not (RefusalCode.SequenceLost or RefusalCode.UnknownPath or RefusalCode.ClusterMismatch), $"refused: {refused.Code}");
    }

    public void OnSendable(Peer peer)
    {
    }

    private static void Forget(Dictionary<(uint Peer, int Lane), ulong> counts, uint peer)
    {
        counts.Remove((peer, 0));
        counts.Remove((peer, 1));
    }

    private void Tick(TimeSpan time)
    {
        if (time != _tickAt) return;
        _tickAt = TimeSpan.MaxValue;
        Domain.Tick(Now, out TimeSpan next);
        if (next != TimeSpan.MaxValue) WakeAt(next > Now ? next : Now + TimeSpan.FromTicks(1));
    }

    private void Beat(TimeSpan time)
    {
        if (time != _beatAt) return;
        _beatAt = TimeSpan.MaxValue;
        Domain.Beat(Now, Now - time, out TimeSpan next);
        BeatAt(next > Now ? next : Now + TimeSpan.FromTicks(1));
    }
}
