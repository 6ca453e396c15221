using Tyer.Engine.Recovery;

namespace Tyer.Engine;

/// <summary>The way to the other engines. Messages to one node about one resource arrive once and in the order sent.</summary>
public interface IPeerSender
{
    /// <summary>Sends a message to another node. Called while the engine is stepped: it queues and returns.</summary>
    /// <param name="node">The node; never this one.</param>
    /// <param name="view">The sender's view, to be handed to the receiving engine with the message.</param>
    /// <param name="message">The message; good for the length of the call.</param>
    void Send(uint node, ulong view, ReadOnlySpan<byte> message);

    /// <summary>
    /// This engine is done with a phase of the view's recovery. When all engines of the node have said so, every engine of every member,
    /// this node's included, is to be told (<see cref="LockEngine.Mark"/>): not within this call.
    /// </summary>
    void Announce(RecoveryMarker marker, ulong view);
}
