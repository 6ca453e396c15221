using System.Globalization;
using System.Text;

namespace Tyer.Engine.Tests.Truth;

/// <summary>What a step of a program calls.</summary>
internal enum TruthCall
{
    Lock,
    Convert,
    Unlock,
    Cancel,
}

/// <summary>One call, and what a kernel was seen to answer.</summary>
/// <param name="Number">Which step of its program, from 1.</param>
/// <param name="Node">Who calls.</param>
/// <param name="Call">What.</param>
/// <param name="Lock">The lock's name: it belongs to one node.</param>
/// <param name="Resource">The resource of a new lock.</param>
/// <param name="Mode">The mode of a lock or convert call; it may be none of the six.</param>
/// <param name="Flags">The flags.</param>
/// <param name="Value">What the caller puts into the lock's buffer before the call; null: it stays as it is.</param>
/// <param name="Outcomes">The lines that followed, those of one lock together and in their order.</param>
internal sealed record TruthStep(
    int Number, uint Node, TruthCall Call, string Lock, string Resource, LockMode Mode, RawFlags Flags, byte[]? Value,
    IReadOnlyList<string> Outcomes);

/// <summary>A recorded lock program; <c>programs/README.md</c> says where it comes from.</summary>
internal sealed class TruthProgram
{
    /// <summary>The size of a value where the programs were recorded: that of every lockspace of the kernel's device.</summary>
    internal const int ValueSize = 32;

    private const string Separator = "----";
    private const string LongName = "long65";

    private static string Folder => Path.Combine(AppContext.BaseDirectory, "Truth", "programs");

    /// <summary>Four digits.</summary>
    internal required string Name { get; init; }

    /// <summary>The kernel's version.</summary>
    internal required string Kernel { get; init; }

    /// <summary>How many nodes issue calls.</summary>
    internal required int Nodes { get; init; }

    /// <summary>The master of each resource, for the whole program.</summary>
    internal required IReadOnlyDictionary<string, uint> Masters { get; init; }

    /// <summary>The calls, in order.</summary>
    internal required IReadOnlyList<TruthStep> Steps { get; init; }

    /// <summary>The queues and values after the last step.</summary>
    internal required IReadOnlyList<string> End { get; init; }

    /// <summary>All programs, by name.</summary>
    internal static IReadOnlyList<TruthProgram> ReadAll() =>
        [.. System.IO.Directory.EnumerateFiles(Folder, "*.truth").Order(StringComparer.Ordinal).Select(Read)];

    private static TruthProgram Read(string path)
    {
        var lines = File.ReadAllLines(path);
        var header = lines[0].Split(' ');
        var steps = new List<TruthStep>();
        IReadOnlyList<string> end = [];
        for (var at = 2; at < lines.Length;)
        {
            if (lines[at].Length == 0 || lines[at][0] == '#')
            {
                at++;
                continue;
            }

            var call = lines[at];
            if (lines[at + 1] != Separator)
                throw new FormatException($"{path}:{at + 2}: a line of dashes follows a step");
            var outcomes = lines[(at + 2)..].TakeWhile(line => line.Length > 0).ToArray();
            at += 2 + outcomes.Length;
            if (call == "end")
                end = outcomes;
            else
                steps.Add(ReadStep(steps.Count + 1, call, OrderByLock(outcomes)));
        }

        return new TruthProgram
        {
            Name = header[2],
            Kernel = ValueOf(header, "kernel="),
            Nodes = int.Parse(ValueOf(header, "nodes="), CultureInfo.InvariantCulture),
            Masters = lines[1].Split(' ')[2..].Select(each => each.Split('=')).ToDictionary(each => each[0], each => NodeOf(each[1])),
            Steps = steps,
            End = end,
        };
    }

    /// <summary>Between different locks order means nothing: those of one lock are brought together.</summary>
    internal static IReadOnlyList<string> OrderByLock(IEnumerable<string> outcomes) =>
        [.. outcomes.OrderBy(LockOf, StringComparer.Ordinal)];

    /// <summary>The lock that a line is about.</summary>
    internal static string LockOf(string outcome) => outcome[..outcome.IndexOf(' ', StringComparison.Ordinal)];

    /// <summary>The resource that a program's word stands for: one of them is longer than a name may be.</summary>
    internal static byte[] NameOf(string resource) =>
        Encoding.UTF8.GetBytes(resource == LongName ? new string('x', Limits.ResourceNameBytesMax + 1) : resource);

    private static TruthStep ReadStep(int number, string line, IReadOnlyList<string> outcomes)
    {
        var words = new Queue<string>(line.Split(' '));
        var node = NodeOf(words.Dequeue());
        var call = Enum.Parse<TruthCall>(words.Dequeue(), ignoreCase: true);
        var name = words.Dequeue();
        var resource = call == TruthCall.Lock ? words.Dequeue() : "";
        var mode = call is TruthCall.Lock or TruthCall.Convert ? ModeOf(words.Dequeue()) : default;
        var flags = RawFlags.None;
        byte[]? value = null;
        foreach (var word in words)
        {
            if (word.StartsWith("lvb=", StringComparison.Ordinal))
                value = Pad(Convert.FromHexString(word["lvb=".Length..]));
            else
                flags |= Enum.Parse<RawFlags>(word, ignoreCase: true);
        }

        return new TruthStep(number, node, call, name, resource, mode, flags, value, outcomes);
    }

    private static string ValueOf(string[] header, string key) =>
        header.Single(word => word.StartsWith(key, StringComparison.Ordinal))[key.Length..];

    private static uint NodeOf(string node) => uint.Parse(node.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture);

    private static LockMode ModeOf(string word) =>
        LockModes.TryParse(word, out var mode) ? mode : (LockMode)byte.Parse(word, NumberStyles.None, CultureInfo.InvariantCulture);

    private static byte[] Pad(byte[] value)
    {
        Array.Resize(ref value, ValueSize);
        return value;
    }
}
