namespace Tyer.Engine.Owning;

/// <summary>
/// Which combinations of mode and flags a call may have (<c>docs/semantics.md</c>, "Calls"). Checked at the owner, in the order of fs/dlm:
/// unknown lock, impossible combination, busy, conversion that may not be queued strictly.
/// </summary>
internal static class CallRules
{
    private const RawFlags OfUnlock = RawFlags.Cancel | RawFlags.ValBlk | RawFlags.IvValBlk | RawFlags.ForceUnlock;

    internal static RawResult CheckLock(LockMode mode, RawFlags flags)
    {
        if (!LockModes.IsDefined(mode))
            return RawResult.BadMode;
        const RawFlags ofConversions = RawFlags.Cancel | RawFlags.Convert | RawFlags.QueCvt | RawFlags.ConvDeadlk;
        if ((flags & ofConversions) != 0)
            return RawResult.BadFlags;
        if (flags.HasFlag(RawFlags.Expedite) && (mode != LockMode.Null || flags.HasFlag(RawFlags.NoQueue)))
            return RawResult.BadFlags;
        return RawResult.Accepted;
    }

    internal static RawResult CheckConvert(LockMode mode, RawFlags flags)
    {
        if (!LockModes.IsDefined(mode))
            return RawResult.BadMode;
        if ((flags & (RawFlags.Cancel | RawFlags.Expedite | RawFlags.Orphan)) != 0)
            return RawResult.BadFlags;
        if (flags.HasFlag(RawFlags.ConvDeadlk) && flags.HasFlag(RawFlags.NoQueue))
            return RawResult.BadFlags;
        return RawResult.Accepted;
    }

    internal static RawResult CheckUnlock(RawFlags flags)
    {
        if ((flags & ~OfUnlock) != 0 || (flags.HasFlag(RawFlags.Cancel) && flags.HasFlag(RawFlags.ForceUnlock)))
            return RawResult.BadFlags;
        return RawResult.Accepted;
    }
}
