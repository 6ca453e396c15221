namespace Tyer.Engine.Owning;

/// <summary>What a caller asks for with a new lock.</summary>
public ref struct LockCall
{
    /// <summary>The lockspace.</summary>
    public uint Space { get; set; }

    /// <summary>The resource.</summary>
    public ResourceName Name { get; set; }

    /// <summary>What <see cref="Directory.Placement.HashOf"/> gives for both, if the caller has needed it already; else 0.</summary>
    public ulong Hash { get; set; }

    /// <summary>The mode.</summary>
    public LockMode Mode { get; set; }

    /// <summary>Flags of the classic interface.</summary>
    public RawFlags Flags { get; set; }

    /// <summary>When to give up waiting, in the engine's ticks; 0 = never.</summary>
    public long Deadline { get; set; }

    /// <summary>Whether the holder is to be told when it blocks somebody.</summary>
    public bool NotifyBlocking { get; set; }

    /// <summary>The identity for deadlock search, if not the session.</summary>
    public Guid? Transaction { get; set; }

    /// <summary>Label and purpose, as the node layer encodes them; kept as it is, at most <see cref="Messages.MessageCodec.NoteMax"/> bytes. Null = none.</summary>
    public byte[]? Note { get; set; }

    /// <summary>What the caller wants to find again at the lock's events.</summary>
    public object? Tag { get; set; }
}

/// <summary>What a caller asks for with a conversion.</summary>
public ref struct ConvertCall
{
    /// <summary>The mode.</summary>
    public LockMode Mode { get; set; }

    /// <summary>Flags of the classic interface.</summary>
    public RawFlags Flags { get; set; }

    /// <summary>When to give up waiting, in the engine's ticks; 0 = never.</summary>
    public long Deadline { get; set; }

    /// <summary>Whether the holder is to be told when it blocks somebody.</summary>
    public bool NotifyBlocking { get; set; }

    /// <summary>Whether <see cref="Value"/> is to be written, should the change of modes write (and VALBLK be set).</summary>
    public bool GivesValue { get; set; }

    /// <summary>The value to write.</summary>
    public ReadOnlySpan<byte> Value { get; set; }
}
