using Tyer.Engine;
using Tyer.Engine.Recovery;

namespace Tyer.Node.Shards;

/// <summary>Where a shard puts what it has for other nodes: appended at once, sent when the shard is free again.</summary>
internal interface IPeerOutbox
{
    /// <summary>Appends a message; called under the shard's lock, so that the order of appending is the order of deciding.</summary>
    /// <param name="to">The member it is for, and no other life of that node.</param>
    /// <param name="view">The sender's view.</param>
    /// <param name="message">The message; good for the length of the call.</param>
    /// <param name="open">The peers to which this shard has something unsent, a bit each: the peer's is set if it was not.</param>
    void Append(MemberId to, ulong view, ReadOnlySpan<byte> message, ref ulong open);

    /// <summary>Sends what was appended for these peers, unless another batch for one of them is open: then that one's end does it.</summary>
    void Flush(ulong open);

    /// <summary>Tells every peer that all shards of this node are done with a phase of a view's recovery.</summary>
    void Announce(RecoveryMarker marker, ulong view);
}
