namespace Tyer.Node.Sessions;

/// <summary>The sessions of this node, by number.</summary>
internal sealed class SessionRegistry(NodeWiring node)
{
    internal const string InProcess = "in process";

    private readonly Dictionary<uint, NodeSession> _sessions = [];
    private uint _last;

    /// <summary>Those open now, oldest first.</summary>
    internal IReadOnlyList<NodeSession> All
    {
        get
        {
            lock (_sessions)
                return [.. _sessions.Values.OrderBy(each => each.Number)];
        }
    }

    internal NodeSession Open(LockOwner owner, string lockspace, string transport = InProcess, ISessionRenewals? renewals = null)
    {
        lock (_sessions)
        {
            if (_sessions.Count >= NodeLimits.SessionsMax)
            {
                throw new LockRefusedException(
                    RefusalReason.LimitReached, $"A session for {owner}", $"node {node.Name} has {NodeLimits.SessionsMax} sessions, as many as it may");
            }

            var session = new NodeSession(node.Shards, node.TellLongWait, ++_last, owner, lockspace, transport, renewals);
            _sessions.Add(session.Number, session);
            return session;
        }
    }

    /// <summary>A number that no session of this node has had.</summary>
    internal uint NextNumber()
    {
        lock (_sessions)
            return ++_last;
    }

    internal void Close(NodeSession session, LossReason? reason)
    {
        lock (_sessions)
            _sessions.Remove(session.Number);
        session.Close(reason);
    }

    internal void CloseAll(LossReason reason)
    {
        foreach (var session in All)
            Close(session, reason);
    }

    /// <summary>Closes those of this process; a client's end with its connection.</summary>
    internal void CloseOwn(LossReason reason)
    {
        foreach (var session in All.Where(each => each.Renewals is null))
            Close(session, reason);
    }
}
