namespace Tyer.Comms.Peers;

/// <summary>How a message to a peer is sent.</summary>
[Flags]
public enum SendTraits
{
    /// <summary>In order with the other messages, if there is room.</summary>
    None = 0,

    /// <summary>On the lane for what is long and can wait: others overtake it, and it overtakes none of its own lane.</summary>
    Bulk = 1,

    /// <summary>
    /// It answers, or carries on, what was accepted before: it may take the tenth of the queue that is kept for such, so that two nodes whose
    /// queues are full do not wait for each other.
    /// </summary>
    Reply = 2,
}
