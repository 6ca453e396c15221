using System.Text.Json.Serialization;
using Tyer.Cluster.Glue;

namespace Tyer.Cluster.Etcd.Registry;

/// <summary>What a node writes under its id, with a lease: that it is there, and what the others have to know of it.</summary>
internal sealed record MemberRecord(
    ulong Incarnation, string Name, string[] Addresses, int Weight, ulong Digest, ulong HighestView = 0, ulong EarlierIncarnation = 0,
    int ProtocolMinimum = 1, int ProtocolMaximum = 1)
{
    public static MemberRecord Of(Joiner joiner) => new(
        joiner.Self.Incarnation.Value, joiner.Self.Name, [.. joiner.Self.Addresses], joiner.Self.Weight, joiner.Digest, joiner.HighestView,
        joiner.EarlierLife?.Incarnation.Value ?? 0, joiner.Self.Protocol.Minimum, joiner.Self.Protocol.Maximum);

    public Member MemberOf(NodeId node) =>
        new(node, new Incarnation(Incarnation), Name, Addresses, Weight) { Protocol = new ProtocolRange(ProtocolMinimum, ProtocolMaximum) };
}

/// <summary>A member as the view lists it.</summary>
internal sealed record ViewMemberRecord(
    uint Node, ulong Incarnation, string Name, string[] Addresses, int Weight, int ProtocolMinimum = 1, int ProtocolMaximum = 1)
{
    public static ViewMemberRecord Of(Member member) =>
        new(member.Id.Value, member.Incarnation.Value, member.Name, [.. member.Addresses], member.Weight, member.Protocol.Minimum, member.Protocol.Maximum);

    public Member ToMember() =>
        new(new NodeId(Node), new Incarnation(Incarnation), Name, Addresses, Weight) { Protocol = new ProtocolRange(ProtocolMinimum, ProtocolMaximum) };
}

/// <summary>One life of a node.</summary>
internal sealed record LifeRecord(uint Node, ulong Incarnation)
{
    public static LifeRecord Of(NodeIncarnation life) => new(life.Node.Value, life.Incarnation.Value);

    public NodeIncarnation ToLife() => new(new NodeId(Node), new Incarnation(Incarnation));
}

/// <summary>The view, as its key has it; no lease is on that.</summary>
internal sealed record ViewRecord(ulong Id, string Why, ViewMemberRecord[] Members, LifeRecord[] Unproven)
{
    public ClusterView ToView() => new(Id, Members.Select(member => member.ToMember()), Unproven.Select(life => life.ToLife()));
}

/// <summary>That a life acts no more.</summary>
internal sealed record ProofRecord(FenceProof Proof, string By);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true)]
[JsonSerializable(typeof(MemberRecord))]
[JsonSerializable(typeof(ViewRecord))]
[JsonSerializable(typeof(ProofRecord))]
internal sealed partial class RegistryJson : JsonSerializerContext;
