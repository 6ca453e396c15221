namespace Tyer.Cluster;

/// <summary>
/// A way to agree on who is in the cluster: built in (<c>local</c>, <c>static</c>) or on top of an outside engine. The rest of Tyer
/// knows membership only through this and what it reports to an <see cref="IGroupObserver"/>.
/// </summary>
public interface IClusterStack
{
    /// <summary>The name by which the configuration selects it, such as <c>local</c>.</summary>
    string Name { get; }

    /// <summary>What it is able to do.</summary>
    StackCapabilities Capabilities { get; }

    /// <summary>What an operator must know before relying on it, to be logged as a warning at each start; null for nothing.</summary>
    string? Caution { get; }

    /// <summary>
    /// Joins the cluster. Returns as soon as the node has begun to; <see cref="IGroupObserver.OnView"/> tells when it is in.
    /// A stack is connected once.
    /// </summary>
    /// <param name="protocol">
    /// Which versions of the lock protocol the node speaks, which is what the others agree on; and who is told of everything from here on, possibly
    /// before this call has returned.
    /// </param>
    /// <param name="cancellationToken">Gives up the attempt.</param>
    /// <returns>The node's place in the cluster; disposing it ends that.</returns>
    /// <exception cref="InvalidOperationException">The stack was connected before.</exception>
    ValueTask<IGroupConnection> ConnectAsync(LockingProtocol protocol, CancellationToken cancellationToken = default);
}
