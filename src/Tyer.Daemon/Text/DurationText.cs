using System.Buffers;
using System.Globalization;

namespace Tyer.Daemon.Text;

/// <summary>Spans of time as people write them on a command line or in a configuration file: <c>30s</c>, <c>1h30m</c>, <c>500ms</c>.</summary>
internal static class DurationText
{
    public const string Examples = "a number with ms, s, m, h or d, such as 500ms, 30s or 1h30m";

    private static readonly SearchValues<char> NumberCharacters = SearchValues.Create("0123456789.");

    private static readonly (string Unit, long Ticks)[] Units =
    [
        ("ms", TimeSpan.TicksPerMillisecond),
        ("s", TimeSpan.TicksPerSecond),
        ("m", TimeSpan.TicksPerMinute),
        ("h", TimeSpan.TicksPerHour),
        ("d", TimeSpan.TicksPerDay),
    ];

    /// <summary>Reads a span; a number without a unit counts seconds. False when it is none, or too long to count.</summary>
    public static bool TryParse(string? text, out TimeSpan span)
    {
        span = default;
        if (string.IsNullOrWhiteSpace(text)) return false;

        ReadOnlySpan<char> rest = text.AsSpan().Trim();
        if (TryNumber(rest, out decimal seconds)) return TrySpan(seconds * TimeSpan.TicksPerSecond, out span);

        decimal ticks = 0;
        while (!rest.IsEmpty)
        {
            int digits = rest.IndexOfAnyExcept(NumberCharacters);
            if (digits <= 0 || !TryNumber(rest[..digits], out decimal number)) return false;
            rest = rest[digits..];
            int letters = rest.IndexOfAny(NumberCharacters);
            ReadOnlySpan<char> unit = letters < 0 ? rest : rest[..letters];
            if (TicksOf(unit) is not { } unitTicks) return false;
            ticks += number * unitTicks;
            rest = rest[unit.Length..];
        }

        return TrySpan(ticks, out span);
    }

    /// <summary>Writes a span as <see cref="TryParse"/> reads it, cut to two units: <c>1h30m</c>.</summary>
    public static string Format(TimeSpan span)
    {
        if (span == TimeSpan.Zero) return "0s";
        if (span < TimeSpan.Zero) return "-" + Format(span.Negate());
        return span switch
        {
            { TotalMilliseconds: < 1 } => Text($"{Math.Truncate(span.TotalMilliseconds * 1000) / 1000:0.###}ms"),
            { TotalSeconds: < 1 } => Text($"{(int)span.TotalMilliseconds}ms"),
            { TotalMinutes: < 1 } => Text($"{Math.Truncate(span.TotalSeconds * 10) / 10:0.#}s"),
            { TotalHours: < 1 } => Pair(span.Minutes, "m", span.Seconds, "s"),
            { TotalDays: < 1 } => Pair(span.Hours, "h", span.Minutes, "m"),
            _ => Pair(span.Days, "d", span.Hours, "h"),
        };
    }

    private static string Pair(int large, string largeUnit, int small, string smallUnit) =>
        small == 0 ? Text($"{large}{largeUnit}") : Text($"{large}{largeUnit}{small}{smallUnit}");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    // At most a dozen digits: enough for 30,000 years in milliseconds, too few to overflow below.
    private static bool TryNumber(ReadOnlySpan<char> text, out decimal number)
    {
        const int LengthMax = 15;
        number = default;
        return text.Length <= LengthMax && decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out number);
    }

    private static bool TrySpan(decimal ticks, out TimeSpan span)
    {
        bool fits = ticks <= TimeSpan.MaxValue.Ticks;
        span = fits ? new TimeSpan((long)ticks) : default;
        return fits;
    }

    private static long? TicksOf(ReadOnlySpan<char> unit)
    {
        foreach ((string name, long ticks) in Units)
        {
            if (unit.SequenceEqual(name)) return ticks;
        }

        return null;
    }
}
