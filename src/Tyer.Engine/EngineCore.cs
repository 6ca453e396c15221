using Tyer.Engine.Directory;
using Tyer.Engine.Locks;
using Tyer.Engine.Mastering;
using Tyer.Engine.Messages;
using Tyer.Engine.Moving;
using Tyer.Engine.Orphans;
using Tyer.Engine.Owning;
using Tyer.Engine.Recovery;
using Tyer.Engine.Tables;

namespace Tyer.Engine;

/// <summary>What the sides of an engine share: its tables, its clock, the view, and the way to the others.</summary>
internal sealed class EngineCore
{
    /// <summary>A caller wants to be told when its lock blocks somebody. Ours, above the flags of the classic interface; kept and sent with them.</summary>
    internal const RawFlags NotifyBlocking = (RawFlags)(1 << 30);

    private readonly IPeerSender _peers;
    private readonly byte[] _scratch = new byte[MessageCodec.LengthMax];
    private readonly Dictionary<uint, LockspaceSettings> _spaces = [];
    private ulong _viewId;
    private bool _hasQuorum;
    private bool _isSuspended;
    private uint _lastSpace;
    private LockspaceSettings? _lastSettings;

    internal EngineCore(EngineOptions options, IPeerSender peers)
    {
        _peers = peers;
        Options = options;
        Node = options.Node;
        Resources = new ResourceTable(options.TableSeed);
        Master = new MasterSide(this);
        Owner = new OwnerSide(this);
        Directory = new DirectorySide(this);
        Sessions = new SessionTable(this);
        Incoming = new Incoming(this);
        Recovery = new RecoverySide(this);
        Homes = new Homes(this);
        Rebuilder = new Rebuilder(this);
        HandingOver = new HandingOver(this);
        TakingOver = new TakingOver(this);
        Following = new Following(this);
        Drain = new Drain(this);
        Keepers = new Keepers(this);
        Keeping = new Keeping(this);
    }

    internal EngineOptions Options { get; }

    internal uint Node { get; }

    internal long Now { get; set; }

    /// <summary>The installed view; null until the first: nothing is granted before.</summary>
    internal EngineView? View => Recovery.Membership.View;

    /// <summary>The counter of the shard clock; with the view's id it makes the tokens.</summary>
    internal ulong Clock { get; private set; }

    internal ResourceTable Resources { get; }

    internal LockTable Locks { get; } = new();

    internal DeadlineHeap Deadlines { get; } = new();

    internal IdleList Idle { get; } = new();

    internal MasterSide Master { get; }

    internal OwnerSide Owner { get; }

    internal DirectorySide Directory { get; }

    internal SessionTable Sessions { get; }

    internal Incoming Incoming { get; }

    internal RecoverySide Recovery { get; }

    internal Homes Homes { get; }

    internal Rebuilder Rebuilder { get; }

    internal HandingOver HandingOver { get; }

    internal TakingOver TakingOver { get; }

    internal Following Following { get; }

    internal Drain Drain { get; }

    internal Keepers Keepers { get; }

    internal Keeping Keeping { get; }

    /// <summary>Whether the installed view has quorum, and this node is in touch with it. Asked at every grant.</summary>
    internal bool MayGrant { get; private set; }

    /// <summary>Whether the node does not know if its view still holds: see <see cref="LockEngine.Suspend"/>.</summary>
    internal bool IsSuspended
    {
        get => _isSuspended;
        set
        {
            _isSuspended = value;
            Judge();
        }
    }

    /// <summary>Whether the node is out for good: see <see cref="LockEngine.Stop"/>.</summary>
    internal bool IsStopped { get; private set; }

    internal void Stop()
    {
        IsStopped = true;
        Judge();
    }

    /// <summary>A view was installed. The counter begins anew, for the view's id stands before it in every token.</summary>
    internal void BeginView(EngineView view)
    {
        Clock = 0;
        _viewId = view.Id;
        _hasQuorum = view.HasQuorum;
        Judge();
    }

    private void Judge() => MayGrant = _hasQuorum && !IsSuspended && !IsStopped;

    internal LockspaceSettings? SettingsOf(uint space)
    {
        // Most calls are for the lockspace of the call before.
        if (_lastSettings is null || _lastSpace != space)
        {
            _lastSpace = space;
            _lastSettings = _spaces.GetValueOrDefault(space);
        }

        return _lastSettings;
    }

    internal void SetSettings(uint space, LockspaceSettings settings)
    {
        _spaces[space] = settings;
        _lastSettings = null;
    }

    internal int QueueLengthMax(uint space) => SettingsOf(space)?.QueueLengthMax ?? int.MaxValue;

    internal FencingToken NextToken() => new(_viewId, ++Clock);

    /// <summary>No engine ever counts so far; who says that it has does not follow the protocol.</summary>
    internal const ulong ClockMax = 1UL << 62;

    /// <summary>A grant by whoever was master before has a counter no higher than this.</summary>
    internal void RaiseClock(ulong counter) => Clock = Math.Max(Clock, counter);

    /// <summary>Called whenever something left a resource: if that was the last, it is kept for a while, and its value is gone.</summary>
    internal void LetRest(Resource resource)
    {
        if (resource.HasLocks)
            return;
        resource.IdleSince = Now;
        RestOn(resource);
    }

    /// <summary>
    /// The same when nodes are done with a resource that nobody need have used, as when its record has moved: it is kept no longer for that, or where nodes come
    /// and go it would be for ever.
    /// </summary>
    internal void RestOn(Resource resource)
    {
        if (resource.IsInUse)
            return;
        resource.Value?.Clear();
        if (!resource.IsListedIdle && !resource.IsRecordOnly)
            Idle.Add(resource, Now);
    }

    /// <summary>The end of a lock object, at an owner or at a master. It is on no queue any more.</summary>
    internal void Forget(Lock ended)
    {
        Invariant.Check(ended.Queue == QueueKind.None, "a lock that ends is on no queue");
        Deadlines.Remove(ended);
        if (ended.HasKeeper)
            Keepers.Gone(ended);
        ended.Session.Remove(ended);
        Sessions.LockLeft(ended.Session);
        Locks.Remove(ended);
    }

    internal void Send(uint node, in Message message)
    {
        Invariant.Check(node != Node, "a node does not write to itself");
        if (IsStopped)
            return;
        var length = MessageCodec.Write(message, _scratch);
        _peers.Send(node, View?.Id ?? 0, _scratch.AsSpan(0, length));
    }

    /// <summary>A message as bytes, to be kept.</summary>
    internal byte[] Encode(in Message message) => _scratch[..MessageCodec.Write(message, _scratch)];

    internal void SendEncoded(uint node, ReadOnlySpan<byte> message)
    {
        if (!IsStopped)
            _peers.Send(node, View?.Id ?? 0, message);
    }

    internal void Announce(RecoveryMarker marker, ulong view)
    {
        if (!IsStopped)
            _peers.Announce(marker, view);
    }

    /// <summary>
    /// Says something to the master of a lock owned here. While a new master does not have the resource's locks yet, it waits: what is said
    /// before would be about locks that it does not know (R1).
    /// </summary>
    /// <returns>False if it waits.</returns>
    internal bool SendToMaster(Resource resource, in Message message)
    {
        if (!resource.Has(ResourceTies.Homeless))
        {
            Send(resource.Master, message);
            return true;
        }

        (resource.Outbox ??= []).Add(Encode(message));
        return false;
    }

    internal static Message About(MessageKind kind, Lock subject, uint operation) => new()
    {
        Kind = kind,
        Slot = subject.Resource.Slot,
        Lock = subject.Id,
        Operation = operation,
    };

    internal static Message About(MessageKind kind, Resource subject) => new()
    {
        Kind = kind,
        Slot = subject.Slot,
        Space = subject.Space,
        Name = subject.Name,
    };
}
