using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Tyer.Cluster.Static;

/// <summary>
/// The bytes of the messages between static peers: a version, the kind, the sender's incarnation, then the fields, all numbers
/// little-endian. Whatever is not exactly that is malformed.
/// </summary>
internal static class PeerMessages
{
    private const byte Version = 2;

    // Every id has a successor: forming the next view cannot overflow, whatever a peer claims.
    private const ulong ViewIdMax = long.MaxValue;

    private enum Kind : byte
    {
        Hello = 1,
        ListDiffers = 2,
        Prepare = 3,
        Prepared = 4,
        Declined = 5,
        InstalledView = 6,
        Refused = 7,
    }

    [Flags]
    private enum HelloFlags : byte
    {
        None = 0,
        Ready = 1,
        AnswerWanted = 2,
    }

    public static byte[] Encode(Incarnation sender, PeerMessage message)
    {
        var writer = new Writer();
        writer.Byte(Version);
        writer.Byte((byte)KindOf(message));
        writer.UInt64(sender.Value);
        switch (message)
        {
            case Hello hello:
                writer.MemberDetails(hello.Sender);
                writer.UInt64(hello.Digest);
                writer.UInt64(hello.Highest);
                writer.UInt64(hello.Installed);
                writer.Byte((byte)((hello.Ready ? HelloFlags.Ready : 0) | (hello.AnswerWanted ? HelloFlags.AnswerWanted : 0)));
                break;
            case ListDiffers differs:
                writer.Text(differs.List.Cluster);
                writer.Byte((byte)differs.List.Peers.Length);
                foreach (StaticPeer peer in differs.List.Peers)
                {
                    writer.UInt16((ushort)peer.Id.Value);
                    writer.Text(peer.Name);
                }

                break;
            case Prepare prepare:
                writer.View(prepare.View);
                break;
            case InstalledView installed:
                writer.View(installed.View);
                break;
            case Prepared prepared:
                writer.UInt64(prepared.ViewId);
                writer.UInt64(prepared.Coordinator.Value);
                break;
            case Declined declined:
                writer.UInt64(declined.ViewId);
                writer.UInt64(declined.Highest);
                break;
            case Refused refused:
                writer.UInt64(refused.To.Value);
                writer.Byte((byte)refused.Reason);
                writer.UInt64(refused.Detail);
                break;
        }

        return writer.ToArray();
    }

    /// <summary>Reads a message of <paramref name="from"/>; false when it is malformed.</summary>
    public static bool TryDecode(
        NodeId from, ReadOnlySpan<byte> bytes, out Incarnation sender, [NotNullWhen(true)] out PeerMessage? message)
    {
        try
        {
            message = Decode(from, bytes, out sender);
            return true;
        }
        catch (Exception e) when (e is FormatException or ArgumentException)
        {
            // Types check themselves what they are made of, so a name, a list or a view that is none ends here.
            sender = default;
            message = null;
            return false;
        }
    }

    private static PeerMessage Decode(NodeId from, ReadOnlySpan<byte> bytes, out Incarnation sender)
    {
        if (bytes.Length > ClusterLimits.PeerMessageBytesMax) throw new FormatException("too long");

        var reader = new Reader(bytes);
        if (reader.Byte() != Version) throw new FormatException("unknown version");
        var kind = (Kind)reader.Byte();
        sender = reader.Incarnation();
        PeerMessage message = kind switch
        {
            Kind.Hello => ReadHello(ref reader, from, sender),
            Kind.ListDiffers => ReadList(ref reader),
            Kind.Prepare => new Prepare(reader.View()),
            Kind.InstalledView => new InstalledView(reader.View()),
            Kind.Prepared => new Prepared(reader.ViewId(), reader.Incarnation()),
            Kind.Declined => new Declined(reader.ViewId(), reader.ViewId()),
            Kind.Refused => ReadRefused(ref reader),
            _ => throw new FormatException("unknown kind"),
        };
        reader.End();
        return message;
    }

    private static Hello ReadHello(ref Reader reader, NodeId from, Incarnation sender)
    {
        Member member = reader.MemberDetails(from, sender);
        ulong digest = reader.UInt64();
        ulong highest = reader.ViewId();
        ulong installed = reader.ViewId();
        var flags = (HelloFlags)reader.Byte();
        if ((flags & ~(HelloFlags.Ready | HelloFlags.AnswerWanted)) != 0) throw new FormatException("unknown flag");
        return new Hello(
            member, digest, highest, installed, (flags & HelloFlags.Ready) != 0, (flags & HelloFlags.AnswerWanted) != 0);
    }

    private static ListDiffers ReadList(ref Reader reader)
    {
        string cluster = reader.Text();
        var peers = new StaticPeer[reader.Byte()];
        for (int i = 0; i < peers.Length; i++) peers[i] = new StaticPeer(new NodeId(reader.UInt16()), reader.Text());
        return new ListDiffers(new PeerList(cluster, peers));
    }

    private static Refused ReadRefused(ref Reader reader)
    {
        Incarnation to = reader.Incarnation();
        var reason = (HelloRefusal)reader.Byte();
        if (reason is not (HelloRefusal.ViewFormed or HelloRefusal.LaterIncarnation)) throw new FormatException("unknown reason");
        return new Refused(to, reason, reader.UInt64());
    }

    private static Kind KindOf(PeerMessage message) => message switch
    {
        Hello => Kind.Hello,
        ListDiffers => Kind.ListDiffers,
        Prepare => Kind.Prepare,
        Prepared => Kind.Prepared,
        Declined => Kind.Declined,
        InstalledView => Kind.InstalledView,
        Refused => Kind.Refused,
        _ => throw new InvariantBrokenException("every message between static peers has a kind"),
    };

    private sealed class Writer
    {
        private readonly ArrayBufferWriter<byte> _bytes = new();

        public byte[] ToArray() => _bytes.WrittenSpan.ToArray();

        public void Byte(byte value) => _bytes.Write([value]);

        public void UInt16(ushort value)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(_bytes.GetSpan(sizeof(ushort)), value);
            _bytes.Advance(sizeof(ushort));
        }

        public void UInt64(ulong value)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(_bytes.GetSpan(sizeof(ulong)), value);
            _bytes.Advance(sizeof(ulong));
        }

        /// <summary>Names and addresses: ASCII, as <see cref="SystemName"/> and <see cref="Member"/> see to.</summary>
        public void Text(string text)
        {
            UInt16((ushort)text.Length);
            _bytes.Write(Encoding.ASCII.GetBytes(text));
        }

        public void MemberDetails(Member member)
        {
            Text(member.Name);
            Byte((byte)member.Weight);
            UInt16((ushort)member.Protocol.Minimum);
            UInt16((ushort)member.Protocol.Maximum);
            Byte((byte)member.Addresses.Length);
            foreach (string address in member.Addresses) Text(address);
        }

        /// <summary>A static view lacks nobody: it always has quorum, and nobody in it is unproven.</summary>
        public void View(ClusterView view)
        {
            UInt64(view.Id);
            Byte((byte)view.Members.Length);
            foreach (Member member in view.Members)
            {
                UInt16((ushort)member.Id.Value);
                UInt64(member.Incarnation.Value);
                MemberDetails(member);
            }
        }
    }

    private ref struct Reader(ReadOnlySpan<byte> bytes)
    {
        private ReadOnlySpan<byte> _rest = bytes;

        public byte Byte() => Take(sizeof(byte))[0];

        public ushort UInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Take(sizeof(ushort)));

        public ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(sizeof(ulong)));

        public ulong ViewId() => UInt64() is var id and <= ViewIdMax ? id : throw new FormatException("view id out of range");

        public Incarnation Incarnation() =>
            UInt64() is var value and > 0 ? new Incarnation(value) : throw new FormatException("no incarnation");

        public string Text() => Encoding.Latin1.GetString(Take(UInt16()));

        public Member MemberDetails(NodeId id, Incarnation incarnation)
        {
            string name = Text();
            byte weight = Byte();
            var protocol = new ProtocolRange(UInt16(), UInt16());
            string[] addresses = new string[Byte()];
            for (int i = 0; i < addresses.Length; i++) addresses[i] = Text();
            return new Member(id, incarnation, name, addresses, weight) { Protocol = protocol };
        }

        public ClusterView View()
        {
            ulong id = ViewId();
            var members = new Member[Byte()];
            for (int i = 0; i < members.Length; i++)
            {
                var node = new NodeId(UInt16());
                members[i] = MemberDetails(node, Incarnation());
            }

            return new ClusterView(id, members);
        }

        public readonly void End()
        {
            if (!_rest.IsEmpty) throw new FormatException("trailing bytes");
        }

        private ReadOnlySpan<byte> Take(int count)
        {
            if (count > _rest.Length) throw new FormatException("truncated");
            ReadOnlySpan<byte> taken = _rest[..count];
            _rest = _rest[count..];
            return taken;
        }
    }
}
