namespace Tyer.Cli;

/// <summary>What <c>tyer</c> ends with. Stable: scripts depend on it.</summary>
internal static class ExitCodes
{
    /// <summary>Done.</summary>
    public const int Ok = 0;

    /// <summary>Something failed that has no code of its own.</summary>
    public const int Error = 1;

    /// <summary>The command line is wrong.</summary>
    public const int Usage = 2;

    /// <summary>Somebody else has the lock and the wait is over.</summary>
    public const int Busy = 3;

    /// <summary>The lock was lost while it was held.</summary>
    public const int Lost = 4;

    /// <summary>No daemon answers, or it has no quorum.</summary>
    public const int Unavailable = 5;

    /// <summary>There is no such resource, lock or session.</summary>
    public const int NotFound = 6;

    /// <summary>The daemon refuses.</summary>
    public const int Refused = 7;

    /// <summary>The request was given up to break a deadlock.</summary>
    public const int Deadlock = 8;

    /// <summary>Nobody can tell whether it happened.</summary>
    public const int Unknown = 9;
}
