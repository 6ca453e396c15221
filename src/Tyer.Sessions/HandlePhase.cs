namespace Tyer.Sessions;

/// <summary>Where a handle is in its life. It only goes forward, but for conversions.</summary>
internal enum HandlePhase : byte
{
    /// <summary>Asked for; nobody has the handle yet.</summary>
    Requested,

    /// <summary>Granted.</summary>
    Held,

    /// <summary>Granted, and a conversion is under way.</summary>
    Converting,

    /// <summary>The unlock is under way.</summary>
    Releasing,

    /// <summary>Released, or never granted.</summary>
    Gone,

    /// <summary>Lost with its session, or revoked.</summary>
    Lost,
}

/// <summary>What a lock was asked for with, as far as its handle needs it.</summary>
[Flags]
internal enum HandleTraits : byte
{
    None = 0,

    /// <summary>It takes part in value transfer.</summary>
    TakesValue = 1,

    /// <summary>It stays as an orphan when its owner dies.</summary>
    Persistent = 2,

    /// <summary>Who asked for it has gone: a grant is to be given back.</summary>
    Abandoned = 4,
}
