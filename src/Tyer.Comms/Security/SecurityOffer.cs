using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Tyer.Comms.Security;

/// <summary>
/// What a hello says about security, in a field of its own:
/// <code>
/// 0 mode u8   1 reserved, 3 bytes, zero   4 key id u32   8 nonce, 32 bytes
/// </code>
/// </summary>
/// <param name="Mode">How the sender wants to be known, and to know.</param>
/// <param name="KeyId">The key that the sender offers to use, or uses because the other side offered it.</param>
/// <param name="Nonce">Random, and never used twice.</param>
internal sealed record SecurityOffer(SecurityMode Mode, uint KeyId, ReadOnlyMemory<byte> Nonce)
{
    /// <summary>Bytes of the field's value.</summary>
    public const int Bytes = 8 + NonceBytes;

    /// <summary>Bytes of a nonce.</summary>
    public const int NonceBytes = 32;

    /// <summary>A fresh nonce.</summary>
    public static byte[] NewNonce() => RandomNumberGenerator.GetBytes(NonceBytes);

    /// <summary>Writes the field's value.</summary>
    public void Write(Span<byte> destination)
    {
        destination[..4].Clear();
        destination[0] = (byte)Mode;
        BinaryPrimitives.WriteUInt32LittleEndian(destination[4..], KeyId);
        Nonce.Span.CopyTo(destination[8..]);
    }

    /// <summary>Reads the field's value; null when it is none. A mode that this version does not know is given as its number.</summary>
    public static SecurityOffer? TryRead(ReadOnlySpan<byte> value)
    {
        if (value.Length != Bytes || value[1..4].ContainsAnyExcept((byte)0)) return null;
        return new SecurityOffer((SecurityMode)value[0], BinaryPrimitives.ReadUInt32LittleEndian(value[4..]), value[8..].ToArray());
    }
}
