using System.Buffers.Binary;
using System.Text;
using Tyer.Comms.Frames;
using Tyer.Comms.Links;
using Tyer.Comms.Paths;
using Tyer.Comms.Security;

namespace Tyer.Comms.Peers;

/// <summary>
/// What two nodes say first. The body, little-endian:
/// <code>
///  0 magic, 8 bytes         8 lowest version u16    10 highest version u16
/// 12 stream u8 (0 control, 1 data), path u8 (0 to 7), reserved u16, zero
/// 16 features offered u64  24 features required u64
/// 32 sender u32            36 receiver u32
/// 40 incarnation u64       48 stamp u64             56 attempt u64: on a data link the stamp of the hello by which its dialler dialled the control link
/// 64 fields: { type u16, length u16, value }: 1 cluster name, 2 node name, 3 security; an unknown type from 0x8000 up is skipped
/// </code>
/// </summary>
/// <param name="Sender">Who says it.</param>
/// <param name="Receiver">The node id of who is meant.</param>
/// <param name="Stamp">Grows with every hello and ready that the sender says to this receiver, so that late ones can be told.</param>
/// <param name="Path">The path, by its place in the dialler's list of the receiver's addresses.</param>
/// <param name="Stream">What the link is for.</param>
/// <param name="Attempt">On a data link that is dialled, which control link it belongs to; else 0.</param>
/// <param name="Security">How the sender is to be known; null where nobody proves anything.</param>
internal sealed record Hello(
    NodeIdentity Sender,
    uint Receiver,
    ulong Stamp,
    byte Path = 0,
    LinkStream Stream = LinkStream.Control,
    ulong Attempt = 0,
    SecurityOffer? Security = null)
{
    private const int FixedBytes = 64;
    private const int FieldHeaderBytes = 4;
    private const ushort ClusterField = 1;
    private const ushort NameField = 2;
    private const ushort SecurityField = 3;
    private const ushort FirstIgnorableField = 0x8000;

    /// <summary>What the sender speaks.</summary>
    public Dialect Dialect { get; init; } = Dialect.Own;

    private static ReadOnlySpan<byte> Magic => "TYERNODE"u8;

    /// <summary>The whole frame.</summary>
    public byte[] ToFrame()
    {
        int securityBytes = Security is null ? 0 : FieldHeaderBytes + SecurityOffer.Bytes;
        byte[] frame = new byte[FrameHeader.Bytes + FixedBytes + (2 * FieldHeaderBytes) + Sender.Cluster.Length + Sender.Name.Length + securityBytes];
        Span<byte> body = frame.AsSpan(FrameHeader.Bytes);
        Magic.CopyTo(body);
        BinaryPrimitives.WriteUInt16LittleEndian(body[8..], Dialect.Lowest);
        BinaryPrimitives.WriteUInt16LittleEndian(body[10..], Dialect.Highest);
        body[12] = (byte)Stream;
        body[13] = Path;
        BinaryPrimitives.WriteUInt64LittleEndian(body[16..], Dialect.Features);
        BinaryPrimitives.WriteUInt32LittleEndian(body[32..], Sender.NodeId);
        BinaryPrimitives.WriteUInt32LittleEndian(body[36..], Receiver);
        BinaryPrimitives.WriteUInt64LittleEndian(body[40..], Sender.Incarnation);
        BinaryPrimitives.WriteUInt64LittleEndian(body[48..], Stamp);
        BinaryPrimitives.WriteUInt64LittleEndian(body[56..], Attempt);
        Span<byte> rest = WriteField(body[FixedBytes..], ClusterField, Sender.Cluster);
        rest = WriteField(rest, NameField, Sender.Name);
        if (Security is { } security)
        {
            WriteFieldHeader(rest, SecurityField, SecurityOffer.Bytes);
            security.Write(rest[FieldHeaderBytes..]);
        }

        new FrameHeader(body.Length, FrameKind.Hello, Binding: 0, Sequence: 0, View: 0).Write(frame, body);
        return frame;
    }

    /// <summary>Reads a body. The magic and the version come first, since everything behind them may look different in another version.</summary>
    /// <param name="body">What came.</param>
    /// <param name="hello">What it says; also where the features of it are refused.</param>
    /// <param name="own">What the reader speaks, if it is not what this code does.</param>
    public static RefusalCode TryRead(ReadOnlySpan<byte> body, out Hello? hello, Dialect? own = null)
    {
        own ??= Dialect.Own;
        hello = null;
        if (!body.StartsWith(Magic)) return RefusalCode.BadMagic;
        if (body.Length < 12) return RefusalCode.MalformedHello;

        ushort lowest = BinaryPrimitives.ReadUInt16LittleEndian(body[8..]);
        ushort highest = BinaryPrimitives.ReadUInt16LittleEndian(body[10..]);
        ushort version = own.Agree(lowest, highest);
        if (version == 0) return RefusalCode.VersionRange;

        if (body.Length < FixedBytes || body[12] > (byte)LinkStream.Data || body[13] >= CommsLimits.PathsPerPeerMax || body[14..16].ContainsAnyExcept((byte)0))
            return RefusalCode.MalformedHello;
        if (!TryReadFields(body[FixedBytes..], out string cluster, out string name, out SecurityOffer? security)) return RefusalCode.MalformedHello;

        uint sender = BinaryPrimitives.ReadUInt32LittleEndian(body[32..]);
        ulong incarnation = BinaryPrimitives.ReadUInt64LittleEndian(body[40..]);
        if (incarnation == 0) return RefusalCode.MalformedHello;

        hello = new Hello(
            new NodeIdentity(cluster, sender, name, incarnation),
            BinaryPrimitives.ReadUInt32LittleEndian(body[36..]),
            BinaryPrimitives.ReadUInt64LittleEndian(body[48..]),
            body[13],
            (LinkStream)body[12],
            BinaryPrimitives.ReadUInt64LittleEndian(body[56..]),
            security)
        {
            Dialect = new Dialect(lowest, highest, BinaryPrimitives.ReadUInt64LittleEndian(body[16..])),
        };
        return own.Judge(version, hello.Dialect.Features, BinaryPrimitives.ReadUInt64LittleEndian(body[24..]));
    }

    /// <summary>Whether this hello is meant for a node, and from whom it may be; the incarnation is judged by the session.</summary>
    /// <param name="local">Who listens.</param>
    /// <param name="isPeer">Which senders may be at the other end of this link.</param>
    public RefusalCode Judge(NodeIdentity local, Func<uint, bool> isPeer)
    {
        if (Sender.Cluster != local.Cluster) return RefusalCode.ClusterMismatch;
        if (Receiver != local.NodeId) return RefusalCode.WrongReceiver;
        if (Sender.NodeId == local.NodeId) return RefusalCode.SenderIsSelf;
        return isPeer(Sender.NodeId) ? RefusalCode.None : RefusalCode.UnknownSender;
    }

    private static Span<byte> WriteField(Span<byte> rest, ushort type, string value)
    {
        WriteFieldHeader(rest, type, value.Length);
        Encoding.ASCII.GetBytes(value, rest[FieldHeaderBytes..]);
        return rest[(FieldHeaderBytes + value.Length)..];
    }

    private static void WriteFieldHeader(Span<byte> rest, ushort type, int length)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(rest, type);
        BinaryPrimitives.WriteUInt16LittleEndian(rest[2..], (ushort)length);
    }

    private static bool TryReadFields(ReadOnlySpan<byte> rest, out string cluster, out string name, out SecurityOffer? security)
    {
        cluster = name = "";
        security = null;
        while (!rest.IsEmpty)
        {
            if (rest.Length < FieldHeaderBytes) return false;
            ushort type = BinaryPrimitives.ReadUInt16LittleEndian(rest);
            int length = BinaryPrimitives.ReadUInt16LittleEndian(rest[2..]);
            rest = rest[FieldHeaderBytes..];
            if (rest.Length < length) return false;

            ReadOnlySpan<byte> value = rest[..length];
            rest = rest[length..];
            if (type == ClusterField) cluster = Encoding.ASCII.GetString(value);
            else if (type == NameField) name = Encoding.ASCII.GetString(value);
            else if (type != SecurityField && type < FirstIgnorableField) return false;
            else if (type == SecurityField && (security = SecurityOffer.TryRead(value)) is null) return false;
        }

        // They go into logs.
        return NodeIdentity.IsName(cluster) && NodeIdentity.IsName(name);
    }
}
