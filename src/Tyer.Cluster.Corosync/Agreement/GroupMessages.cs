using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Tyer.Cluster.Corosync.Agreement;

/// <summary>
/// The messages as bytes, little-endian. First a byte with the version of this format: a member that speaks another is not understood, hence not heard, and
/// the others put it out. That byte stays where it is, so that who is not understood finds out.
/// </summary>
internal static class GroupMessages
{
    public const byte Version = 2;

    private enum Kind : byte
    {
        Hello = 1,
        Ready,
        Silent,
        Proven,
        Evict,
        Farewell,
    }

    public static byte[] Encode(GroupMessage message)
    {
        var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes, Encoding.UTF8);
        writer.Write(Version);
        switch (message)
        {
            case Hello hello:
                writer.Write((byte)Kind.Hello);
                Write(writer, hello.In);
                Write(writer, hello.Self);
                writer.Write(hello.Digest);
                writer.Write(hello.Highest);
                writer.Write(hello.HighestAtStart);
                writer.Write(hello.Promised);
                WriteIf(writer, hello.Installed is not null, () => Write(writer, hello.Installed!));
                WriteIf(writer, hello.EarlierLife is not null, () => Write(writer, hello.EarlierLife!.Value));
                WriteAll(writer, hello.Proofs, proof => Write(writer, proof));
                break;
            case Ready ready:
                writer.Write((byte)Kind.Ready);
                Write(writer, ready.In);
                writer.Write(ready.View);
                break;
            case Silent silent:
                writer.Write((byte)Kind.Silent);
                Write(writer, silent.In);
                Write(writer, silent.Who);
                break;
            case Proven proven:
                writer.Write((byte)Kind.Proven);
                writer.Write(proven.View);
                Write(writer, proven.Proof);
                break;
            case Evict evict:
                writer.Write((byte)Kind.Evict);
                writer.Write(evict.View);
                Write(writer, evict.Who);
                writer.Write(evict.Why);
                break;
            case Farewell farewell:
                writer.Write((byte)Kind.Farewell);
                writer.Write(farewell.View);
                Write(writer, farewell.Who);
                break;
            default:
                throw new InvariantBrokenException("every message of the group has a kind");
        }

        writer.Flush();
        return bytes.ToArray();
    }

    /// <summary>The version of the format of a message that is not understood; null if it is this one's, or none.</summary>
    public static byte? ForeignVersionOf(ReadOnlySpan<byte> bytes) => bytes.IsEmpty || bytes[0] == Version ? null : bytes[0];

    /// <returns>False: it is none of ours.</returns>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out GroupMessage? message)
    {
        try
        {
            var stream = new MemoryStream(bytes.ToArray(), writable: false);
            using var reader = new BinaryReader(stream, Encoding.UTF8);
            if (reader.ReadByte() != Version) throw new FormatException("another version");
            message = Read(reader, (Kind)reader.ReadByte());
            return stream.Position == stream.Length;
        }
        catch (Exception e) when (e is FormatException or ArgumentException or EndOfStreamException)
        {
            // Types check themselves what they are made of, so a name, a node or a view that is none ends here.
            message = null;
            return false;
        }
    }

    private static GroupMessage Read(BinaryReader reader, Kind kind) => kind switch
    {
        Kind.Hello => new Hello(
            ReadConfiguration(reader),
            ReadMember(reader),
            reader.ReadUInt64(),
            reader.ReadUInt64(),
            reader.ReadUInt64(),
            reader.ReadUInt64(),
            reader.ReadBoolean() ? ReadView(reader) : null,
            reader.ReadBoolean() ? ReadLife(reader) : null,
            ReadAll(reader, ReadProof)),
        Kind.Ready => new Ready(ReadConfiguration(reader), reader.ReadUInt64()),
        Kind.Silent => new Silent(ReadConfiguration(reader), ReadProcess(reader)),
        Kind.Proven => new Proven(reader.ReadUInt64(), ReadProof(reader)),
        Kind.Evict => new Evict(reader.ReadUInt64(), ReadLife(reader), reader.ReadString()),
        Kind.Farewell => new Farewell(reader.ReadUInt64(), ReadLife(reader)),
        _ => throw new FormatException("unknown kind"),
    };

    private static void Write(BinaryWriter writer, Configuration configuration)
    {
        writer.Write(configuration.Ring.Node);
        writer.Write(configuration.Ring.Sequence);
        WriteAll(writer, configuration.Members, process => Write(writer, process));
        WriteAll(writer, configuration.Out, process => Write(writer, process));
    }

    private static Configuration ReadConfiguration(BinaryReader reader)
    {
        var ring = new RingId(reader.ReadUInt32(), reader.ReadUInt64());
        ImmutableArray<GroupProcess> members = ReadAll(reader, ReadProcess);
        ImmutableArray<GroupProcess> putOut = ReadAll(reader, ReadProcess);
        return putOut.All(process => members.Contains(process))
            ? new Configuration(ring, members, putOut)
            : throw new FormatException("put out, and not in");
    }

    private static void Write(BinaryWriter writer, GroupProcess process)
    {
        writer.Write(process.Node);
        writer.Write(process.Pid);
    }

    private static GroupProcess ReadProcess(BinaryReader reader) => new(reader.ReadUInt32(), reader.ReadUInt32());

    private static void Write(BinaryWriter writer, NodeIncarnation life)
    {
        writer.Write((ushort)life.Node.Value);
        writer.Write(life.Incarnation.Value);
    }

    private static NodeIncarnation ReadLife(BinaryReader reader)
    {
        var node = new NodeId(reader.ReadUInt16());
        return reader.ReadUInt64() is var life and > 0 ? new NodeIncarnation(node, new Incarnation(life)) : throw new FormatException("no life");
    }

    private static void Write(BinaryWriter writer, Proof proof)
    {
        Write(writer, proof.Who);
        writer.Write((byte)proof.How);
    }

    private static Proof ReadProof(BinaryReader reader)
    {
        NodeIncarnation who = ReadLife(reader);
        var how = (FenceProof)reader.ReadByte();
        return Enum.IsDefined(how) ? new Proof(who, how) : throw new FormatException("unknown proof");
    }

    private static void Write(BinaryWriter writer, Member member)
    {
        Write(writer, member.NodeIncarnation);
        writer.Write(member.Name);
        writer.Write((byte)member.Weight);
        writer.Write((ushort)member.Protocol.Minimum);
        writer.Write((ushort)member.Protocol.Maximum);
        WriteAll(writer, member.Addresses, writer.Write);
    }

    private static Member ReadMember(BinaryReader reader)
    {
        NodeIncarnation who = ReadLife(reader);
        string name = reader.ReadString();
        byte weight = reader.ReadByte();
        var protocol = new ProtocolRange(reader.ReadUInt16(), reader.ReadUInt16());
        return new Member(who.Node, who.Incarnation, name, ReadAll(reader, each => each.ReadString()), weight) { Protocol = protocol };
    }

    private static void Write(BinaryWriter writer, ClusterView view)
    {
        writer.Write(view.Id);
        WriteAll(writer, view.Members, member => Write(writer, member));
        WriteAll(writer, view.Unproven, life => Write(writer, life));
    }

    private static ClusterView ReadView(BinaryReader reader) =>
        new(reader.ReadUInt64(), ReadAll(reader, ReadMember), ReadAll(reader, ReadLife));

    private static void WriteIf(BinaryWriter writer, bool isThere, Action write)
    {
        writer.Write(isThere);
        if (isThere) write();
    }

    private static void WriteAll<T>(BinaryWriter writer, ImmutableArray<T> all, Action<T> write)
    {
        writer.Write((ushort)all.Length);
        foreach (T each in all) write(each);
    }

    private static ImmutableArray<T> ReadAll<T>(BinaryReader reader, Func<BinaryReader, T> read)
    {
        var all = ImmutableArray.CreateBuilder<T>();
        for (int left = reader.ReadUInt16(); left > 0; left--) all.Add(read(reader));
        return all.ToImmutable();
    }
}
