using System.Text.Json.Serialization;

namespace Tyer.Sessions.Administration;

/// <summary>Which lock is to be taken away, and why: <see cref="ITyerAdministration.RevokeAsync"/> on its way to the node.</summary>
/// <param name="Lock">The lock.</param>
/// <param name="Reason">Why, for the logs.</param>
public sealed record RevokeOrder([property: JsonRequired] LockId Lock, [property: JsonRequired] string Reason);

/// <summary>Which orphans are to end: <see cref="ITyerAdministration.PurgeOrphansAsync"/> on its way to the node.</summary>
/// <param name="Orphans">The locks.</param>
public sealed record OrphanPurgeOrder([property: JsonRequired] IReadOnlyList<LockId> Orphans);

/// <summary>What is to be told of what happens: <see cref="ITyerAdministration.EventsAsync"/> on its way to the node.</summary>
/// <param name="Follow">Whether what changes is told, too.</param>
public sealed record EventsOrder([property: JsonRequired] bool Follow);

/// <summary>Which resources are asked for: <see cref="ITyerAdministration.QueryAsync"/> on its way to the node.</summary>
/// <param name="Lockspace">The lockspace; null: all.</param>
/// <param name="Query">Which resources in it.</param>
public sealed record ResourceQuestion(string? Lockspace, [property: JsonRequired] ResourceQuery Query);
