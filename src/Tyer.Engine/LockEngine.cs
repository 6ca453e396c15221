using Tyer.Engine.Directory;
using Tyer.Engine.Locks;
using Tyer.Engine.Looking;
using Tyer.Engine.Owning;
using Tyer.Engine.Recovery;

namespace Tyer.Engine;

/// <summary>
/// The lock engine of one shard of one node: a deterministic state machine without I/O, threads, clock or randomness. Calls of sessions,
/// messages of other engines, views and ticks go in; messages (<see cref="IPeerSender"/>) and events (<see cref="ILockObserver"/>) come
/// out, in the same call. One caller at a time.
/// </summary>
/// <remarks>
/// Inside, the sides of a lock manager: <c>Owning</c> is what a session's node does for its locks, <c>Mastering</c> what the master of a
/// resource does, <c>Directory</c> how the master is found. Where owner and master are one node, one calls the other; else messages go
/// between them (<c>Messages</c>). <c>Locks</c> holds the data and the rules, which know neither side.
/// </remarks>
public sealed class LockEngine
{
    private readonly EngineCore _core;
    private readonly Snapshots _snapshots;

    /// <summary>Creates an engine. It grants nothing before its first view.</summary>
    public LockEngine(EngineOptions options, IPeerSender peers)
    {
        _core = new EngineCore(options, peers);
        _snapshots = new Snapshots(_core);
    }

    /// <summary>The inside, for those who audit it.</summary>
    internal EngineCore Core => _core;

    /// <summary>The engine's time in ticks of 100 ns, as of the last <see cref="Tick"/>: any clock that does not go back.</summary>
    public long Now => _core.Now;

    /// <summary>When <see cref="Tick"/> next has something to do, in the engine's ticks; <see cref="long.MaxValue"/> if nothing waits for time.</summary>
    public long NextDeadline
    {
        get
        {
            var deadline = _core.Deadlines.First?.Deadline ?? long.MaxValue;
            // To keep what is idle for ever is no deadline.
            var idle = _core.Idle.First is { } resting && _core.Options.IdleKept < long.MaxValue - resting.ListedSince
                ? resting.ListedSince + _core.Options.IdleKept
                : long.MaxValue;
            return Math.Min(deadline, idle);
        }
    }

    /// <summary>The id of the installed view, 0 before the first.</summary>
    public ulong ViewId => _core.View?.Id ?? 0;

    /// <summary>The number that the next lock will get: the node keeps the persisted reservation above it.</summary>
    public ulong NextLockNumber => _core.Owner.NextLockNumber;

    /// <summary>How many locks this shard knows, own ones and those of other nodes that are mastered here.</summary>
    public int LockCount => _core.Locks.Count;

    /// <summary>How many sessions this shard knows: open ones of its node, and those of others that have locks here or may have.</summary>
    public int SessionCount => _core.Sessions.Count;

    /// <summary>How many resources this shard knows, directory records and idle ones included.</summary>
    public int ResourceCount => _core.Resources.Count;

    /// <summary>
    /// Installs a view that this node is in: the first, or the one after the present. Nothing that the departed did not touch waits for
    /// anything; what was asked for before the first view goes out.
    /// </summary>
    public void Install(EngineView view) => _core.Recovery.Install(view);

    /// <summary>Takes in a proof that a departed incarnation, and its clients, act no more: what it held is free. It may come before the view.</summary>
    public void Prove(MemberId departed) => _core.Recovery.Prove(departed);

    /// <summary>
    /// The node is out of its cluster, for good: from here on nothing is granted, no message is heard, and none is sent, for others count on
    /// nothing of it any more. Sessions can let go of what they have; what they wait for ends with them. Again changes nothing.
    /// </summary>
    public void Stop() => _core.Stop();

    /// <summary>Who is a member is not known for now: nothing new is granted, and what is held stays; or it is known again, and what waited goes on.</summary>
    /// <param name="isPaused">Whether it is not known.</param>
    public void Pause(bool isPaused)
    {
        var mightGrant = _core.MayGrant;
        _core.Pause(isPaused);
        if (!mightGrant && _core.MayGrant)
            _core.Master.GrantWhatWaited();
    }

    /// <summary>Takes in what all engines of a member have announced (<see cref="IPeerSender.Announce"/>).</summary>
    /// <param name="member">The member, or this node itself.</param>
    /// <param name="marker">What it has done.</param>
    /// <param name="view">In which view.</param>
    public void Mark(MemberId member, RecoveryMarker marker, ulong view) => _core.Recovery.Mark(member, marker, view);

    /// <summary>Whether the installed view may grant.</summary>
    public bool HasQuorum => _core.MayGrant;

    /// <summary>How far recovery is, and whom it waits for.</summary>
    public RecoveryStanding Standing => new(
        ViewId,
        _core.MayGrant,
        IsSettled,
        _core.Recovery.Membership.Missing(RecoveryMarker.DirectoryDone),
        _core.Recovery.Membership.Missing(RecoveryMarker.LocksDone),
        [.. _core.Recovery.Membership.Unproven],
        _core.Rebuilder.Count);

    /// <summary>Whether nothing is in doubt any more: every lock of every member is known to a living master, and every departed is proven gone.</summary>
    public bool IsSettled => _core.Recovery.Membership.IsSettled;

    /// <summary>What changes of the view have given it to do so far.</summary>
    public RecoveryCounts RecoveryCounts => _core.Recovery.Counts;

    /// <summary>How many resources this node is master of, idle ones and those that are on their way to another included; not those that it has let go.</summary>
    public int MasteredCount => _core.Resources.MasteredCount;

    /// <summary>Hands a resource over to another member, if it can move now: then it is on its way when this returns.</summary>
    /// <param name="space">The lockspace.</param>
    /// <param name="name">The resource.</param>
    /// <param name="to">The node that is to be its master.</param>
    /// <returns>
    /// False if it cannot: it is not mastered here, it moves already, the node is no member, or something is in doubt since the last change of
    /// the view.
    /// </returns>
    public bool Move(uint space, ResourceName name, uint to)
    {
        Span<byte> bytes = stackalloc byte[Limits.ResourceNameBytesMax];
        name.TryWriteBytes(bytes, out var length);
        return _core.Resources.Find(space, Placement.HashOf(space, name.Hash), bytes[..length]) is { } resource
            && _core.HandingOver.Begin(resource, to);
    }

    /// <summary>
    /// From here on this node takes no mastership over from others, and hands over what it masters: some of it with each call, and more as
    /// that is taken. To be called now and then until <see cref="MasteredCount"/> is 0, or it has lasted long enough. What is in doubt
    /// stays until that is over, and everything does if there is no other member, or all are leaving.
    /// </summary>
    /// <param name="isOpen">Which of the other members can be reached; null: all.</param>
    public void Leave(Func<uint, bool>? isOpen = null)
    {
        _core.Drain.Begin(isOpen);
        _core.Drain.GoOn();
    }

    /// <summary>Lets time pass: waits that are over end, and resources that nobody uses are let go.</summary>
    public void Tick(long now)
    {
        Invariant.Check(now >= _core.Now, "time does not go back");
        _core.Now = now;
        _core.Owner.RunDeadlines();
        _core.Directory.ReleaseIdle();
    }

    /// <summary>Makes a lockspace usable. Every node must give the same settings for one id.</summary>
    public void OpenLockspace(uint space, LockspaceSettings settings) => _core.SetSettings(space, settings);

    /// <summary>Opens a session of this node.</summary>
    /// <param name="number">Its number; never given before in this incarnation of the node.</param>
    /// <param name="identity">Who it is, as the node layer encodes it; at most <see cref="Messages.MessageCodec.TextMax"/> bytes.</param>
    /// <param name="processId">Its process, by which orphans are purged; 0 if none.</param>
    /// <param name="observer">Whom its events are told.</param>
    public Session OpenSession(uint number, byte[] identity, int processId, ILockObserver observer) =>
        _core.Sessions.Open(number, identity, processId, observer);

    /// <summary>
    /// Ends a session: nobody is told anything any more, its locks are released with their values invalidated where it could have been
    /// writing, and its persistent locks stay as orphans.
    /// </summary>
    public void CloseSession(Session session) => _core.Owner.Close(session);

    /// <summary>Asks for a new lock. If accepted, exactly one <see cref="ILockObserver.Completed"/> follows, perhaps within this call.</summary>
    public RawResult Lock(Session session, in LockCall call, out LockId id) => _core.Owner.Lock(session, call, out id);

    /// <summary>
    /// The short way of <see cref="Lock"/>, for the call that nearly all are: of a resource mastered here that nobody has or wants and that has
    /// no value, without label and transaction. What it leaves behind is what the long way leaves; but there is no event, for the result
    /// says all.
    /// </summary>
    /// <param name="session">The owner.</param>
    /// <param name="space">The lockspace.</param>
    /// <param name="hash">What <see cref="Placement.HashOf"/> gives for lockspace and name.</param>
    /// <param name="name">The resource.</param>
    /// <param name="mode">The mode.</param>
    /// <param name="flags">Flags of the classic interface.</param>
    /// <param name="notifyBlocking">Whether the holder is to be told when it blocks somebody.</param>
    /// <param name="tag">What the caller wants to find again at the lock's events.</param>
    /// <returns>The lock, granted; null: nothing has happened, and the call has to go the long way.</returns>
    public Lock? TryLockAtOnce(
        Session session, uint space, ulong hash, in ResourceName name, LockMode mode, RawFlags flags, bool notifyBlocking, object? tag) =>
        _core.Owner.TryLockAtOnce(session, space, hash, name, mode, flags, notifyBlocking, tag);

    /// <summary>
    /// The short way of <see cref="Unlock"/>, for a lock that is held, that nobody waits for, and whose end leaves the value as it is. There
    /// is no event.
    /// </summary>
    /// <param name="session">The owner.</param>
    /// <param name="held">The lock as <see cref="TryLockAtOnce"/> returned it. It may have ended since, and be another's.</param>
    /// <param name="id">The id that it had.</param>
    /// <returns>False: nothing has happened, and the call has to go the long way.</returns>
    public bool TryUnlockAtOnce(Session session, Lock held, LockId id) => _core.Owner.TryUnlockAtOnce(session, held, id);

    /// <summary>Asks for another mode of a lock that is held. If accepted, exactly one completion follows, perhaps within this call.</summary>
    public RawResult Convert(Session session, LockId id, in ConvertCall call) => _core.Owner.Convert(session, id, call);

    /// <summary>
    /// Ends a lock, held or waiting. If accepted, exactly one completion of kind <see cref="OperationKind.Unlock"/> follows, after that of
    /// the request that it overtook, if any.
    /// </summary>
    /// <param name="session">The owner.</param>
    /// <param name="id">The lock.</param>
    /// <param name="flags">VALBLK, IVVALBLK, FORCEUNLOCK; they add to those of the last lock or convert call.</param>
    /// <param name="givesValue">Whether <paramref name="value"/> is to be written, if the lock holds PW or EX and VALBLK is set.</param>
    /// <param name="value">The value to write.</param>
    public RawResult Unlock(Session session, LockId id, RawFlags flags, bool givesValue = false, ReadOnlySpan<byte> value = default) =>
        _core.Owner.Unlock(session, id, flags, givesValue, value);

    /// <summary>Undoes what a lock waits for, if it is not too late. Cancels of one request that overlap have one outcome, told once.</summary>
    /// <returns>
    /// The outcome, where nothing was under way; null if it comes as <see cref="ILockObserver.CancelAnswered"/>, right after the end of
    /// the request concerned, perhaps within this call.
    /// </returns>
    public CancelOutcome? Cancel(Session session, LockId id) => _core.Owner.Cancel(session, id);

    /// <summary>Ends the locks that processes of this node left behind as orphans in a lockspace.</summary>
    /// <param name="space">The lockspace.</param>
    /// <param name="processId">Those of this process; 0 = of all.</param>
    /// <returns>How many.</returns>
    public int Purge(uint space, int processId) => _core.Owner.Purge(space, processId);

    /// <summary>
    /// Ends an orphan that is mastered here, whichever node its process was on: as if it had been adopted by somebody who then gave it up, and
    /// what it may have been writing marked.
    /// </summary>
    /// <returns>False if there is none of this id, or its resource moves or is being rebuilt just now.</returns>
    public bool PurgeOrphan(LockId id) => _core.Master.PurgeOrphan(id);

    /// <summary>Takes in a message of another engine.</summary>
    /// <param name="from">Who sent it.</param>
    /// <param name="view">The view of its sender when it was sent.</param>
    /// <param name="message">The message.</param>
    /// <returns>False if no engine that follows the protocol can have sent it: the connection that brought it is not to be trusted.</returns>
    public bool Receive(MemberId from, ulong view, ReadOnlySpan<byte> message) =>
        _core.IsStopped || _core.Incoming.Receive(from, view, message);

    /// <summary>A lock of this node, or one of another node that is mastered here; null if there is none of that id.</summary>
    public Lock? Find(LockId id) => _core.Locks.Find(id);

    /// <summary>Looks at the resources mastered here that somebody holds or waits for, a part of the table at a time.</summary>
    /// <param name="from">0 to begin, then what the last call returned.</param>
    /// <param name="count">How many buckets of the table to look through.</param>
    /// <param name="wanted">Which resources to add.</param>
    /// <param name="into">Where to add them.</param>
    /// <returns>Where to go on; -1 at the end.</returns>
    public int Collect(int from, int count, Func<ResourceState, bool> wanted, List<ResourceState> into) =>
        _snapshots.Collect(from, count, wanted, into);

    /// <summary>Looks at one resource; null if it is not mastered here, or nobody uses it.</summary>
    public ResourceState? Look(uint space, ResourceName name)
    {
        Span<byte> bytes = stackalloc byte[Limits.ResourceNameBytesMax];
        name.TryWriteBytes(bytes, out var length);
        return _snapshots.Find(space, Placement.HashOf(space, name.Hash), bytes[..length]);
    }
}
