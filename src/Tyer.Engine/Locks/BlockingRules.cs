namespace Tyer.Engine.Locks;

/// <summary>
/// When a holder is told that it blocks somebody. The master sends a notice when it adds something to the last one; the owner drops
/// what adds nothing to what its holder was last told. Both compare modes by their number, as fs/dlm does, with the exception that
/// CW and PR, of which neither is higher, are told each time.
/// </summary>
internal static class BlockingRules
{
    /// <summary>At the master: does a request that has just been blocked call for a notice to this holder?</summary>
    internal static bool RequestBlockedBy(Lock holder, LockMode wanted)
    {
        var held = holder.Granted!.Value;
        if ((held, wanted) is (LockMode.ProtectedRead, LockMode.ConcurrentWrite) or (LockMode.ConcurrentWrite, LockMode.ProtectedRead))
            return holder.Notified < LockMode.Exclusive;
        return holder.Notified < wanted && !LockModes.IsCompatible(held, wanted);
    }

    /// <summary>
    /// At the master, after the queues were looked through: is this holder to be told, given the highest mode still blocked and
    /// whether a CW is among the blocked? Returns the mode to tell of, or null.
    /// </summary>
    internal static LockMode? AfterPass(Lock holder, LockMode highest, bool concurrentWriteBlocked)
    {
        var held = holder.Granted!.Value;
        if (held == LockMode.ProtectedRead && concurrentWriteBlocked)
        {
            if (holder.Notified >= LockMode.Exclusive)
                return null;
            return highest == LockMode.ProtectedRead ? LockMode.ConcurrentWrite : highest;
        }

        return holder.Notified < highest && !LockModes.IsCompatible(held, highest) ? highest : null;
    }

    /// <summary>At the owner: does this notice add anything to what the holder was last told?</summary>
    internal static bool AddsNothing(Lock holder, LockMode wanted)
    {
        // It has meanwhile been told of a mode that is in nobody's way.
        if (holder.ToldMode is { } told && LockModes.IsCompatible(wanted, told))
            return true;
        return holder.ToldBlocking is { } last && (last == wanted || (last > wanted && last > LockMode.ProtectedRead));
    }
}
