using System.Buffers.Binary;
using Tyer.Engine.Messages;

namespace Tyer.Engine.Locks;

/// <summary>Who is in somebody's way, as the master saw it when a wait ended without a grant.</summary>
/// <param name="Position">Place in the queue, 1 = next; conversions come before new requests. 0: it was not queued.</param>
/// <param name="Holders">Who holds what excludes the mode asked for, oldest grant first; at most <see cref="HoldersMax"/>.</param>
/// <param name="HolderCount">How many there are.</param>
public sealed record WaitReport(int Position, IReadOnlyList<HolderReport> Holders, int HolderCount)
{
    /// <summary>More holders than this are counted, not listed.</summary>
    public const int HoldersMax = 8;


    internal static WaitReport Of(Lock asker, long now)
    {
        var queues = asker.Resource.Queues;
        var wanted = asker.Requested!.Value;
        var holders = new List<HolderReport>();
        var count = 0;
        Collect(queues.Granted);
        Collect(queues.Converting);
        return new WaitReport(PositionOf(asker), holders, count);

        void Collect(LockList list)
        {
            for (var each = list.First; each is not null; each = each.Next)
            {
                if (each == asker || each.Granted is not { } held || LockModes.IsCompatible(held, wanted))
                    continue;
                count++;
                if (holders.Count < HoldersMax)
                    holders.Add(new HolderReport(each.Id, held, each.Token, now - each.Since, each.OrphanOf != 0, each.Session.Identity, each.Note));
            }
        }
    }

    /// <summary>The place of a lock in its queue, 1 = next; 0 if it waits in none.</summary>
    internal static int PositionOf(Lock waiting)
    {
        if (waiting.Queue is not (QueueKind.Waiting or QueueKind.Converting))
            return 0;
        var position = 1;
        for (var ahead = waiting.Previous; ahead is not null; ahead = ahead.Previous)
            position++;
        return waiting.Queue == QueueKind.Waiting ? position + waiting.Resource.Queues.Converting.Count : position;
    }

    internal byte[] ToBytes()
    {
        var bytes = new byte[MessageCodec.TextMax];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, Position);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), HolderCount);
        var written = 8;
        foreach (var holder in Holders)
        {
            // Those that do not fit are counted, not listed.
            if (holder.Length > bytes.Length - written)
                break;
            written += holder.Write(bytes.AsSpan(written));
        }

        return bytes[..written];
    }

    internal static WaitReport? FromBytes(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 8)
            return null;
        var position = BinaryPrimitives.ReadInt32LittleEndian(bytes);
        var count = BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]);
        var holders = new List<HolderReport>();
        var rest = bytes[8..];
        while (holders.Count < HoldersMax && HolderReport.TryRead(ref rest, out var holder))
            holders.Add(holder);
        return new WaitReport(position, holders, count);
    }
}

/// <summary>One who holds a lock that is in the way.</summary>
/// <param name="Id">The lock.</param>
/// <param name="Mode">The mode held.</param>
/// <param name="Token">The token of its grant.</param>
/// <param name="HeldFor">For how long it has held that mode, in ticks of 100 ns.</param>
/// <param name="IsOrphan">Whether its process is dead and the lock was left behind.</param>
/// <param name="Identity">Who it is, as the node layer encodes it; left out of a message if it is very long.</param>
/// <param name="Note">Label and purpose of the lock, as the node layer encodes them; left out of a message if they are very long.</param>
public readonly record struct HolderReport(
    LockId Id, LockMode Mode, FencingToken Token, long HeldFor, bool IsOrphan, ReadOnlyMemory<byte> Identity, ReadOnlyMemory<byte> Note)
{
    private const int FixedLength = 8 + 1 + 16 + 8 + 1 + 2 + 2;

    /// <summary>The longest identity, and the longest note, that a message carries.</summary>
    private const int TextMax = 400;

    internal int Length => FixedLength + Sent(Identity).Length + Sent(Note).Length;

    internal int Write(Span<byte> destination)
    {
        var identity = Sent(Identity).Span;
        var note = Sent(Note).Span;
        BinaryPrimitives.WriteUInt64LittleEndian(destination, Id.Value);
        destination[8] = (byte)Mode;
        BinaryPrimitives.WriteUInt64LittleEndian(destination[9..], Token.Epoch);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[17..], Token.Counter);
        BinaryPrimitives.WriteInt64LittleEndian(destination[25..], HeldFor);
        destination[33] = IsOrphan ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteUInt16LittleEndian(destination[34..], (ushort)identity.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[36..], (ushort)note.Length);
        identity.CopyTo(destination[FixedLength..]);
        note.CopyTo(destination[(FixedLength + identity.Length)..]);
        return FixedLength + identity.Length + note.Length;
    }

    internal static bool TryRead(ref ReadOnlySpan<byte> source, out HolderReport holder)
    {
        holder = default;
        if (source.Length < FixedLength || source[8] > (byte)LockMode.Exclusive)
            return false;
        var identity = BinaryPrimitives.ReadUInt16LittleEndian(source[34..]);
        var note = BinaryPrimitives.ReadUInt16LittleEndian(source[36..]);
        if (source.Length < FixedLength + identity + note)
            return false;
        holder = new HolderReport(
            new LockId(BinaryPrimitives.ReadUInt64LittleEndian(source)),
            (LockMode)source[8],
            new FencingToken(BinaryPrimitives.ReadUInt64LittleEndian(source[9..]), BinaryPrimitives.ReadUInt64LittleEndian(source[17..])),
            BinaryPrimitives.ReadInt64LittleEndian(source[25..]),
            source[33] != 0,
            source.Slice(FixedLength, identity).ToArray(),
            source.Slice(FixedLength + identity, note).ToArray());
        source = source[(FixedLength + identity + note)..];
        return true;
    }

    private static ReadOnlyMemory<byte> Sent(ReadOnlyMemory<byte> text) => text.Length <= TextMax ? text : default;
}
