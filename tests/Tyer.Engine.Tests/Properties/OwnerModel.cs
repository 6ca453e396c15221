using Tyer.Engine.Locks;

namespace Tyer.Engine.Tests.Properties;

/// <summary>A session as the model knows it.</summary>
internal sealed class ModelSession(uint node, string name, int processId, Session session)
{
    internal uint Node { get; } = node;

    internal string Name { get; } = name;

    internal int ProcessId { get; } = processId;

    internal Session Session { get; } = session;

    internal bool IsClosed { get; private set; }

    /// <summary>Which of all sessions closed it was.</summary>
    internal int ClosedAs { get; private set; }

    internal void Close(int number)
    {
        IsClosed = true;
        ClosedAs = number;
    }

    /// <summary>Oldest first.</summary>
    internal List<OwnedLock> Locks { get; } = [];

    internal int Count => Locks.Count(each => !each.IsGone);

    /// <summary>Those that are not gone at the time of asking for the next one.</summary>
    internal IEnumerable<OwnedLock> NewestFirst => Locks.AsEnumerable().Reverse().Where(each => !each.IsGone);
}

/// <summary>One operation as its owner asked for it.</summary>
internal sealed record Operation(OperationKind Kind, LockMode Mode, RawFlags Flags, bool WantsNotices, string? Given);

/// <summary>A lock as its owner has it, and what its session has been told.</summary>
internal sealed class OwnedLock(LockId id, ModelSession session, string resource)
{
    internal LockId Id { get; } = id;

    internal ModelSession Session { get; } = session;

    internal string Resource { get; } = resource;

    /// <summary>Every operation accepted, by its number.</summary>
    internal List<Operation> Operations { get; } = [];

    internal uint Number => (uint)Operations.Count;

    internal LockMode? Mode { get; set; }

    internal FencingToken Token { get; set; }

    internal OperationKind Pending { get; set; }

    internal RawFlags Flags { get; set; }

    /// <summary>The master has said that the operation waits.</summary>
    internal bool IsConfirmed { get; set; }

    internal bool CancelAsked { get; set; }

    internal RequestStatus? Undoing { get; set; }

    internal bool IsEnding { get; set; }

    internal bool IsGone { get; set; }

    /// <summary>It ended where it was made, and a master that hears of it later is told to forget it.</summary>
    internal bool EndedUnsent { get; set; }

    internal bool IsOrphan { get; set; }

    internal long Deadline { get; set; }

    internal LockMode? LastNotice { get; set; }

    /// <summary>The mode last told with a completion, to drop notices of modes that it is compatible with.</summary>
    internal LockMode? ToldMode { get; set; }

    internal bool HasSession => !Session.IsClosed;

    /// <summary>
    /// The mode that counts against others: what the session has been told, less what a conversion under way may have taken by now. Where
    /// that may end in a mode that does not cover the old one, only what the two have in common is sure.
    /// </summary>
    internal LockMode? EffectiveMode
    {
        get
        {
            if (IsGone || IsEnding || Session.IsClosed || Mode is not { } mode)
                return null;
            if (Pending != OperationKind.Convert)
                return mode;
            var (_, wanted, flags, _, _) = Operations[^1];
            if (flags.HasFlag(RawFlags.ConvDeadlk))
                return LockMode.Null;
            var common = NaiveModes.InCommon(mode, wanted);
            if (flags.HasFlag(RawFlags.AltPr) && wanted != LockMode.ProtectedRead)
                return NaiveModes.InCommon(common, LockMode.ProtectedRead);
            if (flags.HasFlag(RawFlags.AltCw) && wanted != LockMode.ConcurrentWrite)
                return NaiveModes.InCommon(common, LockMode.ConcurrentWrite);
            return common;
        }
    }
}
