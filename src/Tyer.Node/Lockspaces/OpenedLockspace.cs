namespace Tyer.Node.Lockspaces;

/// <summary>A lockspace that somebody on this node has open.</summary>
internal sealed class OpenedLockspace(string name, uint id, LockspaceOptions options)
{
    internal string Name { get; } = name;

    /// <summary>The number under which the cluster knows it: half of the name's hash.</summary>
    internal uint Id { get; } = id;

    internal LockspaceOptions Options { get; } = options;

    /// <summary>How many have it open here.</summary>
    internal int Users { get; set; }

    /// <summary>The shared lock on the lockspace's own record, which keeps the agreement on its options alive.</summary>
    internal LockHandle? Record { get; set; }
}
