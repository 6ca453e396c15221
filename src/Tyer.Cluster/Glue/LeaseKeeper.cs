using System.Globalization;
using Tyer.Cluster.Fencing;
using Tyer.Cluster.Leases;
using Tyer.Cluster.Static;
using Tyer.Time;

namespace Tyer.Cluster.Glue;

/// <summary>
/// Keeps this node's lease and watches those of others, over the node's own connections: renewals go out from a thread that does nothing else and
/// waits for nobody, and are answered by whoever reads them. What the disk, the engine or the observer takes its time over holds up neither.
/// </summary>
internal sealed class LeaseKeeper : IDisposable
{
    // Until the first answer: a newcomer's peers accept the view when they get to it.
    private static readonly TimeSpan FirstRenewals = TimeSpan.FromMilliseconds(50);

    private readonly Lock _gate = new();
    private readonly ManualResetEventSlim _poke = new();
    private readonly LeaseTerms _terms;
    private readonly PeerList _list;
    private readonly NodeIncarnation _self;
    private readonly ulong _digest;
    private readonly IPeerMessenger _messenger;
    private readonly IClock _clock;
    private readonly Action<TimeSpan> _extend;
    private readonly Action<LeasedEvent> _tell;
    private readonly MemberLease _lease;
    private readonly LeaseWatch _watch;
    private readonly Dictionary<NodeIncarnation, TimeSpan> _heardAt = [];
    private readonly HashSet<NodeIncarnation> _countedOut = [];
    private readonly HashSet<NodeId> _differing = [];
    private readonly bool _freezes;
    private Thread? _thread;
    private ClusterView? _view;
    private TimeSpan _renewAt;
    private TimeSpan _inTouchSince;
    private bool _isDropped;
    private bool _isFrozen;

    /// <param name="terms">What the cluster has agreed on.</param>
    /// <param name="list">All nodes that are configured: the voters.</param>
    /// <param name="self">This node.</param>
    /// <param name="digest">Who has another does not count for this node, nor this one for it.</param>
    /// <param name="messenger">Carries renewals and answers.</param>
    /// <param name="clock">What tells the time; this life of the node begins now.</param>
    /// <param name="extend">Is told until when the node may act, one call at a time.</param>
    /// <param name="tell">Is told what there is to decide; must not wait.</param>
    /// <param name="fencing">What else stops a node, and whether it freezes when its lease has run out.</param>
    public LeaseKeeper(
        LeaseTerms terms, PeerList list, NodeIncarnation self, ulong digest, IPeerMessenger messenger, IClock clock,
        Action<TimeSpan> extend, Action<LeasedEvent> tell, FencingOptions fencing)
    {
        _terms = terms;
        _list = list;
        _self = self;
        _digest = digest;
        _messenger = messenger;
        _clock = clock;
        _extend = extend;
        _tell = tell;
        _freezes = fencing.Freezes;
        _lease = new MemberLease(terms, self.Node, list.Peers.Select(peer => peer.Id), resumes: fencing.Freezes);
        _watch = new LeaseWatch(terms, clock.Now, fencing.BeyondLease ?? TimeSpan.Zero);
    }

    /// <summary>The longest that a member can be silent before one that hears the others asks that it be put out.</summary>
    public static TimeSpan SilenceMax(LeaseTerms terms) => SilenceMin(terms) + (terms.RenewEvery * 2);

    /// <summary>From when on a departed one's lease has run out by this node's count.</summary>
    public TimeSpan RunsOutAt(NodeIncarnation departed)
    {
        lock (_gate) return _watch.RunsOutAt(departed);
    }

    public void Start()
    {
        _thread = new Thread(Run) { Name = "tyer-lease", IsBackground = true, Priority = ThreadPriority.Highest };
        _thread.Start();
    }

    /// <summary>Members of this view are answered from now on, and nobody else.</summary>
    public void Hold(ClusterView view)
    {
        lock (_gate)
        {
            TimeSpan now = _clock.Now;
            _view = view;
            _watch.Keep(view);
            _countedOut.IntersectWith(view.Unproven);
            foreach (NodeIncarnation gone in _heardAt.Keys.Where(known => !view.Contains(known)).ToArray()) _heardAt.Remove(gone);
            foreach (Member member in view.Members) _heardAt.TryAdd(member.NodeIncarnation, now);
            _renewAt = now;
        }

        _poke.Set();
    }

    /// <summary>Nothing is renewed or answered any more.</summary>
    public void Drop()
    {
        lock (_gate) _isDropped = true;
        _poke.Set();
    }

    /// <summary>A member's renewal has come, and is answered by who reads it: at once, unless there is a view without it.</summary>
    public void OnRenewal(NodeIncarnation from, ulong number, ulong digest)
    {
        lock (_gate)
        {
            if (_isDropped) return;
            if (digest != _digest)
            {
                _differing.Add(from.Node);
                return;
            }

            _differing.Remove(from.Node);
            TimeSpan now = _clock.Now;
            if (!_watch.Take(from, _view, now)) return;
            _heardAt[from] = now;
        }

        Send(from.Node, new GlueMessage(GlueMessageKind.Answer, _self.Incarnation, number, from.Incarnation.Value));
    }

    /// <summary>A peer has answered; an answer for an earlier life of this node is none.</summary>
    public void OnAnswer(NodeId from, ulong number, ulong life)
    {
        if (life != _self.Incarnation.Value) return;

        lock (_gate)
        {
            if (!_isDropped) Note(() => _lease.Answered(from, number, _clock.Now));
        }
    }

    /// <summary>Ends the thread. Not to be called from it.</summary>
    public void Dispose()
    {
        Drop();
        _thread?.Join();
        _poke.Dispose();
    }

    private void Run()
    {
        while (true)
        {
            TimeSpan wait = Pass();
            if (wait == TimeSpan.MinValue) return;
            _poke.Wait(wait);
            _poke.Reset();
        }
    }

    /// <summary>Does what is due, and tells in how long something will be; the least value for never again.</summary>
    internal TimeSpan Pass()
    {
        ulong renewal = 0;
        TimeSpan wait;
        lock (_gate)
        {
            TimeSpan now = _clock.Now;
            if (_isDropped) return TimeSpan.MinValue;
            if (_lease.HasRunOut(now))
            {
                if (!_freezes)
                {
                    _isDropped = true;
                    _tell(new LeaseEnded(DescribeEnd(now)));
                    return TimeSpan.MinValue;
                }

                if (!_isFrozen) _tell(new LeaseFroze(DescribeEnd(now)));
                _isFrozen = true;
            }

            if (_view is null) return Timeout.InfiniteTimeSpan;
            if (now >= _renewAt)
            {
                Note(() => renewal = _lease.Renew(now));
                _renewAt = now + (_lease.SafeUntil is null ? FirstRenewals : _terms.RenewEvery);
            }

            LookAtOthers(now);
            wait = NextLook(now) - now;
        }

        if (renewal > 0)
        {
            foreach (StaticPeer peer in _list.Peers)
            {
                if (peer.Id != _self.Node) Send(peer.Id, new GlueMessage(GlueMessageKind.Renewal, _self.Incarnation, renewal, _digest));
            }
        }

        return wait > TimeSpan.Zero ? wait : TimeSpan.Zero;
    }

    /// <summary>Does what may extend the lease, and tells if it has.</summary>
    private void Note(Action change)
    {
        TimeSpan? before = _lease.SafeUntil;
        change();
        if (_lease.SafeUntil is not { } after || after == before) return;

        // What members did not say while this node heard no majority says more about this node: their silence counts from when that is over.
        if (after - before > _terms.RenewEvery * 2) _inTouchSince = _clock.Now;
        _extend(after);
        if (before is null) _tell(new LeaseBegan());
        if (!_isFrozen) return;
        _isFrozen = false;
        _tell(new LeaseResumed());
    }

    private void LookAtOthers(TimeSpan now)
    {
        if (_lease.SafeUntil is null) _tell(new LeaseWaits(DescribeWaiting()));
        foreach (NodeIncarnation departed in _view!.Unproven)
        {
            if (now >= _watch.RunsOutAt(departed) && _countedOut.Add(departed)) _tell(new CountedOut(departed));
        }

        foreach (Member member in _view.Members)
        {
            NodeIncarnation who = member.NodeIncarnation;
            if (who == _self || now < SilentAt(who) || !HearsMajoritySince(SilentFrom(who))) continue;
            double seconds = (now - _heardAt[who]).TotalSeconds;
            _tell(new MemberSilent(who, string.Create(CultureInfo.InvariantCulture, $"{_list.NameOf(_self.Node)} has heard nothing of it for {seconds:0.0} s")));
        }
    }

    /// <summary>
    /// When a member has been silent for so long that one of the two has to go. The smaller id is the first to say so, and the other only if that one
    /// does not: where just the connection between two is broken, one of them goes.
    /// </summary>
    private TimeSpan SilentAt(NodeIncarnation who) => SilentFrom(who) + (_self.Node < who.Node ? SilenceMin(_terms) : SilenceMax(_terms));

    private TimeSpan SilentFrom(NodeIncarnation who) => _heardAt[who] > _inTouchSince ? _heardAt[who] : _inTouchSince;

    private static TimeSpan SilenceMin(LeaseTerms terms) => terms.Length * 0.8;

    /// <summary>Who has not been answered by a majority since either is the one that is cut off, and puts nobody out.</summary>
    private bool HearsMajoritySince(TimeSpan time) => _lease.SafeUntil - _terms.SafeFor > time + _terms.RenewEvery;

    private TimeSpan NextLook(TimeSpan now)
    {
        TimeSpan next = _renewAt;
        if (_lease.SafeUntil is { } until && until < next && !_isFrozen) next = until;
        foreach (NodeIncarnation departed in _view!.Unproven)
        {
            TimeSpan at = _watch.RunsOutAt(departed);
            if (at > now && at < next) next = at;
        }

        return next;
    }

    private string DescribeWaiting()
    {
        string[] silent = [.. Silent(TimeSpan.Zero)];
        return $"{_lease.Majority} of {_list.Peers.Length} nodes have to answer; {string.Join(", ", silent)} {(silent.Length == 1 ? "has" : "have")} not";
    }

    private string DescribeEnd(TimeSpan now)
    {
        TimeSpan sent = _lease.SafeUntil!.Value - _terms.SafeFor;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"its lease has run out: for {(now - sent).TotalSeconds:0.0} s no majority of the nodes has answered; silent are {string.Join(", ", Silent(sent + TimeSpan.FromTicks(1)))}");
    }

    private IEnumerable<string> Silent(TimeSpan since) => _lease.SilentSince(since).Select(
        node => _list.NameOf(node) + (_differing.Contains(node) ? " (which has other nodes, another lease or other fencing in its configuration)" : ""));

    private void Send(NodeId to, GlueMessage message)
    {
        Span<byte> bytes = stackalloc byte[GlueMessage.Length];
        message.Write(bytes);
        _messenger.Send(to, bytes);
    }
}
