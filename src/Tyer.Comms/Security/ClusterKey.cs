using System.Globalization;
using System.Security.Cryptography;

namespace Tyer.Comms.Security;

/// <summary>
/// A secret that the nodes of a cluster share, and the id by which they name it to each other. The secret never leaves this object but into
/// a key file and into the framework's cryptography; its memory does not move, so that no copy of it is left behind.
/// </summary>
internal sealed class ClusterKey
{
    /// <summary>Bytes of a secret.</summary>
    public const int SecretBytes = 32;

    private readonly byte[] _secret = GC.AllocateArray<byte>(SecretBytes, pinned: true);

    private ClusterKey(uint id) => Id = id;

    /// <summary>A key that was retired is in use until the last handshake with it is over; then its memory is cleared.</summary>
    ~ClusterKey() => CryptographicOperations.ZeroMemory(_secret);

    /// <summary>Its name; not 0, and no secret.</summary>
    public uint Id { get; }

    /// <summary>The secret itself.</summary>
    public ReadOnlySpan<byte> Secret => _secret;

    /// <summary>The name as people see it.</summary>
    public string IdText => TextOf(Id);

    /// <summary>The name of a key as people see it.</summary>
    public static string TextOf(uint id) => id.ToString("x8", CultureInfo.InvariantCulture);

    /// <summary>A new key from the system's randomness, with an id that none of others has.</summary>
    public static ClusterKey New(IEnumerable<uint> taken)
    {
        uint id;
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        do
        {
            RandomNumberGenerator.Fill(bytes);
            id = BitConverter.ToUInt32(bytes);
        }
        while (id == 0 || taken.Contains(id));

        var key = new ClusterKey(id);
        RandomNumberGenerator.Fill(key._secret);
        return key;
    }

    /// <summary>Reads a secret of 64 hexadecimal digits; null when it is none.</summary>
    public static ClusterKey? TryRead(uint id, ReadOnlySpan<byte> digits)
    {
        var key = new ClusterKey(id);
        return digits.Length == 2 * SecretBytes && Convert.FromHexString(digits, key._secret, out _, out _) == System.Buffers.OperationStatus.Done ? key : null;
    }

    /// <summary>Its id only.</summary>
    public override string ToString() => $"key {IdText}";
}
