using System.Text;
using static Tyer.RawFlags;

namespace Tyer;

/// <summary>
/// What may be asked together. One set of rules for both layers and both sides: a client checks before it sends, a node checks what it was
/// sent. The rules speak of flags, with the option that sets each in brackets.
/// </summary>
public static class LockArguments
{
    private const RawFlags ForLockOnly =
        NoQueue | RawFlags.Convert | ValBlk | QueCvt | IvValBlk | ConvDeadlk | Persistent | NoDlckWt | NoDlckBlk | Expedite | NoQueueBast
        | HeadQue | NoOrder | Orphan | AltPr | AltCw | RawFlags.Timeout;

    private const RawFlags ForUnlock = ValBlk | IvValBlk | ForceUnlock;

    /// <summary>What is wrong with the mode and flags of <see cref="IRawLockspace.Lock"/>; null when nothing is.</summary>
    public static string? FindFault(LockMode mode, RawFlags flags)
    {
        if (!LockModes.IsDefined(mode)) return $"{(int)mode} is not a lock mode: 0 (NL) to 5 (EX).";
        if ((flags & ~ForLockOnly) is var strange && strange != 0) return $"{strange} does not belong in a lock call.";
        return Has(flags, RawFlags.Convert) ? FindConversionFault(flags) : FindRequestFault(mode, flags);
    }

    /// <summary>What is wrong with a conversion between these modes under these flags; null when nothing is.</summary>
    /// <param name="granted">The mode held.</param>
    /// <param name="requested">The mode wanted.</param>
    /// <param name="flags">With <see cref="RawFlags.Convert"/>.</param>
    public static string? FindFault(LockMode granted, LockMode requested, RawFlags flags)
    {
        if (FindFault(requested, flags) is { } fault) return fault;
        return Has(flags, QueCvt) && !LockModes.MayConvertStrictly(granted, requested)
            ? $"QueCvt (Strict) is only for conversions that may have to wait, not for {granted.ToShortName()} to {requested.ToShortName()}."
            : null;
    }

    /// <summary>What is wrong with the flags of <see cref="IRawLockspace.Unlock"/>; null when nothing is.</summary>
    public static string? FindUnlockFault(RawFlags flags)
    {
        if (Has(flags, RawFlags.Cancel)) return "Cancel is a call of its own: CancelAsync.";
        return (flags & ~ForUnlock) is var strange && strange != 0 ? $"{strange} does not belong in an unlock call." : null;
    }

    /// <summary>
    /// Checks a call of <see cref="IRawLockspace.Lock"/>, but for what only the lock itself tells (its owner, its mode, its state).
    /// </summary>
    /// <param name="resource">The name; not looked at for a conversion.</param>
    /// <param name="mode">The mode.</param>
    /// <param name="flags">The flags.</param>
    /// <param name="block">The status block.</param>
    /// <param name="valueSize">The lockspace's <see cref="LockspaceOptions.ValueSize"/>.</param>
    public static RawResult CheckLock(ReadOnlySpan<byte> resource, LockMode mode, RawFlags flags, LockStatusBlock block, int valueSize)
    {
        if (!LockModes.IsDefined(mode)) return RawResult.InvalidMode;
        if (FindFault(mode, flags) is not null) return RawResult.InvalidFlags;
        if (Has(flags, RawFlags.Convert))
        {
            if (block.Id == default) return RawResult.UnknownLock;
        }
        else if (ResourceName.Fault(resource) is not null)
        {
            return RawResult.InvalidName;
        }

        if (Has(flags, RawFlags.Timeout) && block.Timeout <= TimeSpan.Zero) return RawResult.InvalidBlock;
        if (FindLabelFault(block.Label) is not null || FindLabelFault(block.Purpose) is not null) return RawResult.InvalidBlock;
        return HasValueFault(flags, block, valueSize) ? RawResult.NoValueBuffer : RawResult.Accepted;
    }

    /// <summary>Checks a call of <see cref="IRawLockspace.Unlock"/>, but for what only the lock itself tells.</summary>
    /// <param name="id">The lock.</param>
    /// <param name="flags">The flags.</param>
    /// <param name="block">The status block.</param>
    /// <param name="valueSize">The lockspace's <see cref="LockspaceOptions.ValueSize"/>.</param>
    public static RawResult CheckUnlock(LockId id, RawFlags flags, LockStatusBlock block, int valueSize)
    {
        if (FindUnlockFault(flags) is not null) return RawResult.InvalidFlags;
        if (id == default) return RawResult.UnknownLock;
        return HasValueFault(flags, block, valueSize) ? RawResult.NoValueBuffer : RawResult.Accepted;
    }

    /// <summary>
    /// How long a call waits, of its <paramref name="wait"/> and the <paramref name="timeout"/> in its options: null for ever, zero not at
    /// all (<see cref="NoQueue"/>).
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">One is negative, and not infinite.</exception>
    /// <exception cref="ArgumentException">Both are given.</exception>
    public static TimeSpan? WaitOf(TimeSpan? wait, TimeSpan? timeout)
    {
        if (wait is not null && timeout is not null)
            throw new ArgumentException("A wait is given twice, by the call and by Timeout in its options. Leave one out.", nameof(timeout));
        if (wait is { } w) ThrowIfNegative(w, nameof(wait));
        if (timeout is { } t) ThrowIfNegative(t, nameof(timeout));
        TimeSpan? chosen = wait ?? timeout;
        return chosen == System.Threading.Timeout.InfiniteTimeSpan ? null : chosen;
    }

    /// <summary>Checks a request of layer A and says it in flags.</summary>
    /// <param name="resource">The resource.</param>
    /// <param name="mode">The mode.</param>
    /// <param name="options">The options.</param>
    /// <param name="wait">As <see cref="WaitOf"/> gave it.</param>
    /// <exception cref="ArgumentException">Something is malformed or does not go together; the message names it.</exception>
    public static RawFlags FlagsOf(ResourceName resource, LockMode mode, LockOptions options, TimeSpan? wait)
    {
        if (resource.IsDefault) throw new ArgumentException("The resource has no name.", nameof(resource));
        ArgumentNullException.ThrowIfNull(options);
        ThrowIfFault(FindLabelFault(options.Owner), nameof(LockOptions.Owner));
        ThrowIfFault(FindLabelFault(options.Purpose), nameof(LockOptions.Purpose));

        RawFlags flags = FlagsOf(wait) | FlagsOf(options.Queue) | FlagsOf(options.Alternative);
        if (options.ValueBlock) flags |= ValBlk;
        if (options.Persistent) flags |= Persistent;
        if (options.Adopt) flags |= Orphan;
        if (options.Expedite) flags |= Expedite;
        if (options.NoDeadlockWait) flags |= NoDlckWt;
        if (options.NotifyHolders) flags |= NoQueueBast;
        ThrowIfNotAMode(mode);
        ThrowIfFault(FindFault(mode, flags), nameof(options));
        return flags;
    }

    /// <summary>Checks a conversion of layer A and says it in flags; the value's flags are the handle's business.</summary>
    /// <param name="granted">The mode held.</param>
    /// <param name="to">The mode wanted.</param>
    /// <param name="options">The options.</param>
    /// <param name="wait">As <see cref="WaitOf"/> gave it.</param>
    /// <exception cref="ArgumentException">Something is malformed or does not go together; the message names it.</exception>
    public static RawFlags FlagsOf(LockMode granted, LockMode to, ConvertOptions options, TimeSpan? wait)
    {
        ArgumentNullException.ThrowIfNull(options);
        RawFlags flags = RawFlags.Convert | FlagsOf(wait) | FlagsOf(options.Queue) | FlagsOf(options.Alternative);
        if (options.Strict) flags |= QueCvt;
        if (options.ResolveDeadlock) flags |= ConvDeadlk;
        if (options.NoDeadlockWait) flags |= NoDlckWt;
        if (options.NotifyHolders) flags |= NoQueueBast;
        ThrowIfNotAMode(to);
        ThrowIfFault(FindFault(granted, to, flags), nameof(options));
        return flags;
    }

    private static string? FindRequestFault(LockMode mode, RawFlags flags)
    {
        if (Has(flags, QueCvt)) return "QueCvt (Strict) is only for conversions.";
        if (Has(flags, ConvDeadlk)) return "ConvDeadlk (ResolveDeadlock) is only for conversions.";
        if (!Has(flags, Expedite)) return null;
        if (mode != LockMode.Null) return $"Expedite is only for NL, which disturbs nobody, and not for {mode.ToShortName()}.";
        return Has(flags, NoQueue) ? "Expedite never waits: NoQueue (a wait of zero) does not go with it." : null;
    }

    private static string? FindConversionFault(RawFlags flags)
    {
        if (Has(flags, Expedite)) return "Expedite is only for new locks.";
        if (Has(flags, Orphan)) return "Orphan is only for new locks.";
        return Has(flags, ConvDeadlk) && Has(flags, NoQueue)
            ? "ConvDeadlk (ResolveDeadlock) needs a wait: NoQueue (a wait of zero) does not go with it."
            : null;
    }

    private static string? FindLabelFault(string? label)
    {
        if (label is null) return null;
        int length = Encoding.UTF8.GetByteCount(label);
        if (length > Limits.LabelBytesMax) return $"It has {length} bytes; the limit is {Limits.LabelBytesMax}.";
        // It is shown on other people's terminals.
        return label.Any(char.IsControl) ? "It has a control character." : null;
    }

    private static bool HasValueFault(RawFlags flags, LockStatusBlock block, int valueSize) =>
        Has(flags, ValBlk) && block.Value.Length < valueSize;

    private static RawFlags FlagsOf(TimeSpan? wait) => wait switch
    {
        null => None,
        { Ticks: 0 } => NoQueue,
        _ => RawFlags.Timeout,
    };

    private static RawFlags FlagsOf(LockQueue queue) => queue switch
    {
        LockQueue.Fifo => None,
        LockQueue.Head => HeadQue,
        LockQueue.NoOrder => NoOrder,
        _ => throw new ArgumentOutOfRangeException(nameof(queue), queue, "A queue is Fifo, Head or NoOrder."),
    };

    private static RawFlags FlagsOf(LockMode? alternative) => alternative switch
    {
        null => None,
        LockMode.ProtectedRead => AltPr,
        LockMode.ConcurrentWrite => AltCw,
        _ => throw new ArgumentOutOfRangeException(nameof(alternative), alternative, "An alternative mode is PR or CW."),
    };

    private static bool Has(RawFlags flags, RawFlags flag) => (flags & flag) != 0;

    private static void ThrowIfNotAMode(LockMode mode)
    {
        if (!LockModes.IsDefined(mode)) throw new ArgumentOutOfRangeException(nameof(mode), mode, "A lock mode is 0 (NL) to 5 (EX).");
    }

    private static void ThrowIfNegative(TimeSpan time, string parameterName)
    {
        if (time < TimeSpan.Zero && time != System.Threading.Timeout.InfiniteTimeSpan)
            throw new ArgumentOutOfRangeException(parameterName, time, "A wait is zero, positive, or Timeout.InfiniteTimeSpan.");
    }

    private static void ThrowIfFault(string? fault, string parameterName)
    {
        if (fault is not null) throw new ArgumentException(fault, parameterName);
    }
}
