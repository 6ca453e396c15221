using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Unicode;
using Tyer.Hashing;

namespace Tyer;

/// <summary>
/// The name of a resource: 1 to 64 bytes of any kind, except that the last is not NUL. A string stands for its UTF-8 bytes; two
/// names are equal when their bytes are.
/// </summary>
/// <remarks>
/// One reference and one hash, computed once. Making one from a string allocates nothing; making one from bytes copies them.
/// The default value is no name and is refused by every operation.
/// </remarks>
public readonly struct ResourceName : IEquatable<ResourceName>, IComparable<ResourceName>
{
    // Whoever can choose names must not be able to choose where they fall in this process's tables.
    private static readonly ulong TableSeed = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));

    private readonly object? _name; // string, byte[], or null for no name
    private readonly ulong _hash;

    /// <summary>The name that a string stands for.</summary>
    /// <exception cref="ArgumentNullException"><paramref name="name"/> is null.</exception>
    /// <exception cref="ArgumentException">It is empty, longer than 64 bytes of UTF-8, ends in NUL, or has an unpaired
    /// surrogate.</exception>
    public ResourceName(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (!TryHash(name, out _hash)) throw new ArgumentException(Fault(name), nameof(name));
        _name = name;
    }

    /// <summary>The name that these bytes are; they are copied.</summary>
    /// <exception cref="ArgumentException">There are none or more than 64, or the last is NUL.</exception>
    public ResourceName(ReadOnlySpan<byte> name)
    {
        if (Fault(name) is { } fault) throw new ArgumentException(fault, nameof(name));
        _name = name.ToArray();
        _hash = XxHash64.Hash(name);
    }

    /// <summary>Whether this is the default value, which names nothing.</summary>
    public bool IsDefault => _name is null;

    /// <summary>XXH64 of the bytes: the same everywhere. It decides shard and directory node.</summary>
    public ulong Hash => _hash;

    /// <summary>How many bytes the name has: 1 to 64; 0 for the default value.</summary>
    public int ByteLength => _name switch
    {
        string text => Encoding.UTF8.GetByteCount(text),
        byte[] bytes => bytes.Length,
        _ => 0,
    };

    /// <summary>The name that a string stands for; see <see cref="ResourceName(string)"/>.</summary>
    /// <exception cref="ArgumentException">The string is no resource name.</exception>
    public static implicit operator ResourceName(string name) => new(name);

    /// <summary>The name that these bytes are; see <see cref="ResourceName(ReadOnlySpan{byte})"/>.</summary>
    /// <exception cref="ArgumentException">The bytes are no resource name.</exception>
    public static explicit operator ResourceName(byte[] name) =>
        new((name ?? throw new ArgumentNullException(nameof(name))).AsSpan());

    /// <summary>The name that these bytes are; see <see cref="ResourceName(ReadOnlySpan{byte})"/>.</summary>
    /// <exception cref="ArgumentException">The bytes are no resource name.</exception>
    public static explicit operator ResourceName(ReadOnlySpan<byte> name) => new(name);

    /// <summary>Makes a name of bytes that came from outside; false when they are none.</summary>
    public static bool TryCreate(ReadOnlySpan<byte> bytes, out ResourceName name)
    {
        bool good = Fault(bytes) is null;
        name = good ? new ResourceName(bytes) : default;
        return good;
    }

    /// <summary>
    /// Reads a name as a person writes it, and as <see cref="ToString"/> prints it: text with <c>\xNN</c> for any byte and
    /// <c>\\</c> for a backslash, or <c>hex:</c> followed by pairs of hexadecimal digits.
    /// </summary>
    /// <exception cref="FormatException">The message says what is wrong.</exception>
    public static ResourceName Parse(ReadOnlySpan<char> text) =>
        ResourceNameText.Read(text, out ResourceName name) is { } fault ? throw new FormatException(fault) : name;

    /// <summary>Reads a name as <see cref="Parse"/> does; false when it is none.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out ResourceName name) => ResourceNameText.Read(text, out name) is null;

    /// <summary>Copies the bytes of the name.</summary>
    /// <param name="destination">64 bytes always suffice.</param>
    /// <param name="bytesWritten">How many were written; 0 when it returns false.</param>
    /// <returns>False when <paramref name="destination"/> is too short.</returns>
    public bool TryWriteBytes(Span<byte> destination, out int bytesWritten)
    {
        switch (_name)
        {
            case string text when Utf8.FromUtf16(text, destination, out _, out bytesWritten) == OperationStatus.Done:
                return true;
            case byte[] bytes when bytes.AsSpan().TryCopyTo(destination):
                bytesWritten = bytes.Length;
                return true;
            default:
                bytesWritten = 0;
                return _name is null;
        }
    }

    /// <inheritdoc/>
    // Inlined, so that a name that is asked for again is known by its reference alone, and not copied for a call.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Equals(ResourceName other) => _hash == other._hash && (ReferenceEquals(_name, other._name) || HasBytesOf(other));

    /// <summary>Whether the name has exactly these bytes.</summary>
    public bool Equals(ReadOnlySpan<byte> bytes)
    {
        if (_name is byte[] mine) return bytes.SequenceEqual(mine);

        // Nearly every name is ASCII: its characters are its bytes, and need not be written out to be compared.
        return _name is string text && (Ascii.Equals(bytes, text) || (!Ascii.IsValid(bytes) && EqualsWrittenOut(bytes)));
    }

    /// <inheritdoc/>
    public override bool Equals([NotNullWhen(true)] object? obj) => obj is ResourceName other && Equals(other);

    /// <summary>
    /// A hash for tables in this process: other in each process, on purpose. <see cref="Hash"/> is the one that is everywhere the same.
    /// </summary>
    public override int GetHashCode() => TableHash(_hash);

    /// <summary>Byte by byte, so that every node lists names in the same order; no name comes first.</summary>
    public int CompareTo(ResourceName other)
    {
        Span<byte> mine = stackalloc byte[Limits.ResourceNameBytesMax];
        Span<byte> others = stackalloc byte[Limits.ResourceNameBytesMax];
        TryWriteBytes(mine, out int length);
        other.TryWriteBytes(others, out int otherLength);
        return mine[..length].SequenceCompareTo(others[..otherLength]);
    }

    /// <summary>
    /// The name for people: its text, with <c>\xNN</c> for what is not printable, is not UTF-8, or would read as an escape.
    /// <see cref="Parse"/> gives the same name back.
    /// </summary>
    public override string ToString() => ResourceNameText.Write(this, _name as string);

    /// <summary>Whether both name the same resource.</summary>
    public static bool operator ==(ResourceName left, ResourceName right) => left.Equals(right);

    /// <summary>Whether they name different resources.</summary>
    public static bool operator !=(ResourceName left, ResourceName right) => !left.Equals(right);

    /// <summary>Whether <paramref name="left"/> is listed before <paramref name="right"/>.</summary>
    public static bool operator <(ResourceName left, ResourceName right) => left.CompareTo(right) < 0;

    /// <summary>Whether <paramref name="left"/> is listed after <paramref name="right"/>.</summary>
    public static bool operator >(ResourceName left, ResourceName right) => left.CompareTo(right) > 0;

    /// <summary>Whether <paramref name="left"/> is <paramref name="right"/> or is listed before it.</summary>
    public static bool operator <=(ResourceName left, ResourceName right) => left.CompareTo(right) <= 0;

    /// <summary>Whether <paramref name="left"/> is <paramref name="right"/> or is listed after it.</summary>
    public static bool operator >=(ResourceName left, ResourceName right) => left.CompareTo(right) >= 0;

    internal static int TableHash(ulong hash) => (int)(((hash ^ TableSeed) * 0x9E3779B97F4A7C15) >> 32);

    /// <summary>What keeps these bytes from being a name; null when nothing does.</summary>
    internal static string? Fault(ReadOnlySpan<byte> bytes) => bytes.Length switch
    {
        0 => $"A resource name is empty; it takes 1 to {Limits.ResourceNameBytesMax} bytes.",
        > Limits.ResourceNameBytesMax => $"A resource name has {bytes.Length} bytes; the limit is {Limits.ResourceNameBytesMax}.",
        // Peers that pad names with zeros to a fixed size could not tell it from the name without.
        _ when bytes[^1] == 0 => "A resource name ends in a NUL byte; any other last byte is allowed.",
        _ => null,
    };

    private bool HasBytesOf(ResourceName other) => (_name, other._name) switch
    {
        // Well-formed strings are equal exactly when their UTF-8 bytes are.
        (string mine, string others) => mine == others,
        (byte[] mine, _) => other.Equals(mine.AsSpan()),
        (_, byte[] others) => Equals(others.AsSpan()),
        _ => false,
    };

    private bool EqualsWrittenOut(ReadOnlySpan<byte> bytes)
    {
        Span<byte> buffer = stackalloc byte[Limits.ResourceNameBytesMax];
        return TryWriteBytes(buffer, out int length) && bytes.SequenceEqual(buffer[..length]);
    }

    private static bool TryHash(string name, out ulong hash)
    {
        // Nearly every name is ASCII, for which this is the short way.
        bool mayBeAscii = name.Length is > 0 and <= Limits.ResourceNameBytesMax && name[^1] != 0;
        return (mayBeAscii && XxHash64.TryHashAscii(name, out hash)) || TryHashUtf8(name, out hash);
    }

    // Not inlined: its buffer would be cleared for every name.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool TryHashUtf8(string name, out ulong hash)
    {
        Span<byte> buffer = stackalloc byte[Limits.ResourceNameBytesMax];
        bool good = Utf8.FromUtf16(name, buffer, out _, out int length, replaceInvalidSequences: false) == OperationStatus.Done
            && Fault(buffer[..length]) is null;
        hash = good ? XxHash64.Hash(buffer[..length]) : 0;
        return good;
    }

    private static string Fault(string name)
    {
        for (int i = 0; i < name.Length; i++)
        {
            if (!char.IsSurrogate(name[i])) continue;
            if (i + 1 < name.Length && char.IsSurrogatePair(name[i], name[i + 1])) i++;
            else return $"A resource name has an unpaired surrogate (U+{(int)name[i]:X4}) at position {i + 1}; it has no UTF-8 form.";
        }

        return Fault(Encoding.UTF8.GetBytes(name)) ?? throw new InvalidOperationException("A good name was refused.");
    }
}
