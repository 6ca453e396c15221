namespace Tyer.Engine.Tests.Truth;

/// <summary>
/// The line of a completion, in its parts. The mode is the one that the owner was told, null if the lock is gone; the master's mode is
/// there where it is another.
/// </summary>
internal sealed record TruthLine(
    string Lock, string Status, LockMode? Mode, LockMode? MasterMode, bool Demoted, bool AlternateMode, bool ValueNotValid, string? Value)
{
    internal const string Granted = "OK";
    internal const string Unlocked = "UNLOCK";
    internal const string Cancelled = "CANCEL";

    private const string Verb = "completes";
    private const string Gone = "gone";

    internal static bool IsCompletion(string line) => line.Split(' ')[1] == Verb;

    internal static TruthLine Plain(string name, string status, LockMode? mode) => new(name, status, mode, null, false, false, false, null);

    internal static TruthLine Parse(string line)
    {
        var words = line.Split(' ');
        return new TruthLine(
            words[0],
            words[2],
            words[3] == Gone ? null : LockModes.Parse(words[3]),
            ValueOf("master=") is { } mode ? LockModes.Parse(mode) : null,
            words.Contains("DEMOTED"),
            words.Contains("ALTMODE"),
            words.Contains("VALNOTVALID"),
            ValueOf("lvb="));

        string? ValueOf(string key) => words.FirstOrDefault(word => word.StartsWith(key, StringComparison.Ordinal))?[key.Length..];
    }

    public override string ToString()
    {
        var words = new List<string> { Lock, Verb, Status, Mode?.ToShortName() ?? Gone };
        if (MasterMode is { } master)
            words.Add($"master={master.ToShortName()}");
        if (Demoted)
            words.Add("DEMOTED");
        if (AlternateMode)
            words.Add("ALTMODE");
        if (ValueNotValid)
            words.Add("VALNOTVALID");
        if (Value is not null)
            words.Add($"lvb={Value}");
        return string.Join(' ', words);
    }
}
