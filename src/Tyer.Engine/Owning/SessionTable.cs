using Tyer.Engine.Messages;

namespace Tyer.Engine.Owning;

/// <summary>The sessions known to a shard: its node's own, and those of others as they were introduced.</summary>
internal sealed class SessionTable(EngineCore core)
{
    private readonly Dictionary<ulong, Session> _sessions = [];
    private readonly List<Session> _withOrphans = [];
    private readonly Dictionary<MemberId, List<Session>> _departed = [];

    /// <summary>Own sessions that have ended and left orphans behind, oldest first.</summary>
    internal IReadOnlyList<Session> WithOrphans => _withOrphans;

    /// <summary>How many are known: open ones of this node, and those of others that were introduced and are not over.</summary>
    internal int Count => _sessions.Count;

    internal Session Open(uint number, byte[] identity, int processId, ILockObserver observer)
    {
        Invariant.Check(!_sessions.ContainsKey(KeyOf(core.Node, number)), "a session number is given once");
        var session = new Session(core.Node, number, identity, processId, observer);
        _sessions.Add(KeyOf(core.Node, number), session);
        return session;
    }

    internal void Close(Session session)
    {
        _sessions.Remove(KeyOf(core.Node, session.Number));
        if (session.LockCount > 0)
            _withOrphans.Add(session);
    }

    internal Session? Find(uint node, uint number) => _sessions.GetValueOrDefault(KeyOf(node, number));

    /// <summary>The session of another node. One that is unknown has said farewell while a request of it was parked: it goes with its last lock.</summary>
    internal Session Of(uint node, uint number)
    {
        if (!_sessions.TryGetValue(KeyOf(node, number), out var session))
        {
            session = new Session(node, number, [], 0, null) { HasLeft = true };
            _sessions.Add(KeyOf(node, number), session);
        }

        return session;
    }

    internal void Introduced(uint node, uint number, int processId, ReadOnlySpan<byte> identity)
    {
        // One that came with a resource that moved here is known; that it is over we now hear from its node.
        if (_sessions.TryGetValue(KeyOf(node, number), out var known))
            known.HasLeft = false;
        else
            _sessions.Add(KeyOf(node, number), new Session(node, number, identity.ToArray(), processId, null));
    }

    /// <summary>
    /// The session of another node, by the master that moved here. Until its own node has introduced it, it goes with its last lock: that
    /// node does not say farewell where it did not introduce it.
    /// </summary>
    internal Session OfMoved(uint node, uint number, int processId, ReadOnlySpan<byte> identity, bool hasDeparted)
    {
        if (!hasDeparted && _sessions.TryGetValue(KeyOf(node, number), out var known))
            return known;
        var session = new Session(node, number, identity.ToArray(), processId, null) { HasLeft = true, HasDeparted = hasDeparted };
        if (!hasDeparted)
            _sessions.Add(KeyOf(node, number), session);
        return session;
    }

    /// <summary>A session of an incarnation that departed, by a keeper of its locks. It is among those whose locks go with the proof.</summary>
    internal Session OfDeparted(MemberId departed, uint number, int processId, ReadOnlySpan<byte> identity)
    {
        if (!_departed.TryGetValue(departed, out var sessions))
            _departed.Add(departed, sessions = []);
        if (sessions.Find(each => each.Number == number) is { } known)
            return known;
        var session = new Session(departed.Node, number, identity.ToArray(), processId, null)
        {
            HasLeft = true,
            HasDeparted = true,
            Incarnation = departed.Incarnation,
        };
        sessions.Add(session);
        return session;
    }

    internal void Left(uint node, uint number)
    {
        if (!_sessions.TryGetValue(KeyOf(node, number), out var session))
            return;
        session.HasLeft = true;
        LockLeft(session);
    }

    /// <summary>
    /// An incarnation departed. Its sessions are out of reach of whoever comes back under its node id; those that have locks here are kept,
    /// and returned.
    /// </summary>
    internal IReadOnlyList<Session> Depart(MemberId departed)
    {
        List<Session> left = [];
        foreach (var session in _sessions.Values)
        {
            if (session.Node == departed.Node)
                left.Add(session);
            else if (session.Node == core.Node)
                session.ForgetIntroductionTo(departed.Node);
        }

        foreach (var session in _withOrphans)
            session.ForgetIntroductionTo(departed.Node);
        foreach (var session in left)
        {
            _sessions.Remove(KeyOf(session.Node, session.Number));
            session.HasLeft = true;
            session.HasDeparted = true;
            session.Incarnation = departed.Incarnation;
        }

        left.RemoveAll(session => session.LockCount == 0);
        if (left.Count > 0)
            _departed.Add(departed, left);
        return left;
    }

    /// <summary>The sessions of a departed incarnation that have locks here.</summary>
    internal IReadOnlyList<Session> DepartedOf(MemberId departed) => _departed.GetValueOrDefault(departed) ?? [];

    /// <summary>How many sessions of departed nodes have locks here.</summary>
    internal int DepartedCount => _departed.Values.Sum(sessions => sessions.Count);

    /// <summary>Called when locks of a departed incarnation were purged: what has none left is forgotten.</summary>
    internal void ForgetDeparted(MemberId departed)
    {
        if (_departed.GetValueOrDefault(departed) is { } sessions && sessions.RemoveAll(session => session.LockCount == 0) >= 0 && sessions.Count == 0)
            _departed.Remove(departed);
    }

    /// <summary>Called when a session has lost a lock: one that is over goes with its last.</summary>
    internal void LockLeft(Session session)
    {
        if (!session.HasLeft || session.HasDeparted || session.LockCount > 0)
            return;
        if (session.Node == core.Node)
            _withOrphans.Remove(session);
        else
            _sessions.Remove(KeyOf(session.Node, session.Number));
    }

    /// <summary>Makes sure that a node knows who a session is before it first hears of it.</summary>
    internal void IntroduceTo(uint node, Session session, ushort slot)
    {
        if (!session.MustIntroduceTo(node))
            return;
        core.Send(node, new Message
        {
            Kind = MessageKind.Introduce,
            Slot = slot,
            Session = session.Number,
            Process = session.ProcessId,
            Text = session.Identity.Span,
        });
    }

    internal void BidFarewell(Session session)
    {
        foreach (var member in core.View?.Members ?? [])
            BidFarewellTo(member.Node, session);
    }

    internal void BidFarewellTo(uint node, Session session)
    {
        if (!session.IsIntroducedTo(node))
            return;
        core.Send(node, new Message { Kind = MessageKind.Farewell, Session = session.Number });
        // Without a lock of it there it is forgotten: should one come yet, to a new master, it comes with who it was.
        session.ForgetIntroductionTo(node);
    }

    private static ulong KeyOf(uint node, uint number) => ((ulong)node << 32) | number;
}
