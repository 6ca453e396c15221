namespace Tyer.Engine.Owning;

/// <summary>
/// Which combinations of mode and flags a call may have (<c>docs/semantics.md</c>, "Calls"). Checked at the owner, in the order of fs/dlm:
/// unknown lock, impossible combination, busy, conversion that may not be queued strictly. <see cref="LockArguments"/> has checked more, and said what is
/// wrong in words, where a call came from a caller of Tyer's own; here it may have come from anywhere.
/// </summary>
internal static class CallRules
{
    private const RawFlags OfUnlock = RawFlags.ValBlk | RawFlags.IvValBlk | RawFlags.ForceUnlock;

    internal static RawResult CheckLock(LockMode mode, RawFlags flags)
    {
        if (!LockModes.IsDefined(mode))
            return RawResult.InvalidMode;
        const RawFlags ofConversions = RawFlags.Cancel | RawFlags.Convert | RawFlags.QueCvt | RawFlags.ConvDeadlk;
        if ((flags & ofConversions) != 0)
            return RawResult.InvalidFlags;
        if (flags.HasFlag(RawFlags.Expedite) && (mode != LockMode.Null || flags.HasFlag(RawFlags.NoQueue)))
            return RawResult.InvalidFlags;
        return RawResult.Accepted;
    }

    internal static RawResult CheckConvert(LockMode mode, RawFlags flags)
    {
        if (!LockModes.IsDefined(mode))
            return RawResult.InvalidMode;
        if ((flags & (RawFlags.Cancel | RawFlags.Expedite | RawFlags.Orphan)) != 0)
            return RawResult.InvalidFlags;
        if (flags.HasFlag(RawFlags.ConvDeadlk) && flags.HasFlag(RawFlags.NoQueue))
            return RawResult.InvalidFlags;
        return RawResult.Accepted;
    }

    internal static RawResult CheckUnlock(RawFlags flags)
    {
        // CANCEL among them: to cancel is a call of its own.
        return (flags & ~OfUnlock) == 0 ? RawResult.Accepted : RawResult.InvalidFlags;
    }
}
