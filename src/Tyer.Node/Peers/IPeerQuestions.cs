using Tyer.Cluster;

namespace Tyer.Node.Peers;

/// <summary>What a node asks of the others beside locking: status, sessions, resources, revocations, purges.</summary>
internal enum QuestionTopic : byte
{
    Status = 1,
    Sessions = 2,
    Resources = 3,
    Revoke = 4,
    Purge = 5,
    PurgeOrphans = 6,
    LockspaceName = 7,
}

/// <summary>One member's answer, or that it gave none in time.</summary>
/// <param name="Member">The member.</param>
/// <param name="Json">What it answered; null: nothing.</param>
internal readonly record struct PeerAnswer(Member Member, byte[]? Json);

/// <summary>Asks other members, each for what it alone knows.</summary>
internal interface IPeerQuestions
{
    /// <summary>Asks one member; null if it did not answer in time.</summary>
    ValueTask<byte[]?> AskAsync(uint node, QuestionTopic topic, ReadOnlyMemory<byte> json, CancellationToken cancellationToken);

    /// <summary>Whether messages to a member are expected to arrive.</summary>
    bool IsReachable(uint node);
}
