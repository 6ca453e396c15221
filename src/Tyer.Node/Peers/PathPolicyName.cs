using Tyer.Comms.Paths;

namespace Tyer.Node.Peers;

/// <summary>Policies of paths as the configuration and operators call them.</summary>
internal static class PathPolicyName
{
    private static readonly Dictionary<string, PathPolicy> Names = new(StringComparer.Ordinal)
    {
        ["passive"] = PathPolicy.Passive,
        ["least-queued"] = PathPolicy.LeastQueued,
    };

    /// <summary>A policy's name.</summary>
    internal static string Of(PathPolicy policy) => Names.First(each => each.Value == policy).Key;

    /// <summary>The policy of a name; passive where there is none.</summary>
    /// <exception cref="ArgumentException">There is none of that name; the message names those that there are.</exception>
    internal static PathPolicy Parse(string? name) => name is null ? PathPolicy.Passive
        : Names.TryGetValue(name, out var policy) ? policy
        : throw new ArgumentException($"PathPolicy is '{name}'; it takes {string.Join(" or ", Names.Keys)}.");
}
