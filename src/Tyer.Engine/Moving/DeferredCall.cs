using Tyer.Engine.Locks;

namespace Tyer.Engine.Moving;

/// <summary>What a session has called for on a lock whose master moves; it is carried out as soon as it is known who is master.</summary>
internal readonly record struct DeferredCall
{
    internal required DeferredKind Kind { get; init; }

    internal required LockId Lock { get; init; }

    /// <summary>Of a conversion.</summary>
    internal LockMode Mode { get; init; }

    internal RawFlags Flags { get; init; }

    /// <summary>The value to write; null: none is given.</summary>
    internal byte[]? Value { get; init; }

    /// <summary>Why what the lock waits for is undone.</summary>
    internal RequestStatus Status { get; init; }
}

/// <summary>Which call it was.</summary>
internal enum DeferredKind : byte
{
    Convert,
    End,
    Undo,
    Orphan,
}
