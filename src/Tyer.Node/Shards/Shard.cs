using System.Runtime.CompilerServices;
using Tyer.Engine;
using Tyer.Engine.Recovery;
using Tyer.Sessions;

namespace Tyer.Node.Shards;

/// <summary>
/// An engine and the short lock that makes one caller at a time step it. Whoever brings work (an application's thread, a peer's reader, the
/// timer) runs it here himself; what it causes outside (bytes to peers, completions of others) leaves after the lock is free again.
/// </summary>
internal sealed class Shard : IPeerSender
{
    private readonly ShardGate _gate = new();
    private readonly IPeerOutbox _outbox;
    private readonly ShardMarkers _markers;
    private readonly ServingLimit _limit;
    private readonly List<(RecoveryMarker Marker, ulong View)> _announced = [];
    private List<ISessionLock> _after = new(64);
    private List<ISessionLock>? _spare = new(64);
    private ulong _unsent;
    private bool _hasToLeave; // whether anything is to leave the shard, of the three kinds: asked at the end of each call
    private EngineView? _view;

    internal Shard(EngineOptions options, IPeerOutbox outbox, ShardMarkers markers, ServingLimit limit)
    {
        _limit = limit;
        _outbox = outbox;
        _markers = markers;
        Index = options.Shard;
        Engine = new LockEngine(options, this);
    }

    internal int Index { get; }

    /// <summary>The engine; to be used between <see cref="Enter"/> and the end of its scope.</summary>
    internal LockEngine Engine { get; }

    /// <summary>The lock whose own call is being run: it finds its result when the call returns, so nothing needs to be delivered.</summary>
    internal ISessionLock? Current { get; set; }

    /// <summary>Takes the lock until the scope is disposed of, by the same thread.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Scope Enter()
    {
        _gate.Enter();
        return Begin();
    }

    /// <summary>The same for calls of the engine that tell nobody anything: see <see cref="ShardGate.EnterUnnamed"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Scope EnterUnnamed()
    {
        _gate.EnterUnnamed();
        return Begin();
    }

    /// <summary>Notes that a lock has something to deliver once the shard is free.</summary>
    internal void DeliverLater(ISessionLock told)
    {
        if (ReferenceEquals(told, Current))
            return;
        _after.Add(told);
        _hasToLeave = true;
    }

    /// <summary>Installs a view in the engine; between <see cref="Enter"/> and the end of its scope.</summary>
    internal void Install(EngineView view)
    {
        _view = view;
        Engine.Install(view);
    }

    void IPeerSender.Send(uint node, ulong view, ReadOnlySpan<byte> message)
    {
        // By the view that the engine has, which another shard may have left already: what it says to one life is for no other. Who is not in
        // it hears nothing.
        if (_view?.Find(node) is not { } member)
            return;
        _outbox.Append(member.Id, view, message, ref _unsent);
        _hasToLeave = true;
    }

    void IPeerSender.Announce(RecoveryMarker marker, ulong view)
    {
        _announced.Add((marker, view));
        _hasToLeave = true;
    }

    // A node whose time is over finds out here, before it believes anything, however it came in.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Scope Begin()
    {
        if (_limit.IsOver)
            Engine.Stop();
        return new Scope(this);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Leave()
    {
        Current = null;
        if (_hasToLeave)
            LeaveAndDeliver();
        else
            _gate.Leave();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void LeaveAndDeliver()
    {
        _hasToLeave = false;
        var unsent = _unsent;
        _unsent = 0;
        var deliveries = _after.Count == 0 ? null : TakeDeliveries();
        var announced = _announced.Count == 0 ? [] : _announced.ToArray();
        _announced.Clear();
        _gate.Leave();
        if (unsent != 0)
            _outbox.Flush(unsent);
        foreach (var (marker, view) in announced)
            _markers.Announce(marker, view);
        if (deliveries is null)
            return;
        foreach (var told in deliveries)
            told.Deliver();
        deliveries.Clear();
        Interlocked.CompareExchange(ref _spare, deliveries, null);
    }

    private List<ISessionLock> TakeDeliveries()
    {
        var taken = _after;
        _after = Interlocked.Exchange(ref _spare, null) ?? new List<ISessionLock>(64);
        return taken;
    }

    /// <summary>The time in which a shard belongs to one thread.</summary>
    internal readonly ref struct Scope(Shard shard)
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Dispose() => shard.Leave();
    }
}
