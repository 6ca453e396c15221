namespace Tyer.Engine.Locks;

/// <summary>What the rules say of one lock.</summary>
internal enum GrantVerdict : byte
{
    /// <summary>It may be granted now.</summary>
    Grant,

    /// <summary>It has to wait.</summary>
    Wait,

    /// <summary>It is a conversion that waits for somebody who waits for it.</summary>
    Deadlock,
}

/// <summary>
/// The grant decision, in the order of fs/dlm (<c>docs/semantics.md</c>, "The grant decision"). Pure over the queues of one resource, but
/// for what a verdict itself changes: the alternate mode taken, and the demotion of CONVDEADLK.
/// </summary>
internal static class GrantRules
{
    /// <summary>Decides on a lock.</summary>
    /// <param name="queues">The queues of its resource.</param>
    /// <param name="asker">The lock, with its requested mode.</param>
    /// <param name="isNew">True when the request is first seen, false when queues are looked through again.</param>
    /// <param name="mode">The mode to grant: the one asked for, or its alternative.</param>
    internal static GrantVerdict Decide(LockQueues queues, Lock asker, bool isNew, out LockMode mode)
    {
        mode = asker.Requested!.Value;
        if (MayHave(queues, asker, mode, isNew))
            return GrantVerdict.Grant;

        // A deadlock takes precedence over alternate modes.
        if (FindDeadlock(queues, asker) is { } verdict)
            return verdict;

        if (AlternateTo(asker, mode) is { } alternate && MayHave(queues, asker, alternate, isNew))
        {
            asker.StatusFlags |= StatusFlags.AlternateMode;
            mode = alternate;
            return GrantVerdict.Grant;
        }

        return GrantVerdict.Wait;
    }

    /// <summary>
    /// What is to become of a conversion that waits for somebody who waits for it; null if it does not. One that allows for it (CONVDEADLK) is
    /// demoted and waits on, and is looked at again.
    /// </summary>
    internal static GrantVerdict? FindDeadlock(LockQueues queues, Lock asker)
    {
        if (!asker.IsConversion || asker.Has(RawFlags.NoQueue) || !IsConversionDeadlock(queues, asker))
            return null;
        if (!asker.Has(RawFlags.ConvDeadlk))
            return GrantVerdict.Deadlock;
        queues.Demote(asker);
        return GrantVerdict.Wait;
    }

    /// <summary>Whether the lock may have this mode now: the rules alone, without deadlock and alternatives.</summary>
    internal static bool MayHave(LockQueues queues, Lock asker, LockMode wanted, bool isNew)
    {
        if (asker.Has(RawFlags.Expedite))
            return true;
        if (queues.AnotherExcludes(wanted, asker))
            return false;

        // Compatible with all that is held; what is left is order. Conversions come before new requests, and a
        // conversion just made overtakes those that wait, unless it asked not to (QUECVT).
        if (isNew && asker.IsConversion)
            return !asker.Has(RawFlags.QueCvt) || queues.Converting.IsEmpty;
        if (asker.Has(RawFlags.NoOrder))
            return true;
        if (asker.IsConversion)
            return queues.Converting.First == asker;
        if (!queues.Converting.IsEmpty)
            return false;
        return isNew ? queues.Waiting.IsEmpty : queues.Waiting.First == asker;
    }

    /// <summary>The mode that a lock takes instead of the one it wants, if it allows for one.</summary>
    internal static LockMode? AlternateTo(Lock asker, LockMode wanted)
    {
        if (asker.Has(RawFlags.AltPr) && wanted != LockMode.ProtectedRead)
            return LockMode.ProtectedRead;
        if (asker.Has(RawFlags.AltCw) && wanted != LockMode.ConcurrentWrite)
            return LockMode.ConcurrentWrite;
        return null;
    }

    /// <summary>
    /// Two converting locks that hold what the other wants wait for each other for ever. Of those ahead of it (all, if it is not queued
    /// yet) one that it blocks is enough: it cannot overtake it. With those behind it both must block each other.
    /// </summary>
    private static bool IsConversionDeadlock(LockQueues queues, Lock asker)
    {
        var held = asker.Granted!.Value;
        var wanted = asker.Requested!.Value;
        var behind = false;
        for (var other = queues.Converting.First; other is not null; other = other.Next)
        {
            if (other == asker)
            {
                behind = true;
                continue;
            }

            if (LockModes.IsCompatible(held, other.Requested!.Value))
                continue;
            if (!behind || !LockModes.IsCompatible(other.Granted!.Value, wanted))
                return true;
        }

        return false;
    }
}
