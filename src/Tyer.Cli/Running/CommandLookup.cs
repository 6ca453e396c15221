namespace Tyer.Cli.Running;

/// <summary>Looks for a command before anybody waits for a lock on its behalf. What counts in the end is what <c>exec</c> says.</summary>
internal static class CommandLookup
{
    private const string UsualPath = "/usr/local/bin:/usr/bin:/bin";

    /// <summary>Whether a file of this name is where a shell would look.</summary>
    public static bool Exists(string command, string? searchPath) => command.Contains('/', StringComparison.Ordinal)
        ? File.Exists(command)
        : (searchPath ?? UsualPath).Split(':').Any(folder => File.Exists(Path.Combine(folder.Length == 0 ? "." : folder, command)));
}
