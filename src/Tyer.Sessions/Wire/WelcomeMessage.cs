namespace Tyer.Sessions.Wire;

/// <summary>
/// The node's answer to a hello: the session is open.
/// <code>
///  0 kind u8, reserved 3    4 magic u32     8 version u16, reserved 2    12 node id u32
/// 16 incarnation u64       24 session u32, reserved 4    32 session timeout i64    40 margin i64    48 safe for i64
/// 56 texts: node, cluster, version of the node
/// </code>
/// </summary>
public readonly record struct WelcomeMessage
{
    /// <summary>Bytes of the longest one.</summary>
    public const int BytesMax = 56 + 3 * (2 + WireLimits.IdentityBytesMax);

    /// <summary>The version that both sides speak from here on.</summary>
    public ushort Version { get; init; }

    /// <summary>The node's id.</summary>
    public uint NodeId { get; init; }

    /// <summary>Which of the node's lives.</summary>
    public ulong Incarnation { get; init; }

    /// <summary>The session's number, unique in that life.</summary>
    public uint Session { get; init; }

    /// <summary>How long the session lives without a keep-alive.</summary>
    public TimeSpan SessionTimeout { get; init; }

    /// <summary>By how much the client's deadline comes before everything that it was told.</summary>
    public TimeSpan Margin { get; init; }

    /// <summary>For how long the node's own sessions are safe, from now; <see cref="TimeSpan.MaxValue"/> where no lease can run out.</summary>
    public TimeSpan SafeFor { get; init; }

    /// <summary>The node's name.</summary>
    public string Node { get; init; }

    /// <summary>The cluster's name.</summary>
    public string Cluster { get; init; }

    /// <summary>The version of Tyer that the node runs.</summary>
    public string NodeVersion { get; init; }

    /// <summary>Writes it; returns how many bytes it took.</summary>
    public int Write(Span<byte> destination)
    {
        var writer = new WireWriter(destination, WireKind.Welcome);
        writer.Reserved(3);
        writer.U32(WireLimits.Magic);
        writer.U16(Version);
        writer.Reserved(2);
        writer.U32(NodeId);
        writer.U64(Incarnation);
        writer.U32(Session);
        writer.Reserved(4);
        writer.Ticks(SessionTimeout);
        writer.Ticks(Margin);
        writer.Ticks(SafeFor);
        writer.Text(Node, WireLimits.IdentityBytesMax);
        writer.Text(Cluster, WireLimits.IdentityBytesMax);
        writer.Text(NodeVersion, WireLimits.IdentityBytesMax);
        return writer.Length;
    }

    /// <summary>Reads it.</summary>
    public static WireFault TryRead(ReadOnlySpan<byte> message, out WelcomeMessage welcome)
    {
        var reader = new WireReader(message, WireKind.Welcome);
        reader.Reserved(3);
        reader.Require(reader.U32() == WireLimits.Magic, WireFault.BadMagic);
        var version = reader.U16();
        reader.Reserved(2);
        var nodeId = reader.U32();
        var incarnation = reader.U64();
        var session = reader.U32();
        reader.Reserved(4);
        var (timeout, margin, safeFor) = (reader.Ticks(), reader.Ticks(), reader.Ticks());
        reader.Require(version is >= WireLimits.VersionMin and <= WireLimits.VersionMax, WireFault.BadNumber);
        reader.Require(nodeId is >= Limits.NodeIdMin and <= Limits.NodeIdMax, WireFault.BadNumber);
        reader.Require(timeout > TimeSpan.Zero && margin >= TimeSpan.Zero && margin < timeout && safeFor >= TimeSpan.Zero, WireFault.BadNumber);
        var node = reader.Text(WireLimits.IdentityBytesMax);
        var cluster = reader.Text(WireLimits.IdentityBytesMax);
        var nodeVersion = reader.Text(WireLimits.IdentityBytesMax);
        var fault = reader.End();
        welcome = fault != WireFault.None ? default : new WelcomeMessage
        {
            Version = version,
            NodeId = nodeId,
            Incarnation = incarnation,
            Session = session,
            SessionTimeout = timeout,
            Margin = margin,
            SafeFor = safeFor,
            Node = node,
            Cluster = cluster,
            NodeVersion = nodeVersion,
        };
        return fault;
    }
}
