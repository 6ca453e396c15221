namespace Tyer.Node.Shards;

/// <summary>Where a shard puts what it has for other nodes: appended at once, sent when the shard is free again.</summary>
internal interface IPeerOutbox
{
    /// <summary>Appends a message; called under the shard's lock, so that the order of appending is the order of deciding.</summary>
    void Append(uint node, ulong view, ReadOnlySpan<byte> message);

    /// <summary>Sends what was appended for these nodes (bit <c>node mod 64</c>), unless a reader's batch will do so anyway.</summary>
    void Flush(ulong nodes);
}
