using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Tyer.Comms.Security;

/// <summary>
/// Everything that is computed from a key of the cluster, by the framework's HKDF, HMAC and SHA-256:
/// <code>
/// K         = HKDF(secret, salt: name of the cluster, info: "tyer 1 authentication")
/// T         = SHA-256("tyer 1 transcript", length and body of the initiator's hello, length and body of the responder's)
/// proof     = HMAC(K, "tyer 1 initiator" or "tyer 1 responder", id of the node that proves, T)
/// seal keys = HKDF(K, salt: T, info: "tyer 1 seal initiator" or "tyer 1 seal responder", by who sends)
/// </code>
/// T covers versions, features, node ids, incarnations, names, mode, key id and both nonces, so nobody on the way can change any of them
/// unnoticed, and no proof is good for another connection, another node or the other direction.
/// </summary>
internal static class HandshakeKeys
{
    /// <summary>Bytes of a hash, a proof and a derived key.</summary>
    public const int Bytes = SHA256.HashSizeInBytes;

    /// <summary>T.</summary>
    public static byte[] Transcript(ReadOnlySpan<byte> initiatorHello, ReadOnlySpan<byte> responderHello)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData("tyer 1 transcript"u8);
        AppendWithLength(hash, initiatorHello);
        AppendWithLength(hash, responderHello);
        return hash.GetHashAndReset();
    }

    /// <summary>The proof of a node in a role.</summary>
    public static byte[] Proof(ClusterKey key, string cluster, HandshakeRole role, uint node, ReadOnlySpan<byte> transcript)
    {
        Span<byte> derived = stackalloc byte[Bytes];
        Derive(key, cluster, derived);
        try
        {
            using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, derived);
            hmac.AppendData(role == HandshakeRole.Initiator ? "tyer 1 initiator"u8 : "tyer 1 responder"u8);
            Span<byte> number = stackalloc byte[sizeof(uint)];
            BinaryPrimitives.WriteUInt32LittleEndian(number, node);
            hmac.AppendData(number);
            hmac.AppendData(transcript);
            return hmac.GetHashAndReset();
        }
        finally
        {
            CryptographicOperations.ZeroMemory(derived);
        }
    }

    /// <summary>The key under which a role's messages are sealed.</summary>
    public static void SealKey(ClusterKey key, string cluster, HandshakeRole sender, ReadOnlySpan<byte> transcript, Span<byte> destination)
    {
        Span<byte> derived = stackalloc byte[Bytes];
        Derive(key, cluster, derived);
        HKDF.DeriveKey(
            HashAlgorithmName.SHA256, derived, destination, transcript,
            sender == HandshakeRole.Initiator ? "tyer 1 seal initiator"u8 : "tyer 1 seal responder"u8);
        CryptographicOperations.ZeroMemory(derived);
    }

    private static void Derive(ClusterKey key, string cluster, Span<byte> destination) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, key.Secret, destination, Encoding.UTF8.GetBytes(cluster), "tyer 1 authentication"u8);

    private static void AppendWithLength(IncrementalHash hash, ReadOnlySpan<byte> bytes)
    {
        Span<byte> length = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(length, bytes.Length);
        hash.AppendData(length);
        hash.AppendData(bytes);
    }
}
