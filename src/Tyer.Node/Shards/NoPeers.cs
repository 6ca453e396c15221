using Tyer.Engine;
using Tyer.Engine.Recovery;

namespace Tyer.Node.Shards;

/// <summary>The outbox of a node that is alone: its engines have nobody to write to.</summary>
internal sealed class NoPeers : IPeerOutbox
{
    public void Append(MemberId to, ulong view, ReadOnlySpan<byte> message, ref ulong open) =>
        throw new InvariantBrokenException("a node that is alone writes to nobody");

    public void Flush(ulong open)
    {
    }

    public void Announce(RecoveryMarker marker, ulong view)
    {
    }
}
