using Tyer.Comms.Links;
using Tyer.Comms.Paths;

namespace Tyer.Comms.Peers;

/// <summary>How far two nodes are with a link.</summary>
internal enum LinkPhase
{
    /// <summary>Not connected yet.</summary>
    Dialling,

    /// <summary>Dialled; hello said, and none heard.</summary>
    AwaitingHello,

    /// <summary>A control link: hello said and heard.</summary>
    Candidate,

    /// <summary>A control link: ready said, and none heard; at the side that chooses.</summary>
    Chosen,

    /// <summary>A data link: dialled; hello said, and no ready heard.</summary>
    AwaitingReady,

    /// <summary>A data link that was accepted before the ready of its control link has been heard.</summary>
    Held,

    /// <summary>Agreed on.</summary>
    Established,

    /// <summary>Given up; its end is not reported yet.</summary>
    Ending,
}

/// <summary>What is known of a link between its dialling and the report of its end.</summary>
internal sealed class LinkState(long id, PathAgreement path, LinkStream stream, bool isDialled)
{
    public long Id { get; } = id;

    public PathAgreement Path { get; } = path;

    public LinkStream Stream { get; } = stream;

    public bool IsDialled { get; } = isDialled;

    public LinkPhase Phase { get; set; }

    /// <summary>The life of the peer at its other end; 0 while that is not known.</summary>
    public ulong Incarnation { get; set; }

    /// <summary>The stamp of the peer's hello.</summary>
    public ulong HelloStamp { get; set; }

    /// <summary>The stamp of this side's hello.</summary>
    public ulong OwnStamp { get; set; }

    /// <summary>What the peer said when it was ready.</summary>
    public Ready Ready { get; set; }

    /// <summary>On a data link that was accepted: which control link it belongs to.</summary>
    public ulong Attempt { get; set; }

    /// <summary>Whether messages may have come over its path.</summary>
    public bool HasCarried { get; set; }

    /// <summary>Why the peer refused it.</summary>
    public RefusalCode RefusedByPeer { get; set; }

    /// <summary>When it must have come to something.</summary>
    public TimeSpan Deadline { get; set; }
}
