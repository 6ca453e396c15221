namespace Tyer.Sessions.Wire;

/// <summary>
/// The first message of a client. Its beginning, up to and including the versions, is the same in every version of the protocol.
/// <code>
///  0 kind u8, reserved 3    4 magic u32    8 version min u16    10 version max u16
/// 12 process i32           16 session timeout i64 (0 = the node's)
/// 24 texts: host, process name, user, label, version of the library
/// </code>
/// </summary>
public readonly record struct HelloMessage
{
    /// <summary>The oldest version of the protocol that the client speaks.</summary>
    public ushort VersionMin { get; init; }

    /// <summary>The newest.</summary>
    public ushort VersionMax { get; init; }

    /// <summary>The client's process id, as it says.</summary>
    public int ProcessId { get; init; }

    /// <summary>How long the session is to live without a keep-alive; zero: as long as the node lets it.</summary>
    public TimeSpan SessionTimeout { get; init; }

    /// <summary>The client's machine, as it says.</summary>
    public string Host { get; init; }

    /// <summary>The name of its process, as it says.</summary>
    public string ProcessName { get; init; }

    /// <summary>Its user, as it says.</summary>
    public string User { get; init; }

    /// <summary>What it calls itself; null when it does not say.</summary>
    public string? Label { get; init; }

    /// <summary>The version of Tyer that it runs.</summary>
    public string Version { get; init; }

    /// <summary>Bytes of the longest one.</summary>
    public const int BytesMax = 24 + 4 * (2 + WireLimits.IdentityBytesMax) + 2 + Limits.LabelBytesMax;

    /// <summary>Writes it; returns how many bytes it took.</summary>
    public int Write(Span<byte> destination)
    {
        var writer = new WireWriter(destination, WireKind.Hello);
        writer.Reserved(3);
        writer.U32(WireLimits.Magic);
        writer.U16(VersionMin);
        writer.U16(VersionMax);
        writer.I32(ProcessId);
        writer.Ticks(SessionTimeout);
        writer.Text(Host, WireLimits.IdentityBytesMax);
        writer.Text(ProcessName, WireLimits.IdentityBytesMax);
        writer.Text(User, WireLimits.IdentityBytesMax);
        writer.Text(Label ?? "", Limits.LabelBytesMax);
        writer.Text(Version, WireLimits.IdentityBytesMax);
        return writer.Length;
    }

    /// <summary>
    /// Reads it. With versions that do not include one of ours only these are read: what follows them may be something else.
    /// </summary>
    public static WireFault TryRead(ReadOnlySpan<byte> message, out HelloMessage hello)
    {
        hello = default;
        var reader = new WireReader(message, WireKind.Hello);
        reader.Reserved(3);
        reader.Require(reader.U32() == WireLimits.Magic, WireFault.BadMagic);
        var (versionMin, versionMax) = (reader.U16(), reader.U16());
        if (reader.Fault != WireFault.None)
            return reader.Fault;
        if (versionMin > WireLimits.VersionMax || versionMax < WireLimits.VersionMin)
        {
            hello = new HelloMessage { VersionMin = versionMin, VersionMax = versionMax };
            return WireFault.None;
        }

        var process = reader.I32();
        var timeout = reader.Ticks();
        reader.Require(timeout >= TimeSpan.Zero, WireFault.BadNumber);
        var host = reader.Text(WireLimits.IdentityBytesMax);
        var name = reader.Text(WireLimits.IdentityBytesMax);
        var user = reader.Text(WireLimits.IdentityBytesMax);
        var label = reader.Label();
        var version = reader.Text(WireLimits.IdentityBytesMax);
        var fault = reader.End();
        if (fault == WireFault.None)
        {
            hello = new HelloMessage
            {
                VersionMin = versionMin,
                VersionMax = versionMax,
                ProcessId = process,
                SessionTimeout = timeout,
                Host = host,
                ProcessName = name,
                User = user,
                Label = label,
                Version = version,
            };
        }

        return fault;
    }

    /// <summary>The newest version that both sides speak; null if there is none.</summary>
    public ushort? AgreedVersion
    {
        get
        {
            var newest = Math.Min(VersionMax, WireLimits.VersionMax);
            return newest >= Math.Max(VersionMin, WireLimits.VersionMin) ? newest : null;
        }
    }
}
