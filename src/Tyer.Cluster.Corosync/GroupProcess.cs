namespace Tyer.Cluster.Corosync;

/// <summary>A process in a group, as corosync knows it. It is not a life: one that was cut off comes back as the same.</summary>
internal readonly record struct GroupProcess(uint Node, uint Pid) : IComparable<GroupProcess>
{
    public int CompareTo(GroupProcess other) => Node != other.Node ? Node.CompareTo(other.Node) : Pid.CompareTo(other.Pid);

    public override string ToString() => $"{Node}/{Pid}";
}

/// <summary>Why a process is not in the group any more, by corosync's numbers.</summary>
internal enum DepartureCause
{
    /// <summary>It left.</summary>
    Leave = 2,

    /// <summary>Its machine, the daemon there, or the network to it failed.</summary>
    NodeDown = 3,

    /// <summary>It ended without a word; the daemon there goes on.</summary>
    ProcessDown = 5,
}
