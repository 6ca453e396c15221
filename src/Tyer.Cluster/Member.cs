using System.Collections.Immutable;

namespace Tyer.Cluster;

/// <summary>A node as a view lists it. Two are equal when all they say is equal, addresses in the same order included.</summary>
public sealed record Member
{
    /// <summary>Describes a member.</summary>
    /// <param name="id">The node.</param>
    /// <param name="incarnation">Its present life; not the default.</param>
    /// <param name="name">Its name: 1 to 64 of <c>A-Za-z0-9._-</c>.</param>
    /// <param name="addresses">Where its peers reach it, best first, such as <c>tcp://127.0.0.1:7600</c>: printable ASCII, at most
    /// <see cref="ClusterLimits.AddressesMax"/>; may be empty where nobody needs to.</param>
    /// <param name="weight">How many tickets it has when resources are placed, 0 to <see cref="ClusterLimits.WeightMax"/>. With 0
    /// it masters nothing.</param>
    /// <exception cref="ArgumentException">The message names what is wrong.</exception>
    public Member(
        NodeId id,
        Incarnation incarnation,
        string name,
        IEnumerable<string>? addresses = null,
        int weight = ClusterLimits.WeightDefault)
    {
        ArgumentOutOfRangeException.ThrowIfEqual(id, default);
        ArgumentOutOfRangeException.ThrowIfEqual(incarnation, default);
        SystemName.ThrowIfInvalid(name, "node name");
        ArgumentOutOfRangeException.ThrowIfNegative(weight);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(weight, ClusterLimits.WeightMax);

        Addresses = addresses is null ? [] : [.. addresses];
        if (Addresses.Length > ClusterLimits.AddressesMax)
        {
            throw new ArgumentException(
                $"Node {name} has {Addresses.Length} addresses; the limit is {ClusterLimits.AddressesMax}.", nameof(addresses));
        }

        foreach (string address in Addresses)
        {
            if (!IsAddress(address))
            {
                throw new ArgumentException(
                    $"Node {name} has an address that is not 1 to {ClusterLimits.AddressLengthMax} printable ASCII characters.",
                    nameof(addresses));
            }
        }

        Id = id;
        Incarnation = incarnation;
        Name = name;
        Weight = weight;
    }

    /// <summary>The node.</summary>
    public NodeId Id { get; }

    /// <summary>Its present life.</summary>
    public Incarnation Incarnation { get; }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>Where its peers reach it, best first.</summary>
    public ImmutableArray<string> Addresses { get; }

    /// <summary>Its number of tickets when resources are placed, 0 to 16.</summary>
    public int Weight { get; }

    /// <summary>Which versions of the lock protocol it offers. Default: what this build speaks.</summary>
    public ProtocolRange Protocol { get; init; } = ProtocolRange.Offered;

    /// <summary>The node in this life.</summary>
    public NodeIncarnation NodeIncarnation => new(Id, Incarnation);

    /// <inheritdoc/>
    public bool Equals(Member? other) =>
        other is not null && Id == other.Id && Incarnation == other.Incarnation && Name == other.Name && Weight == other.Weight
        && Protocol == other.Protocol && Addresses.AsSpan().SequenceEqual(other.Addresses.AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Id, Incarnation);

    /// <summary>Name, id and incarnation.</summary>
    public override string ToString() => $"{Name} ({NodeIncarnation})";

    private static bool IsAddress(string address) =>
        address is { Length: > 0 and <= ClusterLimits.AddressLengthMax } && !address.AsSpan().ContainsAnyExceptInRange('!', '~');
}
