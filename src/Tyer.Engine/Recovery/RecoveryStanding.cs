namespace Tyer.Engine.Recovery;

/// <summary>How far recovery is in the installed view, as one shard knows it: for those who ask why something stands still.</summary>
/// <param name="View">The view's id; 0 before the first.</param>
/// <param name="HasQuorum">Whether the view has quorum.</param>
/// <param name="IsSuspended">Whether this node does not know if the view still holds.</param>
/// <param name="IsSettled">Whether nothing is in doubt any more.</param>
/// <param name="Unrecorded">Members who have not said that what they master is recorded: first use of names whose directory moved waits for them.</param>
/// <param name="Unhoused">Members who have not said that their locks are with living masters: what is rebuilt waits for them.</param>
/// <param name="Unproven">Departed incarnations without a proof: what they hold stays held, and what is rebuilt waits for them.</param>
/// <param name="Rebuilding">How many resources are rebuilt here and wait for all of these.</param>
public sealed record RecoveryStanding(
    ulong View,
    bool HasQuorum,
    bool IsSuspended,
    bool IsSettled,
    IReadOnlyList<MemberId> Unrecorded,
    IReadOnlyList<MemberId> Unhoused,
    IReadOnlyList<MemberId> Unproven,
    int Rebuilding);
