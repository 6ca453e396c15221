using Tyer.Cluster.Corosync.Agreement;

namespace Tyer.Cluster.Corosync.Tests.Agreement;

/// <summary>
/// The daemons of a cluster, as far as their clients can tell: rings that split and merge, one order of messages and joins in each, and what moves
/// from one ring to the next together has seen the same. What a client has not read yet waits in two queues, the group's and the quorum's, with no order between them.
/// </summary>
internal sealed class SimulatedDaemons
{
    private readonly Random _random;
    private readonly Dictionary<uint, Daemon> _daemons = [];

    public SimulatedDaemons(int nodes, Random random)
    {
        _random = random;
        for (uint node = 1; node <= nodes; node++) _daemons.Add(node, new Daemon(node));
        Arrange([[.. _daemons.Keys]]);
    }

    public IEnumerable<uint> Nodes => _daemons.Keys;

    /// <summary>The messages that wait in daemons, and the events that wait for clients.</summary>
    public int Waiting => _daemons.Values.Sum(daemon =>
        daemon.Unsent.Count + daemon.Ring.Log.Count - daemon.Delivered + (daemon.Client is null ? 0 : daemon.Group.Count + daemon.Quorum.Count));

    public bool IsUp(uint node) => _daemons[node].IsUp;

    /// <summary>A client connects and joins the group.</summary>
    public void Join(SimulatedLife client)
    {
        Daemon daemon = _daemons[client.Process.Node];
        daemon.Client = client;
        daemon.Group.Clear();
        daemon.Quorum.Clear();
        daemon.Quorum.Enqueue((daemon.Ring.IsQuorate(_daemons.Count), daemon.Ring.Id));
        daemon.Ring.Log.Add(new Joined(client.Process));
    }

    /// <summary>The client has gone.</summary>
    public void Part(SimulatedLife client, DepartureCause cause)
    {
        Daemon daemon = _daemons[client.Process.Node];
        if (daemon.Client != client) return;
        daemon.Client = null;
        daemon.Unsent.Clear();
        daemon.Ring.Log.Add(new Parted(client.Process, cause));
    }

    public void Send(GroupProcess from, GroupMessage message) => _daemons[from.Node].Unsent.Enqueue(new Said(from, message));

    /// <summary>Takes one of the steps that are possible without a fault; false when there is none.</summary>
    public bool Step()
    {
        if (Waiting == 0) return false;
        while (true)
        {
            Daemon daemon = _daemons.Values.ElementAt(_random.Next(_daemons.Count));
            switch (_random.Next(4))
            {
                case 0 when daemon.Unsent.TryDequeue(out Said? said):
                    daemon.Ring.Log.Add(said);
                    return true;
                case 1 when daemon.Delivered < daemon.Ring.Log.Count:
                    Deliver(daemon, daemon.Ring.Log[daemon.Delivered++]);
                    return true;
                case 2 when daemon.Client is { IsFrozen: false } client && daemon.Group.TryDequeue(out Action<SimulatedLife>? tell):
                    tell(client);
                    return true;
                case 3 when daemon.Client is { IsFrozen: false } client && daemon.Quorum.TryDequeue(out (bool IsQuorate, RingId Ring) quorum):
                    client.OnQuorum(quorum.IsQuorate, quorum.Ring);
                    return true;
            }

            if (_daemons.Values.All(each => each.Client is { IsFrozen: true } || each.Unsent.Count + each.Ring.Log.Count - each.Delivered == 0 && each.IsRead))
                return false;
        }
    }

    /// <summary>Splits and merges at random.</summary>
    public void Rearrange()
    {
        int parts = 1 + _random.Next(3);
        Arrange(_daemons.Values.Where(daemon => daemon.IsUp).Select(daemon => daemon.Node).GroupBy(_ => _random.Next(parts)).Select(part => part.ToArray()));
    }

    /// <summary>All are in one ring.</summary>
    public void Heal()
    {
        foreach (Daemon daemon in _daemons.Values) daemon.IsUp = true;
        Arrange([[.. _daemons.Keys]]);
    }

    /// <summary>A daemon dies, and its client hears that; the others make a ring without it.</summary>
    public void Crash(uint node)
    {
        Daemon daemon = _daemons[node];
        SimulatedLife? client = daemon.Client;
        daemon.IsUp = false;
        daemon.Client = null;
        daemon.Unsent.Clear();
        uint[] others = [.. daemon.Ring.Nodes.Where(other => other != node)];
        Arrange([[node], others]);
        client?.OnAway();
    }

    public void Restart(uint node) => _daemons[node].IsUp = true;

    private void Arrange(IEnumerable<uint[]> parts)
    {
        foreach (uint[] part in parts.Where(part => part.Length > 0))
        {
            Daemon[] daemons = [.. part.Select(node => _daemons[node])];
            if (daemons.Select(daemon => daemon.Ring).Distinct().Count() == 1 && daemons[0].Ring.Nodes.SetEquals(part)) continue;
            Form(daemons);
        }
    }

    private void Form(Daemon[] daemons)
    {
        foreach (Daemon[] together in daemons.GroupBy(daemon => daemon.Ring).Select(group => group.ToArray())) Finish(together);

        // As the real ones: the lowest node, and one more than any of them has seen. Two sides of a split so get the same sequence.
        var ring = new Ring(new RingId(daemons.Min(daemon => daemon.Node), daemons.Max(daemon => daemon.Ring.Id.Sequence) + 1), [.. daemons.Select(daemon => daemon.Node)]);
        GroupProcess[] all = [.. daemons.Where(daemon => daemon.Client is not null).Select(daemon => daemon.Client!.Process).Order()];
        bool inTwoSteps = _random.Next(2) == 0;
        foreach (Daemon daemon in daemons)
        {
            GroupProcess[] before = [.. daemon.Processes];
            GroupProcess[] stay = [.. before.Intersect(all)];
            (GroupProcess, DepartureCause)[] left = [.. before.Except(all).Select(gone => (gone, DepartureCause.NodeDown))];
            daemon.Ring = ring;
            daemon.Delivered = 0;
            daemon.Processes = [.. all];
            if (inTwoSteps && left.Length > 0 && daemon.Client is { } known && stay.Contains(known.Process)) daemon.Tell(client => client.OnMembers(stay, left));
            if (inTwoSteps) daemon.Tell(client => client.OnRing(ring.Id));
            daemon.Tell(client => client.OnMembers(all, inTwoSteps ? [] : left));
            if (!inTwoSteps) daemon.Tell(client => client.OnRing(ring.Id));

            // A side that loses quorum and soon finds it again may never say so.
            bool isQuorate = ring.IsQuorate(_daemons.Count);
            if (isQuorate || _random.Next(3) > 0) daemon.Quorum.Enqueue((isQuorate, ring.Id));
        }
    }

    /// <summary>
    /// What those who go on together see of their old ring: the same, at least what any of them has seen; and perhaps some of their own words, which
    /// nobody else will ever hear.
    /// </summary>
    private void Finish(Daemon[] together)
    {
        Ring old = together[0].Ring;
        int seen = together.Max(daemon => daemon.Delivered);
        int until = seen + _random.Next(old.Log.Count - seen + 1);
        List<Ordered> own = [];
        foreach (Daemon daemon in together)
        {
            for (int count = _random.Next(daemon.Unsent.Count + 1); count > 0; count--) own.Add(daemon.Unsent.Dequeue());
        }

        foreach (Daemon daemon in together)
        {
            while (daemon.Delivered < until) Deliver(daemon, old.Log[daemon.Delivered++]);
            foreach (Ordered said in own) Deliver(daemon, said);
        }

        // What was ordered, and seen by none of these, is sent again by who said it.
        foreach (Said said in old.Log.Skip(until).OfType<Said>())
        {
            Daemon? sender = together.FirstOrDefault(daemon => daemon.Client?.Process == said.From);
            if (sender is not null) sender.Again.Enqueue(said);
        }

        foreach (Daemon sender in together)
        {
            foreach (Said later in sender.Unsent) sender.Again.Enqueue(later);
            (sender.Unsent, sender.Again) = (sender.Again, sender.Unsent);
            sender.Again.Clear();
        }
    }

    private static void Deliver(Daemon daemon, Ordered what)
    {
        switch (what)
        {
            case Said said when daemon.Client is { } client && daemon.Processes.Contains(client.Process):
                daemon.Tell(life => life.OnMessage(said.From, said.Message));
                break;
            case Joined joined when daemon.Processes.Add(joined.Who):
                GroupProcess[] members = [.. daemon.Processes];
                RingId ring = daemon.Ring.Id;
                daemon.Tell(client => client.OnMembers(members, []));
                if (daemon.Client?.Process == joined.Who) daemon.Tell(client => client.OnRing(ring));
                break;
            case Parted parted when daemon.Processes.Remove(parted.Who):
                GroupProcess[] rest = [.. daemon.Processes];
                daemon.Tell(client => client.OnMembers(rest, [(parted.Who, parted.Cause)]));
                break;
        }
    }

    private abstract record Ordered;

    private sealed record Said(GroupProcess From, GroupMessage Message) : Ordered;

    private sealed record Joined(GroupProcess Who) : Ordered;

    private sealed record Parted(GroupProcess Who, DepartureCause Cause) : Ordered;

    private sealed class Ring(RingId id, HashSet<uint> nodes)
    {
        public RingId Id => id;

        public HashSet<uint> Nodes => nodes;

        public List<Ordered> Log { get; } = [];

        public bool IsQuorate(int all) => 2 * nodes.Count > all;
    }

    private sealed class Daemon(uint node)
    {
        public uint Node => node;

        public bool IsUp { get; set; } = true;

        public Ring Ring { get; set; } = new(new RingId(node, 0), [node]);

        public int Delivered { get; set; }

        public SortedSet<GroupProcess> Processes { get; set; } = [];

        public SimulatedLife? Client { get; set; }

        public Queue<Said> Unsent { get; set; } = [];

        public Queue<Said> Again { get; set; } = [];

        public Queue<Action<SimulatedLife>> Group { get; } = [];

        public Queue<(bool IsQuorate, RingId Ring)> Quorum { get; } = [];

        public bool IsRead => Client is null || Group.Count + Quorum.Count == 0;

        /// <summary>A process that has not been let in yet is told nothing.</summary>
        public void Tell(Action<SimulatedLife> what)
        {
            if (Client is { } client && Processes.Contains(client.Process)) Group.Enqueue(what);
        }
    }
}
