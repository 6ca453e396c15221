using Tyer.Comms.Links;
using Tyer.Comms.Sending;

namespace Tyer.Comms.Tests.Peers.Simulation;

/// <summary>A connection of the simulated network: two byte streams and whatever may happen to them.</summary>
internal sealed class SimLink
{
    public SimLink() => Ends = [new SimEnd(this), new SimEnd(this)];

    public SimEnd[] Ends { get; }

    /// <summary>Nothing passes any more, and an end finds out when it finds out.</summary>
    public bool IsBroken { get; set; }
}

/// <summary>One end of a link, as one node sees it.</summary>
internal sealed class SimEnd(SimLink link)
{
    public SimLink Link { get; } = link;

    public SimEnd Other => Link.Ends[0] == this ? Link.Ends[1] : Link.Ends[0];

    /// <summary>Whose it is; null when that process has died.</summary>
    public SimNode? Node { get; set; }

    /// <summary>Its id at that node.</summary>
    public long Id { get; set; }

    /// <summary>Bytes on their way to this end.</summary>
    public List<byte> Wire { get; } = [];

    /// <summary>Bytes that this end has read and not consumed.</summary>
    public List<byte> Read { get; } = [];

    /// <summary>What this end sends, once it carries the session.</summary>
    public FlushSource? Source { get; set; }

    /// <summary>Whether messages may come.</summary>
    public bool IsOpen { get; set; }

    /// <summary>Whether this node knows which peer it is.</summary>
    public bool IsKnown { get; set; }

    /// <summary>Why it has ended; its node hears of it later.</summary>
    public LinkEnd? Ending { get; set; }
}
