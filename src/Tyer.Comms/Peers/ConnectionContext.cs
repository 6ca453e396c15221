using Tyer.Comms.Links;
using Tyer.Comms.Paths;
using Tyer.Comms.Sessions;

namespace Tyer.Comms.Peers;

/// <summary>What the parts that decide about one connection share: the time, the links there are, and the list of what is to be done.</summary>
internal sealed class ConnectionContext(PeerSession session, NetSettings settings, bool chooses)
{
    private RefusalCode _lastToldRefusal;
    private long _dials;

    /// <summary>The session; its gate is held.</summary>
    public PeerSession Session => session;

    /// <summary>The options in force.</summary>
    public NetOptions Net => settings.Present;

    /// <summary>Which path carries, where the peer has its own policy.</summary>
    public PathPolicy? OwnPolicy { get; set; }

    /// <summary>Which path carries.</summary>
    public PathPolicy Policy => OwnPolicy ?? Net.PathPolicy;

    /// <summary>Whether this side says which link is the one: the node with the smaller id does.</summary>
    public bool Chooses => chooses;

    /// <summary>The time of the present event.</summary>
    public TimeSpan Now { get; set; }

    /// <summary>Whom what is decided goes to.</summary>
    public List<ConnectionAction> Actions { get; set; } = [];

    /// <summary>All links whose end has not been reported.</summary>
    public List<LinkState> Links { get; } = [];

    /// <summary>A stamp that is greater than all before.</summary>
    public ulong NextStamp() => session.NextStamp();

    /// <summary>An id for a dialled link; those of accepted ones, given by the domain, are positive.</summary>
    public long NextDial() => --_dials;

    public void Act(in ConnectionAction action) => Actions.Add(action);

    /// <summary>Says why, and ends a link.</summary>
    public void Refuse(LinkState link, RefusalCode code)
    {
        if (link.Phase == LinkPhase.Ending) return;
        link.Phase = LinkPhase.Ending;
        Act(new(ConnectionActionKind.Refuse, link.Id, Refusal: code));
    }

    /// <summary>Ends a link.</summary>
    public void End(LinkState link, in LinkEnd end)
    {
        if (link.Phase == LinkPhase.Ending) return;
        link.Phase = LinkPhase.Ending;
        Act(new(ConnectionActionKind.End, link.Id, End: end));
    }

    /// <summary>Ends the links of older lives than this link's, on all paths; false when there are none, and its session may begin.</summary>
    public bool EndOlder(LinkState link)
    {
        bool hasAny = false;
        foreach (LinkState other in Links)
        {
            if (other.Incarnation == 0 || other.Incarnation >= link.Incarnation) continue;
            other.Path.Drop(other, new LinkEnd(LinkEndReason.Replaced));
            hasAny = true;
        }

        return hasAny;
    }

    /// <summary>The session is with the life at the other end of this link. Only when no link of an older one is left.</summary>
    public void BeginSession(LinkState link)
    {
        ulong old = session.Begin(link.Incarnation);
        if (old != 0) Act(new(ConnectionActionKind.TellReset, Incarnation: link.Incarnation, OldIncarnation: old));
    }

    /// <summary>Tells a reason once, not at every attempt, until a connection stands again.</summary>
    public void TellRefused(RefusalCode code, bool isByPeer)
    {
        if (code == _lastToldRefusal) return;
        _lastToldRefusal = code;
        Act(new(ConnectionActionKind.TellRefused, Refusal: code, IsByPeer: isByPeer));
    }

    /// <summary>A connection stands: what was told of once may be told of again.</summary>
    public void ForgetRefusals() => _lastToldRefusal = RefusalCode.None;
}
