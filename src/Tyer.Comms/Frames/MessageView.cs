namespace Tyer.Comms.Frames;

/// <summary>A received frame where it lies in the receive buffer: valid only during the call that it is passed to.</summary>
public readonly ref struct MessageView
{
    private readonly FrameHeader _header;

    internal MessageView(FrameHeader header, ReadOnlySpan<byte> body)
    {
        _header = header;
        Body = body;
    }

    /// <summary>The service it is meant for.</summary>
    public ushort Binding => _header.Binding;

    /// <summary>Between nodes: its number in the session, from 1. On a client's link: the number that the sender gave it.</summary>
    public ulong Sequence => _header.Sequence;

    /// <summary>The membership view that the sender stamped on it (the low 32 bits of its id).</summary>
    public uint View => _header.View;

    /// <summary>What it says.</summary>
    public ReadOnlySpan<byte> Body { get; }

    /// <summary>What sort of frame it is.</summary>
    internal FrameKind Kind => _header.Kind;

    /// <summary>Between nodes, the lane that it came on.</summary>
    internal byte Lane => _header.Lane;

    /// <summary>Bytes that it took on the wire.</summary>
    internal int FrameBytes => _header.FrameBytes;
}
