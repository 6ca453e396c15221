namespace Tyer.Cluster;

/// <summary>A node's place in its cluster, from <see cref="IClusterStack.ConnectAsync"/> until it is disposed.</summary>
/// <remarks>
/// The properties may be read from any thread. They can be ahead of what the observer has been told, never behind.
/// Disposing waits for the observer's last call, <see cref="StackState.Closed"/>, so it must not be awaited inside one.
/// </remarks>
public interface IGroupConnection : IAsyncDisposable
{
    /// <summary>This node, in this life.</summary>
    Member Self { get; }

    /// <summary>What the node may do at present.</summary>
    StackState State { get; }

    /// <summary>Why it is in that state, in words for an operator: whom it waits for, who refused it.</summary>
    string StateReason { get; }

    /// <summary>The installed view; null before the first.</summary>
    ClusterView? View { get; }

    /// <summary>
    /// Until when the node may rely on being a member, on <see cref="Time.IClock"/>; past it the node is to act as expelled, whatever
    /// it has heard since. <see cref="TimeSpan.MaxValue"/> from a stack that puts nobody out.
    /// </summary>
    TimeSpan SafeUntil { get; }
}
