using System.Text.Json.Serialization;

namespace Tyer.Sessions.Administration;

/// <summary>
/// A membership view, as the control daemon of the stack <c>external</c> tells it to each of its members:
/// <code>
/// { "id": 8, "members": [ { "name": "n1", "id": 1, "incarnation": 1763 }, { "name": "n2", "id": 2, "incarnation": 1764 } ], "unproven": [ "3.1765" ] }
/// </code>
/// </summary>
/// <param name="Id">Greater than that of every view before, for ever: also after all nodes were stopped.</param>
/// <param name="Members">The members, each once.</param>
/// <param name="Unproven">Incarnations that departed, now or earlier, and of which it is not proven that they act no more: <c>3.1765</c>.</param>
/// <param name="HasQuorum">Whether the members may grant.</param>
/// <param name="SafeFor">
/// For how long the node may act on it, 1 s to 10 min, counted from when the daemon last knew it to be a member; past that, less the error of
/// the clocks and a margin, it loses all its locks and is out. Null: for ever; not once an earlier view was limited.
/// </param>
/// <param name="Running">
/// Which version of the lock protocol the members speak with each other: one that each of them offers (its status says which), the same for all who are told the view, and
/// not below that of the view before.
/// </param>
public sealed record ViewOrder(
    [property: JsonRequired] ulong Id,
    [property: JsonRequired] IReadOnlyList<ViewMember> Members,
    IReadOnlyList<string>? Unproven = null,
    bool HasQuorum = true,
    TimeSpan? SafeFor = null,
    int Running = 1);

/// <summary>A member of a view that is told.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Id">Its id, 1 to 1023.</param>
/// <param name="Incarnation">Its present life, as its own status says it.</param>
/// <param name="Addresses">Where its peers reach it, for those who look; nodes connect to what they are configured with.</param>
/// <param name="Weight">How many tickets it has when resources are placed, 0 to 16.</param>
public sealed record ViewMember(
    [property: JsonRequired] string Name,
    [property: JsonRequired] uint Id,
    [property: JsonRequired] ulong Incarnation,
    IReadOnlyList<string>? Addresses = null,
    int Weight = 1);

/// <summary>More time, on its way to the node: <see cref="ITyerAdministration.RenewViewAsync"/>.</summary>
/// <param name="View">The id of the view that the node is in.</param>
/// <param name="SafeFor">For how long it may act, as in <see cref="ViewOrder"/>.</param>
public sealed record RenewalOrder([property: JsonRequired] ulong View, [property: JsonRequired] TimeSpan SafeFor);

/// <summary>A proof, on its way to the node: <see cref="ITyerAdministration.FenceAsync"/>.</summary>
/// <param name="Who">The incarnation that acts no more: <c>3.1765</c>, or <c>n3.1765</c>.</param>
public sealed record FenceOrder([property: JsonRequired] string Who);

/// <summary>How a node stands after a view or a proof.</summary>
public sealed record MembershipResult
{
    /// <summary>The node's name.</summary>
    public required string Node { get; init; }

    /// <summary>The view that it is in; null before the first.</summary>
    public ulong? View { get; init; }

    /// <summary>Whether nothing is in doubt: all members have rebuilt, and nobody is unproven.</summary>
    public required bool IsSettled { get; init; }

    /// <summary>Why the node is out of its cluster for good; null while it is not.</summary>
    public string? OutBecause { get; init; }

    /// <summary>For how long the node may act from now; null where nothing limits it.</summary>
    public TimeSpan? SafeFor { get; init; }

    /// <summary>Who still lacks a proof: <c>n3 (3.1765)</c>.</summary>
    public IReadOnlyList<string> Unproven { get; init; } = [];
}
