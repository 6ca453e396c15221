using System.Text;
using Tyer.Engine.Directory;
using Tyer.Engine.Locks;
using Tyer.Engine.Messages;
using Tyer.Engine.Tests.Harness;

namespace Tyer.Engine.Tests.Properties;

/// <summary>The resources of a program, and what the engines' nodes are to them: all that is taken from the engines.</summary>
internal sealed class Places(EngineCluster cluster)
{
    internal const uint Space = 1;

    private static readonly string[] All = ["r1", "r2", "r3"];
    private static readonly ulong[] Hashes = [.. All.Select(name => Placement.HashOf(Space, new ResourceName(name).Hash))];
    private static readonly byte[][] Bytes = [.. All.Select(Encoding.UTF8.GetBytes)];

    internal static IReadOnlyList<string> Names => All;

    internal Resource? Find(uint node, string name)
    {
        var index = Array.IndexOf(All, name);
        return cluster[node].Core.Resources.Find(Space, Hashes[index], Bytes[index]);
    }

    internal bool IsMaster(uint node, string name) => Find(node, name) is { Role: ResourceRole.Active };

    internal Place At(uint node, string name)
    {
        if (Find(node, name) is not { } found)
            return new Place(false, [], []);
        var parked = found.Parked is { Count: > 0 } messages ? messages.ConvertAll(message => LockIn(message.Bytes)) : [];
        return new Place(found.Role == ResourceRole.Active, [.. ClusterAudit.LocksOn(found.Owned).Select(each => each.Id)], parked);
    }

    private static LockId LockIn(byte[] bytes) => MessageCodec.TryRead(bytes, out var message) ? message.Lock : default;
}

/// <summary>What one node is to a resource: its locks that are mastered elsewhere, and those whose requests are parked, in order.</summary>
internal readonly record struct Place(bool IsMaster, IReadOnlyList<LockId> Owned, IReadOnlyList<LockId> Parked);
