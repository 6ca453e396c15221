using System.Runtime.CompilerServices;
using Tyer.Engine;
using Tyer.Engine.Locks;
using Tyer.Node.Shards;
using Tyer.Node.Waits;
using Tyer.Sessions;

namespace Tyer.Node.Sessions;

/// <summary>
/// A session in all shards of a node: the locks of one client in one lockspace. It hears the engines' events and passes them to the locks
/// they are about. When it ends, its locks end with it.
/// </summary>
internal sealed class NodeSession
{
    private readonly ShardSet _shards;
    private readonly Action<LongWait> _tellLongWait;
    private readonly Engine.Session[] _engineSessions;
    private readonly Observer[] _observers;
    private readonly byte[] _identity;
    private int _closed;

    internal NodeSession(
        ShardSet shards, Action<LongWait> tellLongWait, uint number, LockOwner owner, string lockspace, string transport, ISessionRenewals? renewals)
    {
        Lockspace = lockspace;
        Transport = transport;
        Renewals = renewals;
        _shards = shards;
        _tellLongWait = tellLongWait;
        Number = number;
        Owner = owner;
        OpenedAt = shards.Clock.Now;
        _identity = OwnerCodec.Encode(owner);
        _engineSessions = new Engine.Session[shards.Count];
        _observers = new Observer[shards.Count];
        for (var index = 0; index < shards.Count; index++)
        {
            var shard = shards[index];
            _observers[index] = new Observer(this, shard);
            using (shard.Enter())
                _engineSessions[index] = shard.Engine.OpenSession(number, _identity, owner.ProcessId, _observers[index]);
        }
    }

    /// <summary>The session's number, unique in this life of the node.</summary>
    internal uint Number { get; }

    /// <summary>Who it is.</summary>
    internal LockOwner Owner { get; }

    /// <summary>The lockspace's name; empty: one of the node's own, in the system lockspace.</summary>
    internal string Lockspace { get; }

    /// <summary>The way its client came.</summary>
    internal string Transport { get; }

    /// <summary>Its client's keep-alives; null in process.</summary>
    internal ISessionRenewals? Renewals { get; }

    /// <summary>When it began, by the node's clock.</summary>
    internal TimeSpan OpenedAt { get; }

    /// <summary>Whether its locks have been told to go.</summary>
    internal bool IsClosed => Volatile.Read(ref _closed) != 0;

    internal Engine.Session In(Shard shard) => _engineSessions[shard.Index];

    /// <summary>
    /// Ends the session. Where a reason is given its locks are told that they are lost, in each shard before that shard gives any of them
    /// to somebody else.
    /// </summary>
    internal void Close(LossReason? reason)
    {
        if (Interlocked.Exchange(ref _closed, 1) != 0)
            return;
        for (var index = 0; index < _shards.Count; index++)
        {
            var shard = _shards[index];
            using (shard.Enter())
            {
                if (reason is { } why)
                {
                    foreach (var owned in _engineSessions[index].Locks())
                        Tell(shard, owned, why);
                }

                shard.Engine.CloseSession(_engineSessions[index]);
            }
        }
    }

    /// <summary>
    /// Takes one lock away: its holder is told, and then it is released; one in another process is asked to tell its holder and to release it.
    /// </summary>
    /// <returns>The resource and whose the lock was, or null: this session has no such lock.</returns>
    internal (ResourceName Resource, LockOwner Owner)? Revoke(Shard shard, LockId id)
    {
        using (shard.Enter())
        {
            if (shard.Engine.Find(id) is not { Tag: ISessionLock told } found || found.Session != In(shard))
                return null;
            var revoked = (told.Resource, NoteCodec.Describe(_identity, found.Note).Owner);
            if (told is IRemoteLock remote)
            {
                remote.AskBack();
                shard.DeliverLater(told);
                return revoked;
            }

            Tell(shard, found, LossReason.Revoked);
            found.Tag = null;
            shard.Engine.Unlock(In(shard), id, RawFlags.ForceUnlock | RawFlags.IvValBlk);
            return revoked;
        }
    }

    /// <summary>How many of its locks are held, and how many wait.</summary>
    internal (int Held, int Waiting) CountLocks()
    {
        var (held, waiting) = (0, 0);
        for (var index = 0; index < _shards.Count; index++)
        {
            using (_shards[index].Enter())
            {
                foreach (var each in _engineSessions[index].Locks())
                {
                    held += each.Granted is null ? 0 : 1;
                    waiting += each.Requested is null ? 0 : 1;
                }
            }
        }

        return (held, waiting);
    }

    private static void Tell(Shard shard, Engine.Locks.Lock lost, LossReason reason)
    {
        if (lost.Tag is not ISessionLock told)
            return;
        told.Lost(reason);
        shard.DeliverLater(told);
    }

    /// <summary>One shard's ear: it knows where to leave what has to be delivered.</summary>
    private sealed class Observer(NodeSession session, Shard shard) : ILockObserver
    {
        public void Completed(Engine.Locks.Lock completed, in Completion completion)
        {
            if (completed.Tag is null)
                return;
            var told = Unsafe.As<ISessionLock>(completed.Tag); // only session locks are ever attached
            told.Completed(new LockCompletion
            {
                Id = completed.Id,
                Kind = (RequestKind)(completion.Kind - OperationKind.Lock),
                Status = Statuses.Of(completion.Status),
                Mode = completion.Mode,
                Token = completed.Token,
                Flags = (RawStatusFlags)completion.Flags,
                ValueState = completion.ValueRead ? completed.ValueState : null,
                ValueVersion = completed.ValueVersion,
                Value = completion.ValueRead ? completed.Value : default,
                Wait = completion.Report is { } report ? Statuses.Of(report, told.Resource) : null,
            });
            shard.DeliverLater(told);
        }

        public void CancelAnswered(Engine.Locks.Lock cancelled, CancelOutcome outcome)
        {
            if (cancelled.Tag is not ISessionLock told)
                return;
            told.CancelAnswered(outcome);
            shard.DeliverLater(told);
        }

        public void Blocking(Engine.Locks.Lock holder, in BlockingReport report)
        {
            if (holder.Tag is not ISessionLock told)
                return;
            told.Blocking(report.Wanted, NoteCodec.Describe(report.Requester, report.Note).Owner, TimeSpan.FromTicks(report.Waited));
            shard.DeliverLater(told);
        }

        public void WaitsLong(Engine.Locks.Lock waiting, long waited)
        {
            if (waiting.Tag is not ISessionLock told || waiting.Requested is not { } mode)
                return;
            var owner = NoteCodec.Describe(session._identity, waiting.Note).Owner;
            var teller = (told as IRemoteLock)?.LongWaitTeller();
            session._tellLongWait(new LongWait(waiting.Id, told.Resource, session.Lockspace, mode, owner, TimeSpan.FromTicks(waited), teller));
        }
    }
}

/// <summary>A lock whose holder is in another process.</summary>
internal interface IRemoteLock
{
    /// <summary>
    /// Asks for the lock back: its process tells the holder, and then releases it, so that nobody else has it before the holder knows (S6).
    /// Under the shard's lock.
    /// </summary>
    void AskBack();

    /// <summary>What tells its process, at any time and from any thread, how long the present wait has lasted and why. Under the shard's lock.</summary>
    Action<TimeSpan, string> LongWaitTeller();
}

/// <summary>What keeps a client's session alive, as those who look see it.</summary>
internal interface ISessionRenewals
{
    /// <summary>Time since the last keep-alive.</summary>
    TimeSpan Age { get; }

    /// <summary>How long it lives without one.</summary>
    TimeSpan Timeout { get; }
}
