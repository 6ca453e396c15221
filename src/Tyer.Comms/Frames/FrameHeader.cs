using System.Buffers.Binary;

namespace Tyer.Comms.Frames;

/// <summary>
/// The 24 bytes in front of every body, little-endian, each field aligned to its size:
/// <code>
///  0 length u32    bytes of the body
///  4 kind u8       5 lane u8: between nodes 0 or 1, else zero
///  6 binding u16   which service of the floor above; 0 is membership
///  8 sequence u64  between nodes: the number of the message in its session; from a client: whatever it likes
/// 16 view u32      opaque to comms
/// 20 crc32c u32    of the 20 bytes before it and of the body
/// </code>
/// </summary>
internal readonly record struct FrameHeader(int Length, FrameKind Kind, ushort Binding, ulong Sequence, uint View, byte Lane = 0)
{
    /// <summary>Bytes of a header.</summary>
    public const int Bytes = 24;

    private const int KindOffset = 4;
    private const int LaneOffset = 5;
    private const byte LaneMax = 1;
    private const int BindingOffset = 6;
    private const int SequenceOffset = 8;
    private const int ViewOffset = 16;
    private const int ChecksumOffset = 20;

    /// <summary>Bytes of the whole frame.</summary>
    public int FrameBytes => Bytes + Length;

    /// <summary>Writes the header of a frame with this body, checksum included; the body itself is the caller's to copy.</summary>
    public void Write(Span<byte> destination, ReadOnlySpan<byte> body)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(destination, (uint)Length);
        destination[KindOffset] = (byte)Kind;
        destination[LaneOffset] = Lane;
        BinaryPrimitives.WriteUInt16LittleEndian(destination[BindingOffset..], Binding);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[SequenceOffset..], Sequence);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[ViewOffset..], View);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[ChecksumOffset..], Crc32C.Of(destination[..ChecksumOffset], body));
    }

    /// <summary>Reads 24 bytes whose length and kind have been checked, or that this process wrote itself.</summary>
    public static FrameHeader Read(ReadOnlySpan<byte> source) => new(
        (int)ReadLength(source),
        (FrameKind)ReadKind(source),
        BinaryPrimitives.ReadUInt16LittleEndian(source[BindingOffset..]),
        BinaryPrimitives.ReadUInt64LittleEndian(source[SequenceOffset..]),
        BinaryPrimitives.ReadUInt32LittleEndian(source[ViewOffset..]),
        source[LaneOffset]);

    /// <summary>The length field alone, unchecked; needs 4 bytes.</summary>
    public static uint ReadLength(ReadOnlySpan<byte> source) => BinaryPrimitives.ReadUInt32LittleEndian(source);

    /// <summary>The kind field alone, unchecked; needs 5 bytes.</summary>
    public static byte ReadKind(ReadOnlySpan<byte> source) => source[KindOffset];

    /// <summary>Whether bits are set in the lane that this version keeps for later; needs 6 bytes.</summary>
    public static bool HasReservedBits(ReadOnlySpan<byte> source) => source[LaneOffset] > LaneMax;

    /// <summary>Whether the checksum fits header and body.</summary>
    public static bool HasGoodChecksum(ReadOnlySpan<byte> header, ReadOnlySpan<byte> body) =>
        BinaryPrimitives.ReadUInt32LittleEndian(header[ChecksumOffset..]) == Crc32C.Of(header[..ChecksumOffset], body);
}
