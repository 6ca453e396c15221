namespace Tyer.Cluster.State;

/// <summary>Where a node keeps its state unless told otherwise.</summary>
public static class StatePath
{
    private const string SystemBase = "/var/lib/tyer";

    /// <summary>
    /// The node's own directory: the node's name under the first of <paramref name="option"/>, <c>$STATE_DIRECTORY</c> (set by
    /// systemd), <c>/var/lib/tyer</c> for root, <c>$XDG_STATE_HOME/tyer</c>, and <c>~/.local/state/tyer</c>.
    /// </summary>
    /// <param name="option">What the operator gave as <c>--state</c>; null for nothing.</param>
    /// <param name="node">The node's name.</param>
    /// <exception cref="StateDirectoryException">None of them is set.</exception>
    public static string Resolve(string? option, string node) =>
        Resolve(option, node, Environment.IsPrivilegedProcess, Environment.GetEnvironmentVariable);

    internal static string Resolve(string? option, string node, bool isRoot, Func<string, string?> variable)
    {
        SystemName.ThrowIfInvalid(node, "node name");
        return Path.Combine(Base(option, isRoot, variable), node);
    }

    private static string Base(string? option, bool isRoot, Func<string, string?> variable)
    {
        if (!string.IsNullOrEmpty(option)) return Path.GetFullPath(option);

        // A unit may declare several state directories; systemd joins them with colons.
        if (variable("STATE_DIRECTORY")?.Split(':')[0] is { Length: > 0 } fromSystemd) return fromSystemd;
        if (isRoot) return SystemBase;

        // The specification of these variables says to ignore a path that is not absolute.
        if (variable("XDG_STATE_HOME") is { } state && Path.IsPathRooted(state)) return Path.Combine(state, "tyer");
        if (variable("HOME") is { Length: > 0 } home) return Path.Combine(home, ".local", "state", "tyer");

        throw new StateDirectoryException(
            StateFault.Missing, "There is no place for the state: neither --state nor STATE_DIRECTORY, XDG_STATE_HOME or HOME is set.");
    }
}
