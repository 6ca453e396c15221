namespace Tyer.Cluster;

/// <summary>What proves that a departed incarnation, and every client of it, acts no more.</summary>
public enum FenceProof
{
    /// <summary>It left on its own, with nothing held.</summary>
    CleanLeave,

    /// <summary>Its lease ran out on the others' clocks, the allowed clock error included.</summary>
    LeaseRanOut,

    /// <summary>A fence agent cut its power, or its own watchdog has.</summary>
    PowerOff,

    /// <summary>A fence agent took away its access to what the locks protect.</summary>
    StorageRevoked,

    /// <summary>An operator vouched for it.</summary>
    OperatorWord,

    /// <summary>Its machine came back, and the old incarnation's clients are known to be past their deadline.</summary>
    RejoinedClean,
}
