namespace Tyer.Client;

/// <summary>What a client takes at most, each with its reason.</summary>
internal static class ClientLimits
{
    /// <summary>Calls that the node has not said a word about, at most: beyond it the node does not keep up, and memory would only grow.</summary>
    internal const int UnansweredCallsMax = 65_536;

    /// <summary>The shortest pause between two keep-alives, however little time the node has left: a node in trouble is not to be flooded.</summary>
    internal static TimeSpan BeatMin { get; } = TimeSpan.FromMilliseconds(20);

    /// <summary>The longest pause of the keep-alive thread: how late the end of a session may be noticed after a suspend.</summary>
    internal static TimeSpan BeatMax { get; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The longest pause before the next attempt to reach the node again; each is a random part of it.</summary>
    internal static TimeSpan ReconnectDelayMax { get; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest pause before a crowded node is asked again; each is a random part of it.</summary>
    internal static TimeSpan CrowdedDelayMax { get; } = TimeSpan.FromMilliseconds(200);

    /// <summary>How long the last releases may take to leave when a client is closed.</summary>
    internal static TimeSpan FarewellMax { get; } = TimeSpan.FromSeconds(1);
}
