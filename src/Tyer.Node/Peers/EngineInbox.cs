using System.Buffers.Binary;
using Tyer.Engine;
using Tyer.Engine.Messages;
using Tyer.Node.Shards;

namespace Tyer.Node.Peers;

/// <summary>
/// What engines of other nodes send, brought to the shard that it is for, on the thread that read it. Before the first view is installed
/// here another node may have it already: what it sends is kept until then.
/// </summary>
internal sealed class EngineInbox(ShardSet shards)
{
    private readonly Lock _gate = new();
    private readonly Queue<(MemberId From, ulong View, byte[] Message)> _early = new();
    private volatile bool _open;

    /// <summary>The view is installed: what came early is taken in, before anything that comes now.</summary>
    internal void Open()
    {
        lock (_gate)
        {
            while (_early.TryDequeue(out var early))
                Deliver(early.From, early.View, early.Message);
            _open = true;
        }
    }

    /// <summary>Takes a message in; false if no engine can have sent it.</summary>
    internal bool Receive(MemberId from, ulong view, ReadOnlySpan<byte> message)
    {
        if (_open)
            return Deliver(from, view, message);
        lock (_gate)
        {
            if (_open)
                return Deliver(from, view, message);
            _early.Enqueue((from, view, message.ToArray()));
            return true;
        }
    }

    private bool Deliver(MemberId from, ulong view, ReadOnlySpan<byte> message)
    {
        if (message.Length < 3)
            return false;
        // About no name, and so for no certain shard: the peer may have another number of shards (see MessageKind).
        if ((MessageKind)message[0] is not (MessageKind.Introduce or MessageKind.Farewell))
            return DeliverTo(shards.OfSlot(BinaryPrimitives.ReadUInt16LittleEndian(message[1..])), from, view, message);
        for (var index = 0; index < shards.Count; index++)
        {
            if (!DeliverTo(shards[index], from, view, message))
                return false;
        }

        return true;
    }

    private static bool DeliverTo(Shard shard, MemberId from, ulong view, ReadOnlySpan<byte> message)
    {
        using (shard.Enter())
            return shard.Engine.Receive(from, view, message);
    }
}
