namespace Tyer;

/// <summary>What a conversion may ask for beyond the mode.</summary>
/// <remarks>
/// Combinations that cannot work are refused with an <see cref="ArgumentException"/> that names them: see <see cref="LockArguments"/>.
/// </remarks>
public sealed record ConvertOptions
{
    /// <summary>
    /// How long to wait before giving up with a <see cref="LockTimeoutException"/>; null waits for ever, zero does not queue. The lock
    /// keeps its old mode.
    /// </summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>The place in the queue of conversions.</summary>
    public LockQueue Queue { get; init; }

    /// <summary>
    /// Keeps the order of conversions: this one may not overtake those that wait, as it otherwise does when it is compatible at once
    /// (<c>QUECVT</c>). Only for conversions that may have to wait: see <see cref="LockModes.MayConvertStrictly"/>.
    /// </summary>
    public bool Strict { get; init; }

    /// <summary>
    /// Gives up the mode held (down to <see cref="LockMode.Null"/>) instead of failing when two conversions wait for each other
    /// (<c>CONVDEADLK</c>). What the old mode protected may have changed when the new one is granted. Needs a wait.
    /// </summary>
    public bool ResolveDeadlock { get; init; }

    /// <summary>Queues even where two conversions wait for each other, and keeps out of the deadlock search.</summary>
    public bool NoDeadlockWait { get; init; }

    /// <summary>A mode to be content with when the one asked for would have to wait: PR or CW.</summary>
    public LockMode? Alternative { get; init; }

    /// <summary>Sends the holders a blocking notice even when this conversion does not queue (a wait of zero).</summary>
    public bool NotifyHolders { get; init; }
}
