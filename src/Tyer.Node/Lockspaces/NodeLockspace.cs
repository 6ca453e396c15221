using System.Runtime.CompilerServices;
using Tyer.Engine.Directory;
using Tyer.Engine.Owning;
using Tyer.Node.Sessions;
using Tyer.Node.Shards;
using Tyer.Sessions;
using Tyer.Time;

namespace Tyer.Node.Lockspaces;

/// <summary>The way from a lockspace into the engines of this process: one session, calls on the caller's own thread.</summary>
internal sealed class NodeLockspace : LockPort
{
    private readonly NodeWiring _node;
    private readonly ILockspaceServices _services;
    private readonly ShardSet _shards;
    private readonly OpenedLockspace _opened;
    private readonly NodeSession _session;
    private readonly uint _space;

    internal NodeLockspace(NodeWiring node, ILockspaceServices services, OpenedLockspace opened, NodeSession session, bool inlineCompletions)
    {
        _node = node;
        _services = services;
        _shards = node.Shards;
        _opened = opened;
        _session = session;
        _space = opened.Id;
        InlineCompletions = inlineCompletions;
    }

    public override string LockspaceName => _opened.Name;

    internal LockspaceOptions Options => _opened.Options;

    public override int ValueSize => _opened.Options.ValueSize;

    public override IClock Clock => _shards.Clock;

    public override bool InlineCompletions { get; }

    public override TimeSpan SafeFor => _session.IsClosed ? TimeSpan.Zero : _node.SafeFor;

    internal NodeSession Session => _session;

    public override RawResult Lock(ISessionLock target, in LockRequest request)
    {
        var resource = target.Resource;
        var hash = Placement.HashOf(_opened.Id, resource.Hash);
        var shard = _shards.OfHash(hash);
        var deadline = DeadlineOf(request.Timeout);
        var note = NoteCodec.Encode(request.Label, request.Purpose);
        target.PortKey = (uint)shard.Index;
        using (shard.Enter())
        {
            if (_session.IsClosed)
                return RawResult.UnknownLockspace;
            shard.Current = target;
            var call = default(LockCall);
            call.Space = _opened.Id;
            call.Name = resource;
            call.Hash = hash;
            call.Mode = request.Mode;
            call.Flags = request.Flags;
            call.Deadline = deadline;
            call.NotifyBlocking = request.NotifyBlocking;
            call.Note = note;
            call.Tag = target;
            if (request.Transaction.HasValue)
                call.Transaction = request.Transaction; // large, and seldom there
            var result = shard.Engine.Lock(_session.In(shard), call, out var id);
            target.Id = id;
            return result;
        }
    }

    public override bool TryLockAtOnce(ISessionLock target, in ResourceName resource, LockMode mode, RawFlags flags, out GrantAtOnce grant)
    {
        var hash = Placement.HashOf(_space, resource.Hash);
        var shard = _shards.OfHash(hash);
        var session = _session.In(shard);
        using (shard.EnterUnnamed())
        {
            if (!_session.IsClosed
                && shard.Engine.TryLockAtOnce(session, _space, hash, resource, mode, flags, notifyBlocking: true, target) is { } granted)
            {
                grant = new GrantAtOnce(granted, (uint)shard.Index, granted.Id, granted.Token.Epoch, granted.Token.Counter);
                return true;
            }
        }

        grant = default;
        return false;
    }

    public override bool TryUnlockAtOnce(object key, LockId id, uint portKey)
    {
        var shard = _shards[(int)portKey];
        var session = _session.In(shard);
        using (shard.EnterUnnamed())
            return shard.Engine.TryUnlockAtOnce(session, Unsafe.As<Engine.Locks.Lock>(key), id); // as this gave it
    }

    public override RawResult Convert(ISessionLock target, in ConvertRequest request)
    {
        var shard = ShardOf(target);
        var call = new ConvertCall
        {
            Mode = request.Mode,
            Flags = request.Flags,
            Deadline = DeadlineOf(request.Timeout),
            NotifyBlocking = request.NotifyBlocking,
            GivesValue = request.GivesValue,
            Value = request.Value,
        };
        using (shard.Enter())
        {
            shard.Current = target;
            return shard.Engine.Convert(_session.In(shard), target.Id, call);
        }
    }

    public override RawResult Unlock(ISessionLock target, RawFlags flags, bool givesValue, ReadOnlySpan<byte> value)
    {
        var shard = ShardOf(target);
        using (shard.Enter())
        {
            shard.Current = target;
            return shard.Engine.Unlock(_session.In(shard), target.Id, flags, givesValue, value);
        }
    }

    public override CancelOutcome? Cancel(ISessionLock target)
    {
        var shard = ShardOf(target);
        using (shard.Enter())
            return shard.Engine.Cancel(_session.In(shard), target.Id);
    }

    public override ValueTask<int> PurgeAsync(uint node, int processId, CancellationToken cancellationToken) =>
        _services.PurgeAsync(_opened, node, processId, cancellationToken);

    public override IAsyncEnumerable<ResourceSnapshot> QueryAsync(ResourceQuery query, CancellationToken cancellationToken) =>
        _services.QueryAsync(_opened.Id, query, cancellationToken);

    public override async ValueTask CloseAsync()
    {
        _node.Sessions.Close(_session, LossReason.LockspaceClosed);
        await _services.CloseAsync(_opened).ConfigureAwait(false);
    }

    // Its number is kept with the lock, so that the name is not hashed again.
    private Shard ShardOf(ISessionLock target) => _shards[(int)target.PortKey];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private long DeadlineOf(TimeSpan? timeout) =>
        timeout is { } limited && limited > TimeSpan.Zero ? (_shards.Clock.Now + limited).Ticks : 0;
}
