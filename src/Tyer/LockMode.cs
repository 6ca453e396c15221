namespace Tyer;

/// <summary>
/// The six lock modes. Their numbers say nothing about strength: <see cref="ConcurrentWrite"/> and
/// <see cref="ProtectedRead"/> exclude each other and neither covers the other.
/// </summary>
public enum LockMode : byte
{
    /// <summary>NL: no access, compatible with every mode; keeps the resource and its value alive.</summary>
    Null = 0,

    /// <summary>CR: reads while others may write.</summary>
    ConcurrentRead = 1,

    /// <summary>CW: writes while others may write.</summary>
    ConcurrentWrite = 2,

    /// <summary>PR: reads, and nobody may write: the classic shared lock.</summary>
    ProtectedRead = 3,

    /// <summary>PW: writes, and nobody else may; others may read concurrently (CR).</summary>
    ProtectedWrite = 4,

    /// <summary>EX: alone, but for holders of NL.</summary>
    Exclusive = 5,
}
