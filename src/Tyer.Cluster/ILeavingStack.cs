namespace Tyer.Cluster;

/// <summary>A stack with <see cref="StackCapabilities.Leave"/>: who stops in order is its own proof, and the others go on at once.</summary>
public interface ILeavingStack
{
    /// <summary>Tells the other members that this node stops in order; completes when they have been told, or agreed to it.</summary>
    /// <param name="hasLeft">False: it begins to. True: no client of this node believes in a lock any more.</param>
    /// <exception cref="LockUnavailableException">The connection to the cluster is closed.</exception>
    Task SayFarewellAsync(bool hasLeft);
}
