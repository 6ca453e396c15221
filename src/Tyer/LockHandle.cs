namespace Tyer;

/// <summary>
/// A lock that is held. Dispose it to release. Watch <see cref="Lost"/> while you rely on it, and hand <see cref="Token"/> to the
/// systems that it protects.
/// </summary>
/// <remarks>
/// A handle that is never disposed stays held, and is listed with its age, until the session ends. A holder that was paused past its
/// deadline can still write to some other system: only that system, by comparing tokens, can refuse it.
/// Every member is abstract or virtual, so that a test can bring its own handle.
/// </remarks>
public abstract class LockHandle : IAsyncDisposable, IDisposable
{
    private static readonly ConvertOptions DefaultConversion = new();

    /// <summary>For the node, the client, and applications that fake a lock in their tests.</summary>
    protected LockHandle()
    {
    }

    /// <summary>
    /// Somebody wants the lock. Raised off the engine's threads, one call at a time for each handle, and once for each stronger wish;
    /// whoever
    /// subscribes late is told at once. <see cref="BlockedMode"/> is the level behind it.
    /// </summary>
    public abstract event EventHandler<BlockingNotice>? Blocking;

    /// <summary>The resource it is on.</summary>
    public abstract ResourceName Resource { get; }

    /// <summary>The mode it is held in; follows conversions.</summary>
    public abstract LockMode Mode { get; }

    /// <summary>Its id: unique in the cluster, never used again.</summary>
    public abstract LockId Id { get; }

    /// <summary>
    /// Greater than every earlier token on this resource (S3). New after a conversion that the master granted; a down-conversion keeps it.
    /// </summary>
    public abstract FencingToken Token { get; }

    /// <summary>The resource's value as of the last grant that read it, and whether it can be believed (S4).</summary>
    public abstract LockValue Value { get; }

    /// <summary>Cancelled before anybody else can be granted the lock, if this handle loses it (S6). Not cancelled by a release.</summary>
    public abstract CancellationToken Lost { get; }

    /// <summary>Why it was lost; null while it is not.</summary>
    public abstract LossReason? LostBecause { get; }

    /// <summary>
    /// How long this lock is safe from now, if nothing more is heard from the node; zero when it is lost. Ask before each step of a long
    /// job.
    /// </summary>
    public abstract TimeSpan SafeFor { get; }

    /// <summary>The strongest mode that somebody waits for and this lock is in the way of; null when nobody does.</summary>
    public abstract LockMode? BlockedMode { get; }

    /// <summary>Goes on only while the lock is held.</summary>
    /// <exception cref="LockLostException">It is lost.</exception>
    public virtual void ThrowIfLost()
    {
        if (LostBecause is { } reason) throw new LockLostException(Resource, Mode, Id, Token, reason);
    }

    /// <summary>Changes the mode; waits as long as it takes, and keeps the old mode meanwhile. A down-conversion never waits.</summary>
    /// <param name="to">The mode wanted.</param>
    /// <param name="cancellationToken">Takes the conversion back, and waits to hear whether that came in time; a grant that won is a
    /// success.</param>
    /// <exception cref="ArgumentException"><paramref name="to"/> is no mode.</exception>
    /// <exception cref="DeadlockException">Two conversions waited for each other; this one keeps its old mode.</exception>
    /// <exception cref="LockLostException">The lock is lost.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled; the lock keeps its old mode.</exception>
    /// <exception cref="ObjectDisposedException">The lock is released, or was released while it waited.</exception>
    public virtual ValueTask ConvertAsync(LockMode to, CancellationToken cancellationToken = default) =>
        ConvertAsync(to, DefaultConversion, cancellationToken);

    /// <summary>Changes the mode, with options; waits for <see cref="ConvertOptions.Timeout"/>, or as long as it takes.</summary>
    /// <param name="to">The mode wanted.</param>
    /// <param name="options">Timeout, order and the rest.</param>
    /// <param name="cancellationToken">Takes the conversion back, and waits to hear whether that came in time; a grant that won is a
    /// success.</param>
    /// <exception cref="ArgumentException"><paramref name="to"/> is no mode, or the options do not go with this conversion.</exception>
    /// <exception cref="LockTimeoutException">The timeout ran out; the lock keeps its old mode.</exception>
    /// <exception cref="DeadlockException">Two conversions waited for each other; this one keeps its old mode.</exception>
    /// <exception cref="LockLostException">The lock is lost.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled; the lock keeps its old mode.</exception>
    /// <exception cref="ObjectDisposedException">The lock is released, or was released while it waited.</exception>
    public abstract ValueTask ConvertAsync(LockMode to, ConvertOptions options, CancellationToken cancellationToken = default);

    /// <summary>Changes the mode if that can be had within <paramref name="wait"/>.</summary>
    /// <param name="to">The mode wanted.</param>
    /// <param name="wait">Zero: do not queue. <see cref="Timeout.InfiniteTimeSpan"/>: for ever.</param>
    /// <param name="cancellationToken">Takes the conversion back, and waits to hear whether that came in time; a grant that won is a
    /// success.</param>
    /// <returns>False when it was busy for all of <paramref name="wait"/>: the lock keeps its old mode. Every other outcome
    /// throws.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="wait"/> is negative, and not infinite.</exception>
    /// <exception cref="ArgumentException"><paramref name="to"/> is no mode.</exception>
    /// <exception cref="DeadlockException">Two conversions waited for each other; this one keeps its old mode.</exception>
    /// <exception cref="LockLostException">The lock is lost.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled; the lock keeps its old mode.</exception>
    /// <exception cref="ObjectDisposedException">The lock is released, or was released while it waited.</exception>
    public virtual ValueTask<bool> TryConvertAsync(LockMode to, TimeSpan wait, CancellationToken cancellationToken = default) =>
        TryConvertAsync(to, wait, DefaultConversion, cancellationToken);

    /// <summary>Changes the mode, with options, if that can be had within <paramref name="wait"/>.</summary>
    /// <param name="to">The mode wanted.</param>
    /// <param name="wait">Zero: do not queue. <see cref="Timeout.InfiniteTimeSpan"/>: for ever.</param>
    /// <param name="options">Order and the rest; without a <see cref="ConvertOptions.Timeout"/>.</param>
    /// <param name="cancellationToken">Takes the conversion back, and waits to hear whether that came in time; a grant that won is a
    /// success.</param>
    /// <returns>False when it was busy for all of <paramref name="wait"/>: the lock keeps its old mode. Every other outcome
    /// throws.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="wait"/> is negative, and not infinite.</exception>
    /// <exception cref="ArgumentException"><paramref name="to"/> is no mode, or the options do not go with this conversion.</exception>
    /// <exception cref="DeadlockException">Two conversions waited for each other; this one keeps its old mode.</exception>
    /// <exception cref="LockLostException">The lock is lost.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled; the lock keeps its old mode.</exception>
    /// <exception cref="ObjectDisposedException">The lock is released, or was released while it waited.</exception>
    public abstract ValueTask<bool> TryConvertAsync(
        LockMode to, TimeSpan wait, ConvertOptions options, CancellationToken cancellationToken = default);

    /// <summary>
    /// Sets the value that the next release or down-conversion from PW or EX commits. Until then nobody sees it, and it is not in
    /// <see cref="Value"/>. A release without it leaves the value as it was.
    /// </summary>
    /// <param name="value">At most the lockspace's value size; what is shorter is filled up with zeros.</param>
    /// <exception cref="ArgumentException">It is longer than the lockspace's values are.</exception>
    /// <exception cref="InvalidOperationException">The lock is below PW, or was taken without its value.</exception>
    /// <exception cref="LockLostException">The lock is lost.</exception>
    public abstract void SetValue(ReadOnlySpan<byte> value);

    /// <summary>
    /// Has the next release or down-conversion from PW or EX mark the value as not to be believed (<c>IVVALBLK</c>), instead of writing
    /// one.
    /// </summary>
    /// <exception cref="InvalidOperationException">The lock is below PW.</exception>
    /// <exception cref="LockLostException">The lock is lost.</exception>
    public abstract void InvalidateValue();

    /// <summary>
    /// Releases the lock and waits until the master has heard it; who commits a value wants to know. May be called twice.
    /// </summary>
    /// <param name="cancellationToken">Ends the waiting, not the release.</param>
    /// <exception cref="OutcomeUnknownException">A value was to be committed, and the answer or the lock was lost (S5). The lock is
    /// released.</exception>
    /// <exception cref="OperationCanceledException">The waiting was cancelled.</exception>
    public abstract ValueTask ReleaseAsync(CancellationToken cancellationToken = default);

    /// <summary>Releases the lock without waiting for an answer. Never throws, never blocks, may be called twice.</summary>
    public abstract void Dispose();

    /// <summary>Releases the lock without waiting for an answer. Never throws, never blocks, may be called twice.</summary>
    public abstract ValueTask DisposeAsync();
}
