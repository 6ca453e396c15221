namespace Tyer.Engine.Locks;

/// <summary>What else befell a request: the flags of a status block (values as in fs/dlm).</summary>
[Flags]
public enum StatusFlags : byte
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>To resolve a conversion deadlock the held mode was lowered to NL meanwhile (CONVDEADLK).</summary>
    Demoted = 1,

    /// <summary>The resource's value is marked invalid: a writer died or said so.</summary>
    ValueNotValid = 2,

    /// <summary>Granted in the alternate mode (ALTPR, ALTCW).</summary>
    AlternateMode = 4,
}
