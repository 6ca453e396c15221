using System.Runtime.InteropServices;

namespace Tyer.Cluster.Corosync;

/// <summary>
/// A ring of corosync daemons, as the libraries hand it over. Both halves count: after a split the two sides have the same sequence number and
/// differ only in the node.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct RingId(uint Node, ulong Sequence)
{
    public override string ToString() => $"{Node}.{Sequence:x}";
}
