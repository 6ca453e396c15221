namespace Tyer.Sessions;

/// <summary>
/// A lock as the side that uses it keeps it: what a <see cref="LockPort"/> reports events to. The port calls these with its own lock held
/// where it has one: they note what happened and return; what is to reach user code waits for <see cref="Deliver"/>.
/// </summary>
public interface ISessionLock
{
    /// <summary>The resource.</summary>
    ResourceName Resource { get; }

    /// <summary>The lock's id; default until it is known.</summary>
    LockId Id { get; set; }

    /// <summary>What the port needs to find the lock again; it is the port's alone.</summary>
    uint PortKey { get; set; }

    /// <summary>A request has ended.</summary>
    void Completed(in LockCompletion completion);

    /// <summary>A cancel has its outcome.</summary>
    void CancelAnswered(CancelOutcome outcome);

    /// <summary>Somebody wants what this lock excludes.</summary>
    void Blocking(LockMode wanted, LockOwner requester, TimeSpan waitedFor);

    /// <summary>The session is lost, or this lock was revoked: it is not held any more. Told before anybody else can hold it.</summary>
    void Lost(LossReason reason);

    /// <summary>
    /// Hands on to user code what the events brought. Called after one or several events, without any lock of the port, on the thread
    /// that brought them, unless the lock's own call was still under way on that thread: it finds the result there.
    /// </summary>
    void Deliver();
}

/// <summary>What a call asked for.</summary>
public enum RequestKind : byte
{
    /// <summary>A new lock.</summary>
    Lock,

    /// <summary>A conversion.</summary>
    Convert,

    /// <summary>The end of the lock.</summary>
    Unlock,
}

/// <summary>The end of a request.</summary>
public readonly ref struct LockCompletion
{
    // A mode's number plus one. As a nullable it would be written in two bytes and soon copied as one word, for which a processor waits.
    private readonly byte _modeOrZero;

    /// <summary>
    /// The lock's id, where the port tells it: an end within the call comes before <see cref="ISessionLock.Id"/> is set.
    /// </summary>
    public LockId Id { get; init; }

    /// <summary>What ended.</summary>
    public RequestKind Kind { get; init; }

    /// <summary>How.</summary>
    public RawStatus Status { get; init; }

    /// <summary>The mode now held; null: the lock is gone.</summary>
    public LockMode? Mode
    {
        get => _modeOrZero == 0 ? null : (LockMode)(_modeOrZero - 1);
        init => _modeOrZero = value is { } mode ? (byte)(mode + 1) : (byte)0;
    }

    /// <summary>The token of the lock's latest grant.</summary>
    public FencingToken Token { get; init; }

    /// <summary>What else befell the request.</summary>
    public RawStatusFlags Flags { get; init; }

    /// <summary>The state of the value that came with the grant; null: none did.</summary>
    public LockValueState? ValueState { get; init; }

    /// <summary>The version of the value.</summary>
    public ulong ValueVersion { get; init; }

    /// <summary>The bytes of the value; good for the length of the call.</summary>
    public ReadOnlySpan<byte> Value { get; init; }

    /// <summary>Who was in the way, where a wait ended without a grant and the master told.</summary>
    public WaitInformation? Wait { get; init; }
}

/// <summary>Who was in the way when a wait ended without a grant.</summary>
/// <param name="Position">Place in the queue, 1 = next; 0 if it was not queued.</param>
/// <param name="Holders">Who held what excludes the mode asked for, oldest grant first; the first few.</param>
/// <param name="HolderCount">How many there were.</param>
public sealed record WaitInformation(int Position, IReadOnlyList<LockEntry> Holders, int HolderCount);
