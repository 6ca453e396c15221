namespace Tyer;

/// <summary>
/// Properties of a lockspace, the same for everybody in it. Whoever opens it first decides; who opens it later with others is refused
/// (<see cref="RefusalReason.OptionsDiffer"/>).
/// </summary>
public sealed record LockspaceOptions
{
    /// <summary>Bytes in a value block: 0 (no values), or 8 to 1024 in steps of 8. Default: 64.</summary>
    public int ValueSize { get; init; } = Limits.ValueBytesDefault;

    /// <summary>Locks that one session may have here at a time, at least 1. Default: 100,000.</summary>
    public int LocksPerSessionMax { get; init; } = Limits.LocksPerSessionMaxDefault;

    /// <summary>Requests and conversions that may wait on one resource, at least 1. Default: 10,000.</summary>
    public int QueueLengthMax { get; init; } = Limits.QueueLengthMaxDefault;

    /// <summary>Returns when every property is in its range.</summary>
    /// <exception cref="ArgumentOutOfRangeException">One is not; the message names it and its range.</exception>
    public void Validate()
    {
        if (ValueSize is < 0 or > Limits.ValueBytesMax || ValueSize % Limits.ValueBytesStep != 0)
        {
            throw new ArgumentOutOfRangeException(
                nameof(ValueSize),
                ValueSize,
                $"A value size is 0, or {Limits.ValueBytesStep} to {Limits.ValueBytesMax} in steps of {Limits.ValueBytesStep}.");
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(LocksPerSessionMax, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(QueueLengthMax, 1);
    }
}
