using System.Buffers.Binary;
using System.Text;

namespace Tyer.Sessions.Wire;

/// <summary>
/// Who was in the way, as bytes in a <see cref="CompletedMessage"/>: written under a lock that others wait for, so not as JSON.
/// <code>
/// position i32, how many there were i32, then for each that is told:
///   id u64, epoch u64, counter u64, held i64, waited i64, granted u8, requested u8 (255 = none), is orphan u8, name length u8, name,
///   owner length u16, owner (OwnerCodec), purpose (text)
/// </code>
/// </summary>
internal static class WaitReport
{
    private const byte NoMode = 255;
    private const long NoTime = -1;
    private const int EntryFixedBytes = 44;

    /// <summary>Writes a report; those that do not fit are left out, and still counted.</summary>
    /// <returns>How many bytes it took.</returns>
    internal static int Write(WaitInformation report, Span<byte> destination)
    {
        BinaryPrimitives.WriteInt32LittleEndian(destination, report.Position);
        BinaryPrimitives.WriteInt32LittleEndian(destination[4..], report.HolderCount);
        var length = 8;
        foreach (var entry in report.Holders)
        {
            var written = Write(entry, destination[length..]);
            if (written == 0)
                break;
            length += written;
        }

        return length;
    }

    /// <summary>Reads a report; null if it makes no sense. It only explains an outcome that is certain without it.</summary>
    internal static WaitInformation? Read(ReadOnlySpan<byte> report)
    {
        if (report.Length < 8)
            return null;
        var holders = new List<LockEntry>();
        var rest = report[8..];
        while (!rest.IsEmpty)
        {
            if (ReadEntry(ref rest) is not { } entry)
                return null;
            holders.Add(entry);
        }

        return new WaitInformation(
            BinaryPrimitives.ReadInt32LittleEndian(report), holders, BinaryPrimitives.ReadInt32LittleEndian(report[4..]));
    }

    private static int Write(LockEntry entry, Span<byte> destination)
    {
        var owner = OwnerCodec.Encode(entry.Owner);
        var purpose = entry.Purpose ?? "";
        var length = EntryFixedBytes + entry.Resource.ByteLength + 2 + owner.Length + 2 + Encoding.UTF8.GetByteCount(purpose);
        if (length > destination.Length)
            return 0;
        BinaryPrimitives.WriteUInt64LittleEndian(destination, entry.Id.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[8..], entry.Token.Epoch);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[16..], entry.Token.Counter);
        BinaryPrimitives.WriteInt64LittleEndian(destination[24..], entry.HeldFor?.Ticks ?? NoTime);
        BinaryPrimitives.WriteInt64LittleEndian(destination[32..], entry.WaitedFor?.Ticks ?? NoTime);
        destination[40] = entry.Granted is { } granted ? (byte)granted : NoMode;
        destination[41] = entry.Requested is { } requested ? (byte)requested : NoMode;
        destination[42] = entry.IsOrphan ? (byte)1 : (byte)0;
        entry.Resource.TryWriteBytes(destination[EntryFixedBytes..], out var nameLength);
        destination[43] = (byte)nameLength;
        var rest = destination[(EntryFixedBytes + nameLength)..];
        BinaryPrimitives.WriteUInt16LittleEndian(rest, (ushort)owner.Length);
        owner.CopyTo(rest[2..]);
        rest = rest[(2 + owner.Length)..];
        BinaryPrimitives.WriteUInt16LittleEndian(rest, (ushort)Encoding.UTF8.GetBytes(purpose, rest[2..]));
        return length;
    }

    private static LockEntry? ReadEntry(ref ReadOnlySpan<byte> rest)
    {
        if (rest.Length < EntryFixedBytes)
            return null;
        var entry = rest;
        int nameLength = entry[43];
        rest = rest[EntryFixedBytes..];
        if (rest.Length < nameLength + 2 || !ResourceName.TryCreate(rest[..nameLength], out var name))
            return null;
        rest = rest[nameLength..];
        int ownerLength = BinaryPrimitives.ReadUInt16LittleEndian(rest);
        rest = rest[2..];
        if (rest.Length < ownerLength)
            return null;
        var owner = OwnerCodec.Decode(rest[..ownerLength]);
        rest = rest[ownerLength..];
        if (!OwnerCodec.TryText(ref rest, out var purpose))
            return null;
        return new LockEntry
        {
            Resource = name,
            Id = new LockId(BinaryPrimitives.ReadUInt64LittleEndian(entry)),
            Owner = owner,
            Granted = ModeOf(entry[40]),
            Requested = ModeOf(entry[41]),
            HeldFor = TimeOf(BinaryPrimitives.ReadInt64LittleEndian(entry[24..])),
            WaitedFor = TimeOf(BinaryPrimitives.ReadInt64LittleEndian(entry[32..])),
            Token = new FencingToken(BinaryPrimitives.ReadUInt64LittleEndian(entry[8..]), BinaryPrimitives.ReadUInt64LittleEndian(entry[16..])),
            IsOrphan = entry[42] != 0,
            Purpose = purpose.Length == 0 ? null : purpose,
        };
    }

    private static LockMode? ModeOf(byte mode) => LockModes.IsDefined((LockMode)mode) ? (LockMode)mode : null;

    private static TimeSpan? TimeOf(long ticks) => ticks < 0 ? null : new TimeSpan(ticks);
}
