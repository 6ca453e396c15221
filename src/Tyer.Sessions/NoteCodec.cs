using System.Buffers.Binary;
using System.Text;

namespace Tyer.Sessions;

/// <summary>What one lock says of itself beyond its session's identity: label and purpose, as bytes that engines carry.</summary>
public static class NoteCodec
{
    /// <summary>Both as bytes, each as length (u16) and UTF-8; null if there is nothing to say.</summary>
    public static byte[]? Encode(string? label, string? purpose)
    {
        if (label is null && purpose is null)
            return null;
        var labelLength = Encoding.UTF8.GetByteCount(label ?? "");
        var bytes = new byte[4 + labelLength + Encoding.UTF8.GetByteCount(purpose ?? "")];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, (ushort)labelLength);
        Encoding.UTF8.GetBytes(label ?? "", bytes.AsSpan(2));
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(2 + labelLength), (ushort)(bytes.Length - 4 - labelLength));
        Encoding.UTF8.GetBytes(purpose ?? "", bytes.AsSpan(4 + labelLength));
        return bytes;
    }

    /// <summary>Whose a lock is, and what for: what the lock says of itself goes before what its session says.</summary>
    /// <param name="identity">The session's identity, by <see cref="OwnerCodec"/>.</param>
    /// <param name="note">The lock's note; empty if it has none.</param>
    public static (LockOwner Owner, string? Purpose) Describe(ReadOnlySpan<byte> identity, ReadOnlySpan<byte> note)
    {
        var owner = OwnerCodec.Decode(identity);
        var (label, purpose) = Decode(note);
        return (label is null ? owner : owner with { Label = label }, purpose);
    }

    /// <summary>Label and purpose; null where there is none.</summary>
    public static (string? Label, string? Purpose) Decode(ReadOnlySpan<byte> bytes)
    {
        if (!OwnerCodec.TryText(ref bytes, out var label) || !OwnerCodec.TryText(ref bytes, out var purpose))
            return (null, null);
        return (label.Length == 0 ? null : label, purpose.Length == 0 ? null : purpose);
    }
}
