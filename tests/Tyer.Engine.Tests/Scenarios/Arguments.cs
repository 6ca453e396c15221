using System.Globalization;
using System.Text;

namespace Tyer.Engine.Tests.Scenarios;

/// <summary>What follows the fixed words of a command: flags by their names in the field, key=value, and the word quiet.</summary>
internal sealed class Arguments
{
    private readonly Dictionary<string, string> _values = [];

    internal Arguments(string[] words)
    {
        foreach (var word in words)
        {
            if (word.Split('=', 2) is [var key, var value])
                _values.Add(key, value);
            else if (word == "quiet")
                IsQuiet = true;
            else if (FlagNames.TryParse(word, out var flag))
                Flags |= flag;
            else
                throw new FormatException($"Neither a flag nor key=value: {word}");
        }
    }

    internal RawFlags Flags { get; }

    internal bool IsQuiet { get; }

    internal byte[] Value => Encoding.UTF8.GetBytes(this["value"] ?? "");

    internal string? this[string key] => _values.GetValueOrDefault(key);

    internal int? Number(string key) => this[key] is { } value ? int.Parse(value, CultureInfo.InvariantCulture) : null;

    /// <summary>Seconds as <c>5s</c>, milliseconds as <c>50ms</c>.</summary>
    internal static TimeSpan TimeOf(string text) => text.EndsWith("ms", StringComparison.Ordinal)
        ? TimeSpan.FromMilliseconds(long.Parse(text.AsSpan(0, text.Length - 2), CultureInfo.InvariantCulture))
        : TimeSpan.FromSeconds(long.Parse(text.AsSpan(0, text.Length - 1), CultureInfo.InvariantCulture));

    /// <summary>The same, to be read.</summary>
    internal static string TextOf(TimeSpan time) =>
        time.Milliseconds == 0 ? $"{(long)time.TotalSeconds}s" : $"{(long)time.TotalMilliseconds}ms";
}

/// <summary>Flags in the field's spelling: capitals, no spaces.</summary>
internal static class FlagNames
{
    private static readonly RawFlags[] All = [.. Enum.GetValues<RawFlags>().Where(flag => flag != RawFlags.None)];

    internal static bool TryParse(string text, out RawFlags flag)
    {
        flag = All.FirstOrDefault(each => NameOf(each) == text);
        return flag != RawFlags.None;
    }

    internal static string Print(RawFlags flags) =>
        string.Concat(All.Where(each => flags.HasFlag(each)).Select(each => " " + NameOf(each)));

    internal static string NameOf(RawFlags flag) => flag.ToString().ToUpperInvariant();
}
