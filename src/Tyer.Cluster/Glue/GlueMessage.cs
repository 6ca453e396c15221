using System.Buffers.Binary;

namespace Tyer.Cluster.Glue;

/// <summary>What nodes under an engine say to each other themselves.</summary>
internal enum GlueMessageKind : byte
{
    /// <summary>A member renews its lease: number of the renewal, digest of what both have to have in common.</summary>
    Renewal = 1,

    /// <summary>It is answered: number of the renewal, the life that has sent it.</summary>
    Answer = 2,

    /// <summary>By the sender's count a departed one's lease has run out: node, life.</summary>
    RanOut = 3,

    /// <summary>The sender stops in order, and is about to hand over what it masters: nothing more to say.</summary>
    Leaving = 4,
}

/// <summary>A message: kind (u8), the sender's life (u64), and two numbers (u64) whose meaning the kind says; all little-endian.</summary>
internal readonly record struct GlueMessage(GlueMessageKind Kind, Incarnation Sender, ulong First = 0, ulong Second = 0)
{
    public const int Length = 1 + (3 * sizeof(ulong));

    /// <summary>Whom a <see cref="GlueMessageKind.RanOut"/> is about.</summary>
    public NodeIncarnation Departed => new(new NodeId((uint)First), new Incarnation(Second));

    public static GlueMessage RanOut(Incarnation sender, NodeIncarnation departed) =>
        new(GlueMessageKind.RanOut, sender, departed.Node.Value, departed.Incarnation.Value);

    public void Write(Span<byte> destination)
    {
        destination[0] = (byte)Kind;
        BinaryPrimitives.WriteUInt64LittleEndian(destination[1..], Sender.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[9..], First);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[17..], Second);
    }

    /// <summary>Null for what nobody of this version sends.</summary>
    public static GlueMessage? Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Length || bytes[0] is < (byte)GlueMessageKind.Renewal or > (byte)GlueMessageKind.Leaving) return null;

        var message = new GlueMessage(
            (GlueMessageKind)bytes[0],
            new Incarnation(BinaryPrimitives.ReadUInt64LittleEndian(bytes[1..])),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[9..]),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[17..]));
        bool isValid = message.Sender.Value > 0
            && (message.Kind != GlueMessageKind.RanOut || (message.First <= Limits.NodeIdMax && NodeId.IsValid((uint)message.First) && message.Second > 0));
        return isValid ? message : null;
    }
}
