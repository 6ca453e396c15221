using System.Buffers;
using System.Globalization;
using System.Text;

namespace Tyer;

/// <summary>Resource names as people read and write them. The two directions are inverse to each other.</summary>
internal static class ResourceNameText
{
    private const string HexPrefix = "hex:";
    private const int EscapeLength = 4; // \xNN

    public static string Write(ResourceName name, string? text)
    {
        if (text is not null && Printable.IsPlain(text) && !text.StartsWith(HexPrefix, StringComparison.Ordinal)) return text;

        Span<byte> bytes = stackalloc byte[Limits.ResourceNameBytesMax];
        name.TryWriteBytes(bytes, out int length);
        return Write(bytes[..length]);
    }

    /// <summary>Reads a name; returns what is wrong with it, or null.</summary>
    public static string? Read(ReadOnlySpan<char> text, out ResourceName name)
    {
        name = default;
        // Longer text cannot be a name in any notation; this also bounds the buffers below.
        if (text.Length > HexPrefix.Length + Limits.ResourceNameBytesMax * EscapeLength)
            return $"The text of a resource name has {text.Length} characters; a name has at most {Limits.ResourceNameBytesMax} bytes.";

        Span<byte> bytes = stackalloc byte[(HexPrefix.Length + Limits.ResourceNameBytesMax * EscapeLength) * 3];
        int length;
        string? fault = text.StartsWith(HexPrefix, StringComparison.Ordinal)
            ? ReadHex(text[HexPrefix.Length..], bytes, out length)
            : ReadEscaped(text, bytes, out length);
        fault ??= ResourceName.Fault(bytes[..length]);
        if (fault is null) name = new ResourceName(bytes[..length]);
        return fault;
    }

    private static string? ReadHex(ReadOnlySpan<char> digits, Span<byte> bytes, out int length) =>
        Convert.FromHexString(digits, bytes, out _, out length) == OperationStatus.Done
            ? null
            : $"'{HexPrefix}{digits}' is not a resource name: '{HexPrefix}' takes pairs of hexadecimal digits.";

    private static string? ReadEscaped(ReadOnlySpan<char> text, Span<byte> bytes, out int length)
    {
        length = 0;
        for (int i = 0; i < text.Length;)
        {
            ReadOnlySpan<char> rest = text[i..];
            if (rest[0] != '\\')
            {
                if (Rune.DecodeFromUtf16(rest, out Rune rune, out int consumed) != OperationStatus.Done)
                    return $"A resource name has an unpaired surrogate (U+{(int)rest[0]:X4}) at position {i + 1}; it has no UTF-8 form.";
                length += rune.EncodeToUtf8(bytes[length..]);
                i += consumed;
            }
            else if (rest.StartsWith(@"\\", StringComparison.Ordinal))
            {
                bytes[length++] = (byte)'\\';
                i += 2;
            }
            else if (rest.Length >= EscapeLength && rest[1] == 'x'
                && byte.TryParse(rest[2..EscapeLength], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte value))
            {
                bytes[length++] = value;
                i += EscapeLength;
            }
            else
            {
                return $@"'{text}' is not a resource name: the backslash at position {i + 1} begins neither \xNN (a byte) nor \\ (itself).";
            }
        }

        return null;
    }

    private static string Write(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length * EscapeLength);
        // A name that happens to begin like the hexadecimal notation must not be read as one.
        if (bytes.StartsWith("hex:"u8))
        {
            Printable.AppendEscaped(text, bytes[..1]);
            bytes = bytes[1..];
        }

        while (!bytes.IsEmpty)
        {
            bool good = Rune.DecodeFromUtf8(bytes, out Rune rune, out int consumed) == OperationStatus.Done;
            if (good && Printable.IsPlain(rune)) text.Append(rune.ToString());
            else Printable.AppendEscaped(text, bytes[..consumed]);
            bytes = bytes[consumed..];
        }

        return text.ToString();
    }
}
