using System.Text.Json.Serialization;
using Tyer.Node.Lockspaces;
using Tyer.Sessions.Administration;

namespace Tyer.Node.Administration;

/// <summary>What members tell each other beyond what operators are told.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true)]
[JsonSerializable(typeof(NodeStatus))]
[JsonSerializable(typeof(PurgeOrder))]
[JsonSerializable(typeof(int))]
[JsonSerializable(typeof(uint))]
[JsonSerializable(typeof(string))]
internal sealed partial class NodeJson : JsonSerializerContext;
