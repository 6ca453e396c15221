using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text;
using Tyer.Cluster.Corosync.Interop;

namespace Tyer.Cluster.Corosync.Sessions;

/// <summary>Reads what a daemon is configured with.</summary>
internal static unsafe class DaemonConfiguration
{
    private const string NodePrefix = "nodelist.node.";
    private const string NodeIdSuffix = ".nodeid";

    /// <exception cref="CorosyncException">It does not answer.</exception>
    public static DaemonFacts Read(uint self)
    {
        CorosyncException.Check("cmap_initialize", Cmap.Initialize(out ulong handle));
        try
        {
            TimeSpan? token = Milliseconds(handle, "runtime.config.totem.token");
            TimeSpan? consensus = Milliseconds(handle, "runtime.config.totem.consensus");
            return new DaemonFacts(Text(handle, "totem.cluster_name"), self, Nodes(handle), token + consensus);
        }
        finally
        {
            Cmap.Finish(handle);
        }
    }

    private static ImmutableArray<uint> Nodes(ulong handle)
    {
        var nodes = ImmutableArray.CreateBuilder<uint>();
        CorosyncException.Check("cmap_iter_init", Cmap.BeginKeys(handle, NodePrefix, out ulong iterator));
        byte* buffer = stackalloc byte[Cmap.KeyLengthMax];
        while (Cmap.NextKey(handle, iterator, buffer, out _, out _) == CsError.Ok)
        {
            string key = Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(buffer));
            if (key.EndsWith(NodeIdSuffix, StringComparison.Ordinal) && Cmap.GetUInt32(handle, key, out uint node) == CsError.Ok) nodes.Add(node);
        }

        Cmap.EndKeys(handle, iterator);
        nodes.Sort();
        return nodes.ToImmutable();
    }

    private static TimeSpan? Milliseconds(ulong handle, string key) =>
        Cmap.GetUInt32(handle, key, out uint value) == CsError.Ok ? TimeSpan.FromMilliseconds(value) : null;

    private static string? Text(ulong handle, string key)
    {
        if (Cmap.GetString(handle, key, out byte* value) != CsError.Ok) return null;
        string text = Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(value));
        Libc.Free(value);
        return text;
    }
}
