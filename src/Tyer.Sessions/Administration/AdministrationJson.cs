using System.Text.Json.Serialization;

namespace Tyer.Sessions.Administration;

/// <summary>
/// What operators ask and are told, as JSON: on the way between client and node, and for <c>-o json</c>. Names in camel case; ids, tokens, modes
/// and resource names as they are printed everywhere; spans of time as seconds.
/// </summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true,
    RespectNullableAnnotations = true,
    Converters =
    [
        typeof(ResourceNameConverter), typeof(LockIdConverter), typeof(FencingTokenConverter), typeof(LockModeConverter), typeof(SecondsConverter),
    ])]
[JsonSerializable(typeof(ClusterStatus))]
[JsonSerializable(typeof(IReadOnlyList<NodeInfo>))]
[JsonSerializable(typeof(SessionInfo))]
[JsonSerializable(typeof(IReadOnlyList<SessionInfo>))]
[JsonSerializable(typeof(RevokeResult))]
[JsonSerializable(typeof(OrphanPurgeOrder))]
[JsonSerializable(typeof(OrphanPurgeResult))]
[JsonSerializable(typeof(IReadOnlyList<LockId>))]
[JsonSerializable(typeof(ResourceQuery))]
[JsonSerializable(typeof(RevokeOrder))]
[JsonSerializable(typeof(ResourceQuestion))]
[JsonSerializable(typeof(LockspaceResource))]
[JsonSerializable(typeof(IReadOnlyList<LockspaceResource>))]
[JsonSerializable(typeof(IReadOnlyList<LockEntry>))]
[JsonSerializable(typeof(ViewOrder))]
[JsonSerializable(typeof(FenceOrder))]
[JsonSerializable(typeof(RenewalOrder))]
[JsonSerializable(typeof(MembershipResult))]
[JsonSerializable(typeof(IReadOnlyList<RecoveryInfo>))]
[JsonSerializable(typeof(IReadOnlyList<PeerInfo>))]
[JsonSerializable(typeof(PeerOrder))]
[JsonSerializable(typeof(PeerOptions))]
[JsonSerializable(typeof(ProbeOrder))]
[JsonSerializable(typeof(IReadOnlyList<ProbeInfo>))]
[JsonSerializable(typeof(EventsOrder))]
[JsonSerializable(typeof(FenceTestOrder))]
[JsonSerializable(typeof(FenceTestResult))]
[JsonSerializable(typeof(ClusterEvent))]
public sealed partial class AdministrationJson : JsonSerializerContext;
