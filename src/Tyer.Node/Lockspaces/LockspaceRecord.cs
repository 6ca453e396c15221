using System.Buffers.Binary;
using System.Text;

namespace Tyer.Node.Lockspaces;

/// <summary>What the nodes agree on about a lockspace, as the value of its record: name and options.</summary>
internal static class LockspaceRecord
{
    /// <summary>The size of values in the lockspace that holds the records.</summary>
    internal const int Size = 128;

    private const int FixedLength = 13;

    internal static byte[] Encode(string name, LockspaceOptions options)
    {
        var bytes = new byte[FixedLength + Encoding.UTF8.GetByteCount(name)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, options.ValueSize);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), options.QueueLengthMax);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(8), options.LocksPerSessionMax);
        bytes[12] = (byte)(bytes.Length - FixedLength);
        Encoding.UTF8.GetBytes(name, bytes.AsSpan(FixedLength));
        return bytes;
    }

    internal static bool TryDecode(ReadOnlySpan<byte> bytes, out string name, out LockspaceOptions options)
    {
        name = "";
        options = new LockspaceOptions();
        if (bytes.Length < FixedLength || bytes.Length < FixedLength + bytes[12])
            return false;
        name = Encoding.UTF8.GetString(bytes.Slice(FixedLength, bytes[12]));
        options = new LockspaceOptions
        {
            ValueSize = BinaryPrimitives.ReadInt32LittleEndian(bytes),
            QueueLengthMax = BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]),
            LocksPerSessionMax = BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]),
        };
        return true;
    }
}
