using System.Globalization;

namespace Tyer;

/// <summary>Spans of time as people read them in messages: two units at most, no more digits than matter.</summary>
internal static class Duration
{
    public static string Format(TimeSpan span)
    {
        if (span < TimeSpan.Zero) return "-" + Format(span.Negate());
        FormattableString text = span switch
        {
            { TotalMilliseconds: < 1 } => $"{(long)span.TotalMicroseconds} µs",
            { TotalSeconds: < 1 } => $"{(long)span.TotalMilliseconds} ms",
            // Cut, not rounded: 59.99 s is not a minute yet.
            { TotalMinutes: < 1 } => $"{Math.Truncate(span.TotalSeconds * 10) / 10:0.#} s",
            { TotalHours: < 1 } => $"{span.Minutes} min {span.Seconds} s",
            { TotalDays: < 1 } => $"{span.Hours} h {span.Minutes} min",
            _ => $"{span.Days} d {span.Hours} h",
        };
        return text.ToString(CultureInfo.InvariantCulture);
    }
}
