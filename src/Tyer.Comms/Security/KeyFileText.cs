using System.Buffers.Text;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace Tyer.Comms.Security;

/// <summary>
/// The text of a key file. A line is empty, a comment (<c>#</c>), or a key:
/// <code>
/// active   7f3a91c2 4d2b…          64 hexadecimal digits
/// accepted 5b0d11aa 90ff…
/// </code>
/// What is wrong is told by line number; what stands there is never repeated, since it may be a secret in the wrong place.
/// </summary>
internal static class KeyFileText
{
    /// <summary>Bytes of a file, at most.</summary>
    public const int BytesMax = 16 * 1024;

    private const int IdDigits = 8;
    private const string Form = "a key is 'active' or 'accepted', its id (8 hexadecimal digits, not all zero) and its secret (64 hexadecimal digits)";

    private const string Head = """
        # The keys by which the nodes of a Tyer cluster know each other. Every node has the same file, for its own user only (mode 0600).
        # Whoever can read it can join the cluster. 'active' is the key in use; 'accepted' ones are good too, so that keys can be changed
        # while the cluster runs: tyer keygen FILE --add, then --activate ID, then --retire ID, each on all nodes before the next.

        """;

    /// <summary>Reads a file's bytes.</summary>
    /// <param name="text">What it holds.</param>
    /// <param name="fault">What is wrong, with the number of the line where there is one, when the result is null.</param>
    public static KeyRing? TryParse(ReadOnlySpan<byte> text, out (int Line, string What) fault)
    {
        fault = default;
        ClusterKey? active = null;
        var accepted = ImmutableArray.CreateBuilder<ClusterKey>();
        int number = 0;
        while (!text.IsEmpty)
        {
            number++;
            int end = text.IndexOf((byte)'\n');
            ReadOnlySpan<byte> line = Trim(end < 0 ? text : text[..end]);
            text = end < 0 ? default : text[(end + 1)..];
            if (line.IsEmpty || line[0] == '#') continue;

            ReadOnlySpan<byte> role = TakeWord(ref line);
            bool isActive = role.SequenceEqual("active"u8);
            if (!isActive && !role.SequenceEqual("accepted"u8)) return Fail(number, Form, out fault);
            if (!TryReadId(TakeWord(ref line), out uint id)) return Fail(number, Form, out fault);
            if (ClusterKey.TryRead(id, line) is not { } key) return Fail(number, Form, out fault);
            if (active?.Id == id || accepted.Any(other => other.Id == id))
                return Fail(number, $"there is a key {key.IdText} already", out fault);
            if (accepted.Count + (active is null ? 0 : 1) == KeyRing.KeysMax) return Fail(number, $"there are more than {KeyRing.KeysMax} keys", out fault);
            if (!isActive) accepted.Add(key);
            else if (active is null) active = key;
            else return Fail(number, "there is an active key already; all others are 'accepted'", out fault);
        }

        return active is null ? Fail(0, "no key is active", out fault) : new KeyRing([active, .. accepted]);
    }

    /// <summary>Reads an id; false when it is none.</summary>
    public static bool TryReadId(ReadOnlySpan<byte> digits, out uint id)
    {
        bool isNumber = Utf8Parser.TryParse(digits, out id, out int read, 'x');
        return isNumber && digits.Length == IdDigits && read == IdDigits && id != 0;
    }

    /// <summary>Writes a ring.</summary>
    /// <param name="ring">The keys.</param>
    /// <param name="text">Where to; at least <see cref="BytesMax"/>, and to be cleared after use.</param>
    /// <returns>Bytes written.</returns>
    public static int Write(KeyRing ring, Span<byte> text)
    {
        int length = Encoding.UTF8.GetBytes(Head, text);
        foreach (ClusterKey key in ring.Keys)
        {
            string role = key == ring.Active ? "active" : "accepted";
            length += Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{role,-8} {key.IdText} "), text[length..]);
            Convert.TryToHexStringLower(key.Secret, text[length..], out int written);
            length += written;
            text[length++] = (byte)'\n';
        }

        return length;
    }

    private static KeyRing? Fail(int line, string what, out (int Line, string What) fault)
    {
        fault = (line, what);
        return null;
    }

    private static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> line) => line.Trim(" \t\r"u8);

    private static ReadOnlySpan<byte> TakeWord(ref ReadOnlySpan<byte> line)
    {
        int end = line.IndexOfAny((byte)' ', (byte)'\t');
        ReadOnlySpan<byte> word = end < 0 ? line : line[..end];
        line = Trim(end < 0 ? default : line[end..]);
        return word;
    }
}
