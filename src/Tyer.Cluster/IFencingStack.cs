namespace Tyer.Cluster;

/// <summary>A stack with <see cref="StackCapabilities.FenceAcknowledgement"/> that itself finds out when a departed node has stopped.</summary>
public interface IFencingStack
{
    /// <summary>
    /// An operator has made sure that a departed life and all its clients have stopped (<see cref="FenceProof.OperatorWord"/>). Completes when that has been
    /// asked for; <see cref="IGroupObserver.OnFenced"/> tells when all members know.
    /// </summary>
    /// <param name="departed">Who acts no more.</param>
    /// <exception cref="LockRefusedException">It is not among the unproven of this node's view; the message says who is.</exception>
    /// <exception cref="LockUnavailableException">The connection to the cluster is closed.</exception>
    Task AcknowledgeFenceAsync(NodeIncarnation departed);

    /// <summary>From when on the lease of a departed life has run out by this node's own count, on its clock; null if it counts none.</summary>
    TimeSpan? RunsOutAt(NodeIncarnation departed);
}
