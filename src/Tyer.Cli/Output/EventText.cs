using System.Globalization;
using System.Text;
using Tyer.Sessions.Administration;

namespace Tyer.Cli.Output;

/// <summary>An event as a line: what happened, to what, and fields as <c>name:value</c> or <c>name:before-&gt;value</c>.</summary>
internal static class EventText
{
    public static string Of(ClusterEvent told, bool withTime)
    {
        var line = new StringBuilder();
        if (withTime) line.Append(told.Time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture)).Append(' ');
        line.Append(told.Kind.ToString().ToLowerInvariant()).Append(' ').Append(told.Object);
        if (told.Key.Length > 0) line.Append(' ').Append(Printable.Escape(told.Key));
        foreach (EventField field in told.Fields)
        {
            line.Append(' ').Append(field.Name).Append(':');
            if (field.Before is { } before) line.Append(Quoted(before)).Append("->");
            line.Append(Quoted(field.Value));
        }

        return line.ToString();
    }

    /// <summary>What has spaces in it, or nothing, stands in quotes, so that a line falls apart at its spaces.</summary>
    private static string Quoted(string value)
    {
        string printable = Printable.Escape(value).Replace("\"", "\\\"", StringComparison.Ordinal);
        return printable.Length == 0 || printable.Contains(' ', StringComparison.Ordinal) ? $"\"{printable}\"" : printable;
    }
}
