namespace Tyer.Sessions.Administration;

/// <summary>A node about itself.</summary>
public sealed record NodeStatus
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Its id, 1 to 1023.</summary>
    public required uint Id { get; init; }

    /// <summary>Which of its lives this is: grows with each start.</summary>
    public required ulong Incarnation { get; init; }

    /// <summary>The highest view id that it has ever known: that of the next view is greater.</summary>
    public ulong HighestView { get; init; }

    /// <summary>The version of Tyer that it runs.</summary>
    public required string Version { get; init; }

    /// <summary>The versions of the lock protocol that it offers its peers; null from one that is too old to say.</summary>
    public ProtocolVersions? Protocol { get; init; }

    /// <summary>Its process id on its machine.</summary>
    public required int ProcessId { get; init; }

    /// <summary>The name of its machine.</summary>
    public required string Host { get; init; }

    /// <summary>How long it has been running.</summary>
    public required TimeSpan Uptime { get; init; }

    /// <summary>Whether it serves, and if not, why.</summary>
    public required ServingState Serving { get; init; }

    /// <summary>How much longer it must not grant, after an unclean stop; null when it may.</summary>
    public TimeSpan? GrantsIn { get; init; }

    /// <summary>Its shards: how many engines share its names.</summary>
    public required int Shards { get; init; }

    /// <summary>Sessions that are open with it.</summary>
    public required int Sessions { get; init; }

    /// <summary>The lockspaces that are open on it, by name, with what it has of each.</summary>
    public IReadOnlyList<LockspaceStatus> Lockspaces { get; init; } = [];

    /// <summary>What it tells time by.</summary>
    public required ClockStatus Clock { get; init; }

    /// <summary>Where it keeps what must survive it; null: nowhere (<c>Volatile</c>), and its tokens grow within this process only.</summary>
    public string? StateDirectory { get; init; }

    /// <summary>Where clients reach it: <c>unix:/run/tyer/tyerd.sock</c>.</summary>
    public IReadOnlyList<string> ClientEndpoints { get; init; } = [];

    /// <summary>How it knows its peers, as the configuration calls it: <c>none</c>, <c>psk</c>, <c>psk+seal</c>.</summary>
    public string Security { get; init; } = "none";

    /// <summary>Connections of nodes, or of strangers, that it refused since its start, by reason.</summary>
    public IReadOnlyDictionary<string, long> Refused { get; init; } = new Dictionary<string, long>();

    /// <summary>
    /// What it does to its clients when it is put out of its cluster, beside telling them: <c>notify</c> (nothing), <c>disconnect</c>, <c>kill</c>, <c>watchdog</c>; null where nobody puts it out.
    /// </summary>
    public string? OnExpulsion { get; init; }

    /// <summary>Lost nodes that it fences, or leaves to another member to fence.</summary>
    public IReadOnlyList<FencingInfo> Fencing { get; init; } = [];
}

/// <summary>Whether a node serves.</summary>
public enum ServingState
{
    /// <summary>It grants locks.</summary>
    Serving,

    /// <summary>It has no view yet, or must wait for holders from before an unclean stop.</summary>
    Starting,

    /// <summary>Its side has no quorum: it grants nothing new.</summary>
    NoQuorum,

    /// <summary>It is leaving.</summary>
    Stopping,

    /// <summary>It was put out of the cluster.</summary>
    Expelled,

    /// <summary>The cluster does not take it in, and will not as it is: the state of its stack says what to change.</summary>
    Refused,
}

/// <summary>One lockspace on one node.</summary>
public sealed record LockspaceStatus
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Bytes in its values.</summary>
    public required int ValueSize { get; init; }

    /// <summary>Sessions of this node that have it open.</summary>
    public required int Sessions { get; init; }

    /// <summary>Resources that this node masters.</summary>
    public required int Resources { get; init; }

    /// <summary>Locks that sessions of this node hold or wait for.</summary>
    public required int Locks { get; init; }

    /// <summary>Requests and conversions that wait on the resources that this node masters.</summary>
    public required int Waiting { get; init; }
}

/// <summary>What a node tells time by, and how far that can be relied on.</summary>
public sealed record ClockStatus
{
    /// <summary>The clock, such as <c>CLOCK_BOOTTIME</c>.</summary>
    public required string Source { get; init; }

    /// <summary>Whether time spent suspended counts. Where it does not, a machine that wakes up believes in leases that have run out.</summary>
    public required bool CountsSuspend { get; init; }

    /// <summary>How often it jumped since the start.</summary>
    public required int Jumps { get; init; }

    /// <summary>The largest jump.</summary>
    public TimeSpan LargestJump { get; init; }

    /// <summary>Whether heartbeats have real-time scheduling.</summary>
    public required bool RealTimeHeartbeats { get; init; }

    /// <summary>Why they do not have it; null if they do.</summary>
    public string? RealTimeRefusal { get; init; }
}
