using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Tyer.Comms.Security;

/// <summary>
/// One direction of a sealed link: AES-256-GCM over what is sent in one go, at most <see cref="PlainBytesMax"/> bytes at a time. A record is
/// <code>
///  0 length u32, of the sealed bytes    4 reserved u32, zero    8 counter u64, from 0
/// 16 sealed bytes, then a tag of 16 bytes
/// </code>
/// The first 16 bytes are authenticated with it. The nonce is the direction u32 and the counter, so under one key none is used twice; and a
/// record that is missing, repeated or moved is noticed. After so many records both sides go over to the next key, which is derived from the one before.
/// Not for two threads at once. Nothing is allocated per record.
/// </summary>
internal sealed class SealCipher : IDisposable
{
    /// <summary>Bytes in one record, at most, before they are sealed.</summary>
    public const int PlainBytesMax = CommsLimits.SegmentBytes;

    /// <summary>Bytes in front of what is sealed.</summary>
    public const int HeaderBytes = 16;

    /// <summary>Bytes that sealing adds.</summary>
    public const int OverheadBytes = HeaderBytes + TagBytes;

    private const int TagBytes = 16;
    private const int NonceBytes = 12;

    private readonly uint _direction;
    private readonly ulong _recordsPerKey;
    private readonly byte[] _key = GC.AllocateArray<byte>(HandshakeKeys.Bytes, pinned: true);
    private AesGcm _aes;
    private ulong _counter;

    /// <param name="sender">Whose records these are.</param>
    /// <param name="key">32 bytes; copied.</param>
    /// <param name="recordsPerKey">Records after which the key changes.</param>
    public SealCipher(HandshakeRole sender, ReadOnlySpan<byte> key, ulong recordsPerKey = CommsLimits.RecordsPerKey)
    {
        _direction = sender == HandshakeRole.Initiator ? 1u : 2u;
        _recordsPerKey = recordsPerKey;
        key.CopyTo(_key);
        _aes = new AesGcm(_key, TagBytes);
    }

    /// <summary>Makes the next record.</summary>
    /// <param name="plain">What is to be sealed, 1 to <see cref="PlainBytesMax"/> bytes.</param>
    /// <param name="record">Where to; not the same memory.</param>
    /// <returns>Bytes of the record.</returns>
    public int Seal(ReadOnlySpan<byte> plain, Span<byte> record)
    {
        Span<byte> header = record[..HeaderBytes];
        BinaryPrimitives.WriteUInt32LittleEndian(header, (uint)plain.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], 0);
        BinaryPrimitives.WriteUInt64LittleEndian(header[8..], _counter);
        Span<byte> nonce = stackalloc byte[NonceBytes];
        WriteNonce(nonce);
        _aes.Encrypt(nonce, plain, record.Slice(HeaderBytes, plain.Length), record.Slice(HeaderBytes + plain.Length, TagBytes), header);
        Count();
        return plain.Length + OverheadBytes;
    }

    /// <summary>How many bytes the record at the start of the input has sealed; 0: it is not whole yet; -1: it is none that may come here.</summary>
    public int Measure(ReadOnlySpan<byte> input)
    {
        if (input.Length < HeaderBytes) return 0;
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(input);
        if (length is 0 or > PlainBytesMax
            || BinaryPrimitives.ReadUInt32LittleEndian(input[4..]) != 0
            || BinaryPrimitives.ReadUInt64LittleEndian(input[8..]) != _counter)
        {
            return -1;
        }

        return input.Length < OverheadBytes + (int)length ? 0 : (int)length;
    }

    /// <summary>Opens a record that has been measured; false when it is not what the other side sealed.</summary>
    public bool TryOpen(ReadOnlySpan<byte> record, Span<byte> plain)
    {
        Span<byte> nonce = stackalloc byte[NonceBytes];
        WriteNonce(nonce);
        try
        {
            _aes.Decrypt(nonce, record.Slice(HeaderBytes, plain.Length), record.Slice(HeaderBytes + plain.Length, TagBytes), plain, record[..HeaderBytes]);
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }

        Count();
        return true;
    }

    /// <summary>Forgets the key.</summary>
    public void Dispose()
    {
        _aes.Dispose();
        CryptographicOperations.ZeroMemory(_key);
    }

    private void WriteNonce(Span<byte> nonce)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(nonce, _direction);
        BinaryPrimitives.WriteUInt64LittleEndian(nonce[4..], _counter);
    }

    private void Count()
    {
        if (++_counter % _recordsPerKey != 0) return;

        Span<byte> next = stackalloc byte[HandshakeKeys.Bytes];
        HKDF.Expand(HashAlgorithmName.SHA256, _key, next, "tyer 1 next seal"u8);
        next.CopyTo(_key);
        CryptographicOperations.ZeroMemory(next);
        _aes.Dispose();
        _aes = new AesGcm(_key, TagBytes);
    }
}
