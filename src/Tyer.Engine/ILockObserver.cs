using Tyer.Engine.Locks;

namespace Tyer.Engine;

/// <summary>
/// Whom a session's events are told. Called from within the engine's methods, on the thread that steps it: an observer notes what
/// happened and returns; it never calls back into the engine. The lock passed is good for the length of the call; after the last
/// completion that says the lock is gone it must not be used (an unlock that overtakes a request that was never granted gives two:
/// that of the request, and its own).
/// </summary>
public interface ILockObserver
{
    /// <summary>A request has ended: the one terminal event that each accepted lock, convert and unlock has.</summary>
    void Completed(Lock completed, in Completion completion);

    /// <summary>A cancel has its outcome. When the outcome is <see cref="CancelOutcome.Cancelled"/> the request's own end was told just before.</summary>
    void CancelAnswered(Lock cancelled, CancelOutcome outcome);

    /// <summary>The lock excludes a mode that somebody wants. A level: it holds until the lock's next completion.</summary>
    void Blocking(Lock holder, in BlockingReport report);

    /// <summary>A request without a time limit has waited for <see cref="EngineOptions.LongWait"/>, or twice, four times … as long.</summary>
    /// <param name="waiting">The lock.</param>
    /// <param name="waited">How long, in ticks of 100 ns.</param>
    void WaitsLong(Lock waiting, long waited);
}

/// <summary>The end of a request.</summary>
/// <param name="Kind">What ended: a lock, a conversion, or an unlock.</param>
/// <param name="Status">How.</param>
/// <param name="Mode">The mode now held; null: the lock is gone.</param>
/// <param name="Flags">What else befell it.</param>
/// <param name="ValueRead">Whether <see cref="Lock.Value"/> was read from the resource by this grant.</param>
/// <param name="Report">Who was in the way, where the status is <see cref="RequestStatus.TimedOut"/> or <see cref="RequestStatus.Again"/> and it is known.</param>
public readonly record struct Completion(
    OperationKind Kind, RequestStatus Status, LockMode? Mode, StatusFlags Flags, bool ValueRead, WaitReport? Report);

/// <summary>Who wants a lock that is held.</summary>
public readonly ref struct BlockingReport
{
    internal BlockingReport(LockMode wanted, ReadOnlySpan<byte> requester, ReadOnlySpan<byte> note, long waited)
    {
        Wanted = wanted;
        Requester = requester;
        Note = note;
        Waited = waited;
    }

    /// <summary>The mode wanted.</summary>
    public LockMode Wanted { get; }

    /// <summary>Who wants it, as the node layer encodes identities.</summary>
    public ReadOnlySpan<byte> Requester { get; }

    /// <summary>Label and purpose of the lock wanted, as the node layer encodes them; empty if none.</summary>
    public ReadOnlySpan<byte> Note { get; }

    /// <summary>How long it had waited when the notice was sent, in ticks of 100 ns.</summary>
    public long Waited { get; }
}
