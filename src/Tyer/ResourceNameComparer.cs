using Tyer.Hashing;

namespace Tyer;

/// <summary>
/// Compares names in tables, and finds one by its bytes without making a name of them first
/// (<see cref="Dictionary{TKey, TValue}.GetAlternateLookup{TAlternateKey}"/>): what arrives in a frame is bytes.
/// </summary>
public sealed class ResourceNameComparer : IEqualityComparer<ResourceName>, IAlternateEqualityComparer<ReadOnlySpan<byte>, ResourceName>
{
    private ResourceNameComparer()
    {
    }

    /// <summary>The comparer; it has no state.</summary>
    public static ResourceNameComparer Instance { get; } = new();

    /// <inheritdoc/>
    public bool Equals(ResourceName x, ResourceName y) => x.Equals(y);

    /// <inheritdoc/>
    public int GetHashCode(ResourceName obj) => obj.GetHashCode();

    /// <inheritdoc/>
    public bool Equals(ReadOnlySpan<byte> alternate, ResourceName other) => other.Equals(alternate);

    /// <inheritdoc/>
    public int GetHashCode(ReadOnlySpan<byte> alternate) => ResourceName.TableHash(XxHash64.Hash(alternate));

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The bytes are no resource name.</exception>
    public ResourceName Create(ReadOnlySpan<byte> alternate) => new(alternate);
}
