namespace Tyer.Comms.Sending;

/// <summary>What became of a message that was offered for sending.</summary>
public enum SendResult
{
    /// <summary>It is queued and will be sent in its turn.</summary>
    Accepted = 0,

    /// <summary>The queue is full: nothing was taken. The receiver or observer is told once when there is room again.</summary>
    WouldBlock = 1,

    /// <summary>It can never be delivered: the link is closed, or the node has left or has been cut off.</summary>
    Closed = 2,
}
