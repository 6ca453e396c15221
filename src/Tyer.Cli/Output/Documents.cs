using System.Text.Json.Serialization;
using Tyer.Cli.Bench;
using Tyer.Sessions.Administration;

namespace Tyer.Cli.Output;

/// <summary>What <c>ls</c> and <c>who</c> answer.</summary>
/// <param name="Resources">By lockspace and name.</param>
/// <param name="Incomplete">Who did not answer, in words; null: everybody did.</param>
internal sealed record ListDocument(IReadOnlyList<ResourceDocument> Resources, string? Incomplete);

/// <summary>A resource as its master saw it.</summary>
internal sealed record ResourceDocument(
    string Lockspace,
    ResourceName Resource,
    string Master,
    string Directory,
    LockValueState ValueState,
    ulong ValueVersion,
    bool IsContended,
    string? HeldUpBy,
    IReadOnlyList<LockEntry> Granted,
    IReadOnlyList<LockEntry> Converting,
    IReadOnlyList<LockEntry> Waiting)
{
    public static ResourceDocument Of(LockspaceResource found)
    {
        ResourceSnapshot snapshot = found.Snapshot;
        return new ResourceDocument(
            found.Lockspace, snapshot.Resource, snapshot.Master, snapshot.Directory, snapshot.ValueState, snapshot.ValueVersion,
            snapshot.IsContended, snapshot.HeldUpBy, snapshot.Granted, snapshot.Converting, snapshot.Waiting);
    }
}

/// <summary>What <c>orphans ls</c> answers.</summary>
/// <param name="Orphans">By lockspace and name.</param>
/// <param name="Incomplete">Who did not answer, in words; null: everybody did.</param>
internal sealed record OrphansDocument(IReadOnlyList<OrphanDocument> Orphans, string? Incomplete);

/// <summary>A lock that a dead process left behind.</summary>
/// <param name="Lockspace">The lockspace.</param>
/// <param name="Master">The node that keeps the resource's queues.</param>
/// <param name="Orphan">The lock; its owner is who left it.</param>
/// <param name="Waiting">Those in whose way it is.</param>
internal sealed record OrphanDocument(string Lockspace, string Master, LockEntry Orphan, IReadOnlyList<LockEntry> Waiting);

/// <summary>What <c>orphans purge</c> did.</summary>
/// <param name="Purged">The orphans that ended.</param>
/// <param name="Left">Those that did not: adopted or ended meanwhile, or held up by a recovery, or mastered by one of the silent.</param>
/// <param name="Silent">The members that did not answer.</param>
internal sealed record PurgedDocument(IReadOnlyList<LockId> Purged, IReadOnlyList<LockId> Left, IReadOnlyList<string> Silent);

/// <summary>What <c>sessions</c> answers.</summary>
internal sealed record SessionsDocument(IReadOnlyList<SessionInfo> Sessions, string? Incomplete);

/// <summary>What <c>nodes</c> answers.</summary>
internal sealed record NodesDocument(IReadOnlyList<NodeInfo> Nodes);

/// <summary>What <c>peers</c> and <c>paths</c> answer.</summary>
internal sealed record PeersDocument(IReadOnlyList<PeerInfo> Peers);

internal sealed record ProbesDocument(IReadOnlyList<ProbeInfo> Paths);

/// <summary>What <c>recovery</c> answers, the newest first.</summary>
internal sealed record RecoveriesDocument(IReadOnlyList<RecoveryInfo> Recoveries);

/// <summary>What <c>hold</c> prints when it has the lock.</summary>
internal sealed record HeldDocument(string Lockspace, ResourceName Resource, LockMode Mode, LockId Id, FencingToken Token, long TokenInt);

/// <summary>What <c>why</c> answers.</summary>
/// <param name="Lockspace">The lockspace.</param>
/// <param name="Resource">The resource.</param>
/// <param name="HeldUpBy">What the whole resource waits for; null: nothing.</param>
/// <param name="Holders">Who holds it.</param>
/// <param name="Waits">Who waits, and for whom.</param>
/// <param name="Chain">From what is waited for here to the root: each lock is held by somebody who waits for the next.</param>
/// <param name="RootBlocker">The lock at the end of the chain; null: nobody waits.</param>
/// <param name="IsCircle">Whether the chain comes back to itself: a deadlock.</param>
/// <param name="Advice">What to do, in sentences.</param>
internal sealed record WhyDocument(
    string Lockspace,
    ResourceName Resource,
    string? HeldUpBy,
    IReadOnlyList<LockEntry> Holders,
    IReadOnlyList<WaitDocument> Waits,
    IReadOnlyList<LockEntry> Chain,
    LockEntry? RootBlocker,
    bool IsCircle,
    IReadOnlyList<string> Advice);

/// <summary>One who waits.</summary>
/// <param name="Position">The place in the queue, from 1.</param>
/// <param name="Lock">The request.</param>
/// <param name="WaitsFor">The locks in its way: held in a mode that excludes it, or before it in the queue.</param>
internal sealed record WaitDocument(int Position, LockEntry Lock, IReadOnlyList<LockId> WaitsFor);

/// <summary>What <c>why</c> answers: one for each lockspace in which the name is in use.</summary>
internal sealed record WhyAnswer(IReadOnlyList<WhyDocument> Resources);

/// <summary>What <c>state adopt</c> did.</summary>
internal sealed record AdoptedDocument(string Directory, string Node, string Cluster, ulong ViewBefore, ulong ViewAfter, bool WasCopy);

/// <summary>Which keys a key file holds, by id.</summary>
internal sealed record KeyFileDocument(string File, string Active, IReadOnlyList<string> Accepted);

/// <summary>Which certificate files were made.</summary>
internal sealed record CertificatesDocument(IReadOnlyList<string> Made);

/// <summary>How a command failed, on the error stream.</summary>
internal sealed record FailureDocument(FailureDetails Error);

/// <summary>The details of a failure; what does not apply is left out.</summary>
internal sealed record FailureDetails
{
    public required int ExitCode { get; init; }

    /// <summary>The stable code, such as <c>TYER-BUSY</c>; null for what only the command line knows.</summary>
    public string? Code { get; init; }

    public required string Message { get; init; }

    public string? Reason { get; init; }

    public IReadOnlyList<LockEntry>? Holders { get; init; }

    public int? QueuePosition { get; init; }

    public LockEntry? RootBlocker { get; init; }

    public TimeSpan? Waited { get; init; }

    public IReadOnlyList<LockEntry>? Cycle { get; init; }
}

/// <summary>Serializers for the documents above, without reflection: a command starts fast.</summary>
[JsonSourceGenerationOptions(UseStringEnumConverter = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ListDocument))]
[JsonSerializable(typeof(OrphansDocument))]
[JsonSerializable(typeof(PurgedDocument))]
[JsonSerializable(typeof(SessionsDocument))]
[JsonSerializable(typeof(NodesDocument))]
[JsonSerializable(typeof(PeersDocument))]
[JsonSerializable(typeof(ProbesDocument))]
[JsonSerializable(typeof(PeerOptions))]
[JsonSerializable(typeof(RecoveriesDocument))]
[JsonSerializable(typeof(HeldDocument))]
[JsonSerializable(typeof(WhyAnswer))]
[JsonSerializable(typeof(AdoptedDocument))]
[JsonSerializable(typeof(KeyFileDocument))]
[JsonSerializable(typeof(CertificatesDocument))]
[JsonSerializable(typeof(BenchReport))]
[JsonSerializable(typeof(SimLife))]
[JsonSerializable(typeof(SimReport))]
[JsonSerializable(typeof(SimCosts))]
[JsonSerializable(typeof(Tyer.Cli.Bench.Recovery.RecoveryBenchReport))]
[JsonSerializable(typeof(FailureDocument))]
internal sealed partial class DocumentJson : JsonSerializerContext;
