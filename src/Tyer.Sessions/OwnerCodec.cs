using System.Buffers.Binary;
using System.Text;

namespace Tyer.Sessions;

/// <summary>An owner's identity as bytes: as engines carry it from node to node, and clients to their daemon.</summary>
public static class OwnerCodec
{
    /// <summary>An identity that was cut short or never told.</summary>
    public static LockOwner Unknown { get; } = new("?", "?", 0, "?", "?", null, Verified: false);

    /// <summary>The identity as bytes: verified (u8), process id (i32), then node, host, process name, user and label, each as length (u16) and UTF-8.</summary>
    public static byte[] Encode(LockOwner owner)
    {
        ReadOnlySpan<string?> texts = [owner.Node, owner.Host, owner.ProcessName, owner.User, owner.Label];
        var length = 5;
        foreach (var text in texts)
            length += 2 + Encoding.UTF8.GetByteCount(text ?? "");
        var bytes = new byte[length];
        bytes[0] = owner.Verified ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(1), owner.ProcessId);
        var rest = bytes.AsSpan(5);
        foreach (var text in texts)
        {
            var written = Encoding.UTF8.GetBytes(text ?? "", rest[2..]);
            BinaryPrimitives.WriteUInt16LittleEndian(rest, (ushort)written);
            rest = rest[(2 + written)..];
        }

        return bytes;
    }

    /// <summary>The identity in these bytes; <see cref="Unknown"/> if they are none.</summary>
    public static LockOwner Decode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 5)
            return Unknown;
        var verified = bytes[0] != 0;
        var process = BinaryPrimitives.ReadInt32LittleEndian(bytes[1..]);
        var rest = bytes[5..];
        if (!TryText(ref rest, out var node) || !TryText(ref rest, out var host) || !TryText(ref rest, out var name)
            || !TryText(ref rest, out var user) || !TryText(ref rest, out var label))
        {
            return Unknown;
        }

        return new LockOwner(node, host, process, name, user, label.Length == 0 ? null : label, verified);
    }

    internal static bool TryText(ref ReadOnlySpan<byte> source, out string text)
    {
        text = "";
        if (source.Length < 2)
            return false;
        var length = BinaryPrimitives.ReadUInt16LittleEndian(source);
        if (source.Length < 2 + length)
            return false;
        text = Encoding.UTF8.GetString(source.Slice(2, length));
        source = source[(2 + length)..];
        return true;
    }
}
