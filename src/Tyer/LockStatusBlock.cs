namespace Tyer;

/// <summary>
/// Carries one lock through the classic interface: what the caller says beside the flags, and what it is told. The caller makes it, keeps
/// it while the lock lives, and may use it again: no call allocates.
/// </summary>
/// <remarks>What is told is written just before the completion callback, and is the lock manager's from the call until then.</remarks>
public sealed class LockStatusBlock
{
    /// <summary>Told: how the operation ended; <see cref="RawStatus.InProgress"/> until then.</summary>
    public RawStatus Status { get; set; }

    /// <summary>Told: what else there is to know.</summary>
    public RawStatusFlags Flags { get; set; }

    /// <summary>
    /// Said for a conversion; told for a new lock as soon as it has one: in process when the call returns, over a connection with the node's
    /// first word about it, at the latest with the completion. Until then it cannot be cancelled.
    /// </summary>
    public LockId Id { get; set; }

    /// <summary>Told: the mode that the lock is in.</summary>
    public LockMode Mode { get; set; }

    /// <summary>Told: the token of the last grant.</summary>
    public FencingToken Token { get; set; }

    /// <summary>
    /// The caller's buffer for the value, with <see cref="RawFlags.ValBlk"/>: at least as long as the lockspace's values. A grant that
    /// reads
    /// fills it, one that writes takes it: by the mode table.
    /// </summary>
    public Memory<byte> Value { get; set; }

    /// <summary>Told: whether <see cref="Value"/> can be believed.</summary>
    public LockValueState ValueState { get; set; }

    /// <summary>Told: the version of <see cref="Value"/>.</summary>
    public ulong ValueVersion { get; set; }

    /// <summary>
    /// Told: why, where <see cref="Status"/> is one that has more to tell (<see cref="RawStatus.Deadlock"/>,
    /// <see cref="RawStatus.TimedOut"/>,
    /// <see cref="RawStatus.Refused"/>, <see cref="RawStatus.Lost"/>, <see cref="RawStatus.Unavailable"/>,
    /// <see cref="RawStatus.Unknown"/>);
    /// otherwise null.
    /// </summary>
    public TyerException? Error { get; set; }

    /// <summary>Said: how long to wait, with <see cref="RawFlags.Timeout"/>; positive.</summary>
    public TimeSpan Timeout { get; set; }

    /// <summary>Said: the party in the deadlock search; null for the session itself.</summary>
    public Guid? Transaction { get; set; }

    /// <summary>Said: what the owner calls itself; at most 128 bytes (UTF-8).</summary>
    public string? Label { get; set; }

    /// <summary>Said: what the lock is for; at most 128 bytes (UTF-8).</summary>
    public string? Purpose { get; set; }

    /// <summary>The caller's own; never looked at.</summary>
    public object? State { get; set; }
}
