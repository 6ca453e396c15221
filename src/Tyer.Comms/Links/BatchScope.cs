using Tyer.Comms.Sending;

namespace Tyer.Comms.Links;

/// <summary>
/// Holds back what is sent on one link until disposed of, so that it leaves in one call. Meant to be short: others who send on the link
/// wait too, up to 64 KiB. The default scope holds nothing back.
/// </summary>
public readonly struct BatchScope : IDisposable, IEquatable<BatchScope>
{
    private readonly CombiningWriter? _writer;

    internal BatchScope(CombiningWriter? writer)
    {
        _writer = writer;
        writer?.EnterBatch();
    }

    /// <summary>Sends what was held back; once for each scope.</summary>
    public void Dispose() => _writer?.LeaveBatch();

    /// <inheritdoc/>
    public bool Equals(BatchScope other) => ReferenceEquals(_writer, other._writer);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is BatchScope other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => _writer?.GetHashCode() ?? 0;

    /// <summary>Whether both hold the same link back.</summary>
    public static bool operator ==(BatchScope left, BatchScope right) => left.Equals(right);

    /// <summary>Whether they hold different links back.</summary>
    public static bool operator !=(BatchScope left, BatchScope right) => !left.Equals(right);
}
