using Tyer.Hashing;

namespace Tyer;

/// <summary>How far a resource's value can be believed (rule S4).</summary>
public enum LockValueState
{
    /// <summary>
    /// Nobody wrote one since the resource came into use: a value lives only while somebody holds or waits for a lock on it. First, so
    /// that a <see cref="LockValue"/> which nobody filled in does not claim to be good.
    /// </summary>
    NeverWritten = 0,

    /// <summary>The last value that a writer committed.</summary>
    Valid = 1,

    /// <summary>
    /// A writer may have written and died, or said so itself; the bytes are the last ones known. The next commit makes it valid.
    /// </summary>
    Invalid = 2,
}

/// <summary>The value block of a resource, as a holder reads it: a few bytes that travel with the lock.</summary>
/// <param name="Bytes">The bytes: as many as the lockspace's value size, or none.</param>
/// <param name="State">Whether they can be believed.</param>
/// <param name="Version">Grows with each commit; 0 when never written.</param>
public readonly record struct LockValue(ReadOnlyMemory<byte> Bytes, LockValueState State, ulong Version)
{
    /// <summary>Equal when state, version and the bytes themselves are, wherever the bytes are kept.</summary>
    public bool Equals(LockValue other) => State == other.State && Version == other.Version && Bytes.Span.SequenceEqual(other.Bytes.Span);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(State, Version, XxHash64.Hash(Bytes.Span));

    /// <summary>State, version and the bytes in hexadecimal.</summary>
    public override string ToString()
    {
        if (State == LockValueState.NeverWritten) return "never written";
        string state = State == LockValueState.Valid ? "valid" : "invalid";
        return $"{state} v{Version} {Convert.ToHexStringLower(Bytes.Span)}";
    }
}
