using System.Globalization;
using System.Text;

namespace Tyer;

/// <summary>
/// Text of strangers (names, labels, process names) on its way to a terminal or a log: what could move the cursor, hide or reorder
/// what stands around it is shown as bytes, <c>\xNN</c>.
/// </summary>
internal static class Printable
{
    /// <summary>Whether a terminal shows it as what it is: no control, no format character, no space that looks like another.</summary>
    public static bool IsPlain(Rune rune) => rune.Value != '\\' && Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
            or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator => false,
        UnicodeCategory.SpaceSeparator => rune.Value == ' ',
        _ => true,
    };

    public static bool IsPlain(string text)
    {
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (!IsPlain(rune)) return false;
        }

        return true;
    }

    /// <summary>The text itself where it is plain; else with the bytes of what is not.</summary>
    public static string Escape(string text)
    {
        if (IsPlain(text)) return text;

        var escaped = new StringBuilder(text.Length * 2);
        Span<byte> bytes = stackalloc byte[4];
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (IsPlain(rune)) escaped.Append(rune.ToString());
            else AppendEscaped(escaped, bytes[..rune.EncodeToUtf8(bytes)]);
        }

        return escaped.ToString();
    }

    public static void AppendEscaped(StringBuilder text, ReadOnlySpan<byte> bytes)
    {
        foreach (byte b in bytes) text.Append(CultureInfo.InvariantCulture, $@"\x{b:x2}");
    }
}
