using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text;
using Tyer.Cli.Output;
using Tyer.Daemon.Text;
using Tyer.Simulation;

namespace Tyer.Cli.CommandLine;

/// <summary>Reads the values of arguments and options. A bad one is an error that says what a good one looks like.</summary>
internal static class Values
{
    private static readonly string[] Modes = ["NL", "CR", "CW", "PR", "PW", "EX"];

    /// <summary>Offers the modes by the field's two letters, not by the names of the enumeration.</summary>
    public static void CompleteModes(Option<LockMode?> option)
    {
        option.CompletionSources.Clear();
        option.CompletionSources.Add(Modes);
    }

    public static OutputFormat Format(ArgumentResult result) => Read(result, text => text.ToUpperInvariant() switch
    {
        "TABLE" => OutputFormat.Table,
        "JSON" => OutputFormat.Json,
        _ => throw new FormatException($"'{text}' is no output format; there are table and json."),
    });

    public static LockMode? OptionalMode(ArgumentResult result) => Read<LockMode?>(result, text => LockModes.Parse(text));

    public static ResourceName Resource(ArgumentResult result) => Read(result, text => ResourceName.Parse(text));

    public static ResourceName? OptionalResource(ArgumentResult result) => Read<ResourceName?>(result, text => ResourceName.Parse(text));

    public static LockId Id(ArgumentResult result) => Read(result, text => LockId.Parse(text));

    public static TimeSpan? OptionalSpan(ArgumentResult result) => Read(result, text => DurationText.TryParse(text, out TimeSpan span)
        ? (TimeSpan?)span
        : throw new FormatException($"'{text}' is no span of time; one is {DurationText.Examples}."));

    public static int? ExitCode(ArgumentResult result) => Read(result, text =>
        byte.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out byte code)
            ? (int)code
            : throw new FormatException($"'{text}' is no exit code; one is 0 to 255."));

    /// <summary>A text that is shown to others in one line.</summary>
    public static string? Label(ArgumentResult result) => Read(result, text => IsLabel(text)
        ? text
        : throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"it takes one line of at most {Limits.LabelBytesMax} bytes.")));

    /// <summary>Whether a text may be shown to others in one line.</summary>
    public static bool IsLabel(string text) => Encoding.UTF8.GetByteCount(text) <= Limits.LabelBytesMax && !text.Any(char.IsControl);

    /// <summary>A whole number within limits.</summary>
    public static Func<ArgumentResult, int?> OptionalNumber(int min, int max) => result => Read(result, text =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= min && number <= max
            ? (int?)number
            : throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"'{text}' is out of range; it takes a whole number from {min} to {max}.")));

    /// <summary>A whole number, or the least and the most of several, as in 2-16.</summary>
    public static Func<ArgumentResult, (int Least, int Most)?> OptionalRange(int min, int max) => result => Read<(int, int)?>(result, text =>
    {
        string[] ends = text.Split('-', 2);
        return int.TryParse(ends[0], NumberStyles.None, CultureInfo.InvariantCulture, out int least)
            && int.TryParse(ends[^1], NumberStyles.None, CultureInfo.InvariantCulture, out int most)
            && min <= least && least <= most && most <= max
            ? (least, most)
            : throw new FormatException(string.Create(
                CultureInfo.InvariantCulture, $"'{text}' is out of range; it takes a whole number from {min} to {max}, or two of them as in {min}-{max}."));
    });

    /// <summary>What a simulated life is made from.</summary>
    public static ulong? OptionalSeed(ArgumentResult result) => Read(result, text =>
        ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong seed)
            ? (ulong?)seed
            : throw new FormatException($"'{text}' is no seed; one is a whole number from 0 to {ulong.MaxValue}."));

    /// <summary>How rough a simulated life is.</summary>
    public static SimProfile? OptionalProfile(ArgumentResult result) => Read(result, text =>
        SimProfile.Find(text)
            ?? throw new FormatException($"there is no profile '{text}'; there are {string.Join(", ", SimProfile.All.Select(profile => profile.Name))}."));

    /// <summary>The name of a lockspace or the like.</summary>
    public static Func<ArgumentResult, string?> SystemNameOf(string what) => result => Read(result, text => SystemName.IsValid(text)
        ? text
        : throw new FormatException($"'{text}' is no {what}; one has 1 to {Limits.SystemNameLengthMax} of A-Z a-z 0-9 . _ -"));

    private static T? Read<T>(ArgumentResult result, Func<string, T> read)
    {
        try
        {
            return read(result.Tokens[0].Value);
        }
        catch (FormatException exception)
        {
            result.AddError(exception.Message);
            return default;
        }
    }
}
