using System.Collections.Immutable;

namespace Tyer.Cluster.Fencing;

/// <summary>
/// A program that can cut the power of a node's machine, and how it is called: a fence agent, by the convention that the agents of Linux distributions keep
/// to. It reads its options as lines <c>key=value</c> from its standard input, and ends with 0 when it has done what they say.
/// </summary>
public sealed record FenceAgent
{
    private static readonly string[] SecretNames = ["pass", "secret", "token", "key", "community"];

    /// <summary>Its path, or its name, which is looked for in PATH, <c>/usr/sbin</c> and <c>/sbin</c>: <c>fence_ipmilan</c>.</summary>
    public required string Program { get; init; }

    /// <summary>
    /// What it is told besides <c>action</c>, <c>nodename</c> and, unless it is among these, <c>port</c>, which are the node's name. Values are shown to nobody.
    /// </summary>
    public IReadOnlyDictionary<string, string> Options { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>
    /// A file with more of them, a line each, for its owner only: the place for passwords. It is read each time that the agent is run. Default: none.
    /// </summary>
    public string? OptionsFile { get; init; }

    /// <summary>What it is to do: <c>off</c> (default) or <c>reboot</c>, or what else the agent calls it.</summary>
    public string Action { get; init; } = "off";

    /// <summary>How long it may take, 1 s to 1 h; then it is killed, and has failed. Default: 60 s.</summary>
    public TimeSpan Timeout { get; init; } = ClusterLimits.FenceTimeoutDefault;

    /// <summary>What it is called in messages: the program without its folder.</summary>
    public string Name => Path.GetFileName(Program);

    /// <summary>Whether an option of this name is taken for a secret, which is cut out of what an agent says.</summary>
    public static bool IsSecret(string option) => Array.Exists(SecretNames, name => option.Contains(name, StringComparison.OrdinalIgnoreCase));

    /// <summary>Returns when it can be run as it is configured.</summary>
    /// <exception cref="ArgumentException">It cannot; the message says why and what to do.</exception>
    public void Validate()
    {
        if (string.IsNullOrWhiteSpace(Program)) throw new ArgumentException("A fence agent needs a Program: the agent's path or name, such as fence_ipmilan.");
        if (Timeout < ClusterLimits.FenceTimeoutMin || Timeout > ClusterLimits.FenceTimeoutMax)
            throw new ArgumentException($"The Timeout of fence agent {Name} is {Timeout}; it takes {ClusterLimits.FenceTimeoutMin} to {ClusterLimits.FenceTimeoutMax}.");
        if (!IsKey(Action)) throw new ArgumentException($"The Action of fence agent {Name} is '{Action}'; it takes a word, such as off or reboot.");
        // 'on' ends with 0, and would be taken for a proof.
        if (Action is "on" or "status" or "monitor" or "list" or "metadata" or "validate-all")
            throw new ArgumentException($"The Action of fence agent {Name} is '{Action}', which stops nobody: set it to off or reboot.");
        foreach ((string key, string value) in Options) Check(key, value);
        if (Locate() is null)
        {
            throw new ArgumentException(
                $"The fence agent '{Program}' is not there, or is no program: install it (Debian has it in fence-agents, or in a package of its name), or give its path.");
        }
    }

    /// <summary>Where the program is; null: nowhere.</summary>
    internal string? Locate()
    {
        if (Program.Contains('/')) return IsProgram(Program) ? Path.GetFullPath(Program) : null;
        string folders = $"{Environment.GetEnvironmentVariable("PATH") ?? "/usr/bin:/bin"}:/usr/sbin:/sbin";
        return folders.Split(':', StringSplitOptions.RemoveEmptyEntries).Select(folder => Path.Combine(folder, Program)).FirstOrDefault(IsProgram);
    }

    /// <summary>All that it is told about a node, in order.</summary>
    /// <exception cref="IOException">The file cannot be read, or not only by its owner, or is not what it should be.</exception>
    internal IReadOnlyList<KeyValuePair<string, string>> Told(string node, string action)
    {
        var told = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["port"] = node };
        foreach ((string key, string value) in Options) told[key] = value;
        foreach ((string key, string value) in ReadFile()) told[key] = value;
        told["nodename"] = node;
        told["action"] = action;
        return [.. told];
    }

    private IEnumerable<KeyValuePair<string, string>> ReadFile()
    {
        if (OptionsFile is null) yield break;
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(OptionsFile) & ~(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute)) != 0)
            throw new IOException($"others than its owner may use {OptionsFile}: change that with 'chmod 600 {OptionsFile}'");
        int number = 0;
        foreach (string line in File.ReadLines(OptionsFile))
        {
            number++;
            if (line.Trim() is "" or ['#', ..]) continue;
            int equals = line.IndexOf('=', StringComparison.Ordinal);
            // The line itself may be a secret.
            if (equals <= 0 || !IsKey(line[..equals].Trim())) throw new IOException($"line {number} of {OptionsFile} is no key=value");
            yield return new(line[..equals].Trim(), line[(equals + 1)..].Trim());
        }
    }

    private void Check(string key, string value)
    {
        if (!IsKey(key)) throw new ArgumentException($"Fence agent {Name} has the option '{key}'; a name of one is of a-z, A-Z, 0-9, - and _.");
        if (key is "action" or "nodename")
            throw new ArgumentException($"Fence agent {Name} has the option '{key}', which it is told by the node: {(key == "action" ? "set Action" : "leave it out")}.");
        if (value.AsSpan().ContainsAny('\n', '\r', '\0')) throw new ArgumentException($"The option '{key}' of fence agent {Name} has more than one line.");
    }

    private static bool IsKey(string text) => text.Length is > 0 and <= 64 && text.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_');

    private static bool IsProgram(string path) => File.Exists(path)
        && (OperatingSystem.IsWindows() || (File.GetUnixFileMode(path) & (UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute)) != 0);

    /// <summary>The program and the names of its options: no value of one.</summary>
    public override string ToString() => Options.Count == 0 ? Name : $"{Name} ({string.Join(", ", Options.Keys.Order(StringComparer.Ordinal))})";
}
