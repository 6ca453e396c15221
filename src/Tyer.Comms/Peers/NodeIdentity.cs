using System.Globalization;

namespace Tyer.Comms.Peers;

/// <summary>Who a node is, for one life of its process.</summary>
/// <param name="Cluster">The cluster's name; nodes of different clusters refuse each other.</param>
/// <param name="NodeId">The node, 1 to 1023, unique in the cluster.</param>
/// <param name="Name">The node's name, for people.</param>
/// <param name="Incarnation">
/// The life of the process: not 0, and greater at each start. What a node sends to one incarnation is never delivered to another.
/// </param>
public sealed record NodeIdentity(string Cluster, uint NodeId, string Name, ulong Incarnation)
{
    private const uint NodeIdMax = 1023;
    private const int NameLengthMax = 64;

    /// <summary>Returns when every part is in its range.</summary>
    /// <exception cref="ArgumentException">The message says which is not.</exception>
    internal void ThrowIfInvalid()
    {
        if (NodeId is 0 or > NodeIdMax) throw Fault(nameof(NodeId), NodeId, $"1 to {NodeIdMax}");
        if (Incarnation == 0) throw Fault(nameof(Incarnation), Incarnation, "1 and up");
        if (!IsName(Cluster)) throw Fault(nameof(Cluster), Cluster, $"1 to {NameLengthMax} printable ASCII characters");
        if (!IsName(Name)) throw Fault(nameof(Name), Name, $"1 to {NameLengthMax} printable ASCII characters");
    }

    /// <summary>Whether a text can be the name of a node or of a cluster.</summary>
    internal static bool IsName(string? name) => name is { Length: > 0 and <= NameLengthMax } && name.All(c => c is > ' ' and <= '~');

    private static ArgumentException Fault(string what, object? value, string range) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{what} is '{value}'; it takes {range}."), what);
}
