using System.Net.Sockets;

namespace Tyer.Comms.Sending;

/// <summary>Who a writer reports to; never with the queue's gate held.</summary>
internal interface IWriterOwner
{
    /// <summary>The socket took no more; the link is to be ended.</summary>
    void SendFailed(SocketError error);

    /// <summary>Somebody was turned away, and the queue is half empty now.</summary>
    void QueueHasRoom();
}
