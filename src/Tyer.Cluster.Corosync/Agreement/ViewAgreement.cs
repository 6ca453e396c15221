using System.Collections.Immutable;
using Tyer.Cluster.Glue;

namespace Tyer.Cluster.Corosync.Agreement;

/// <summary>
/// How the processes of a group agree on numbered views. A state machine: what the daemon tells goes in, what is to be done comes out by the
/// <see cref="IAgreementPort"/>; it has no clock, thread, disk or socket.
/// </summary>
/// <remarks>
/// <para>The daemon gives the members of a group one order of messages and of changes in who is in. It does not number what it gives in a way that survives
/// its restarts, does not know who has been out, and lets a minority go on. So, in each <see cref="Configuration"/> of the group:</para>
/// <para><b>V1</b> <em>Gate.</em> A member speaks only while the daemon's quorum service says that the very ring that the group is on is quorate (node and
/// sequence of the ring, for both sides of a split have the same sequence), and while the participants are a majority of the configured nodes. What a minority
/// says among itself is never part of a view: its configuration is another one.</para>
/// <para><b>V2</b> <em>Hello.</em> Each says who it is, what it was in, and the highest id on its disk. When all have, each computes the same
/// <see cref="Verdict"/>. Who has been left out of a later view than its own is put out, whatever the daemon says; it comes back as another life.</para>
/// <para><b>V3</b> <em>Ready.</em> The id of the next view is above all disks. Each puts it on its own, then says so. The last to be heard installs it. So two views
/// of the same id would need two majorities that have no node in common.</para>
/// <para><b>V4</b> <em>Restart.</em> Any change of the configuration begins anew. Some may have heard the last word before the change, and the others not: the former say in
/// their next hello in which view they are, and those who are in it take it in late. So all who go on have been in the same views.</para>
/// <para><b>V5</b> <em>Silence.</em> Who does not take its step in time is put out by an ordered word; a process that stands still holds nobody up for long.</para>
/// </remarks>
internal sealed class ViewAgreement
{
    private const string RingChanges = "corosync is changing its ring";

    private readonly Joiner _joiner;
    private readonly IAgreementPort _port;
    private readonly GroupProcess _self;
    private readonly TimeSpan _patience;

    // What this life knows, whatever the group is doing.
    private readonly Dictionary<NodeIncarnation, FenceProof> _proofs = [];
    private readonly SortedDictionary<uint, string> _causes = [];
    private readonly Dictionary<GroupProcess, byte> _foreign = [];
    private ulong _highest;
    private ulong _promised;
    private ClusterView? _installed;
    private bool _hasContact = true;
    private string? _waits;
    private bool _isOver;

    // What the daemon has told last.
    private ImmutableArray<GroupProcess> _members = [];
    private RingId? _ring;
    private RingId? _quorumRing;
    private bool _isQuorate;
    private string? _away;

    // The agreement in the present configuration.
    private readonly SortedSet<GroupProcess> _out = [];
    private readonly Dictionary<GroupProcess, Hello> _hellos = [];
    private readonly HashSet<GroupProcess> _ready = [];
    private readonly HashSet<GroupProcess> _calledSilent = [];
    private bool _saidHello;
    private bool _saidReady;
    private ClusterView? _next;
    private bool _isSettled;
    private TimeSpan? _since;

    /// <param name="joiner">This node.</param>
    /// <param name="pid">Its process, as the daemon knows it.</param>
    /// <param name="patience">How long a participant may keep the others waiting.</param>
    /// <param name="port">Does what is to be done.</param>
    public ViewAgreement(Joiner joiner, uint pid, TimeSpan patience, IAgreementPort port)
    {
        _joiner = joiner;
        _port = port;
        _patience = patience;
        _self = new GroupProcess(joiner.Self.Id.Value, pid);
        _highest = joiner.HighestView;
    }

    /// <summary>Present only while the group is on a known ring.</summary>
    private Configuration? Present => _ring is { } ring && _members.Contains(_self) ? new Configuration(ring, _members, [.. _out]) : null;

    private IEnumerable<GroupProcess> Participants => _members.Except(_out);

    /// <summary>Who is in the group from here on.</summary>
    public void OnMembers(IEnumerable<GroupProcess> members, IEnumerable<(GroupProcess Who, DepartureCause Cause)> left)
    {
        foreach ((GroupProcess who, DepartureCause cause) in left)
        {
            _causes.TryAdd(who.Node, cause switch
            {
                DepartureCause.Leave => "left the group",
                DepartureCause.ProcessDown => "its process ended",
                _ => "its machine, its corosync or the network to it failed",
            });
        }

        _members = [.. members.Order()];
        _out.IntersectWith(_members);
        Restart();
    }

    /// <summary>The ring that the group is on from here on.</summary>
    public void OnRing(RingId ring)
    {
        if (_ring == ring) return;
        _ring = ring;
        Restart();
    }

    /// <summary>What the quorum service says; it comes by another way than the rest.</summary>
    public void OnQuorum(bool isQuorate, RingId ring)
    {
        _isQuorate = isQuorate;
        _quorumRing = ring;
        Advance();
    }

    /// <summary>The daemon is gone, or was not there. Another one may come.</summary>
    public void OnAway(string why)
    {
        _away = why;
        _members = [];
        _out.Clear();
        _ring = _quorumRing = null;
        _isQuorate = false;
        Restart();
    }

    /// <summary>It is there.</summary>
    public void OnConnected() => _away = null;

    public void OnTick(TimeSpan now)
    {
        // Counted from the first look: this process itself may have stood still before it.
        if (_isOver || _isSettled || !MayAgree()) _since = null;
        else _since ??= now;
        if (!(now - _since >= _patience) || Present is not { } present) return;

        foreach (GroupProcess late in Participants.Where(IsLate))
        {
            if (_calledSilent.Add(late)) _port.Multicast(new Silent(present, late));
        }
    }

    public void OnMessage(GroupProcess from, GroupMessage message)
    {
        if (_isOver || !_members.Contains(from) || _out.Contains(from)) return;
        switch (message)
        {
            case Hello hello: OnHello(from, hello); break;
            case Ready ready: OnReady(from, ready); break;
            case Silent silent: OnSilent(silent); break;
            case Proven proven when IsIn(proven.View): TellProven(proven.Proof); break;
            case Evict evict when IsIn(evict.View): OnEvict(evict); break;
            case Farewell farewell when IsIn(farewell.View): OnFarewell(from, farewell); break;
        }
    }

    /// <summary>
    /// What a process said cannot be read: its build is of another age. A newcomer to a majority of such can never be understood, and hears so from nobody.
    /// </summary>
    /// <param name="from">Who said it.</param>
    /// <param name="version">The version of its format.</param>
    public void OnForeign(GroupProcess from, byte version)
    {
        if (_isOver || !_members.Contains(from)) return;
        _foreign[from] = version;
        GroupProcess[] foreign = [.. _members.Where(_foreign.ContainsKey)];
        if (_installed is not null || !Majority.Is(foreign.Select(process => process.Node), _joiner.Voters)) return;

        _isOver = true;
        string theirs = string.Join(", ", foreign.Select(process => $"{Name(process.Node)} {_foreign[process]}"));
        _port.OnRemoved(
            $"its build speaks version {GroupMessages.Version} of the words by which views are agreed on, and others speak another ({theirs}); install the same build on all", isFinal: true);
    }

    /// <summary>Asks the others to take it as proven; heard by those who are in the view with this node, or lost.</summary>
    public void Prove(Proof proof)
    {
        if (Standing() is { } view) _port.Multicast(new Proven(view.Id, proof));
    }

    /// <summary>Asks that a member be put out; as <see cref="Prove"/>.</summary>
    public void Evict(NodeIncarnation who, string why)
    {
        if (Standing() is { } view) _port.Multicast(new Evict(view.Id, who, why));
    }

    /// <summary>Goes; as <see cref="Prove"/>.</summary>
    /// <returns>False: nobody would hear it now.</returns>
    public bool Leave()
    {
        if (Standing() is not { } view) return false;
        _port.Multicast(new Farewell(view.Id, _joiner.Self.NodeIncarnation));
        return true;
    }

    private ClusterView? Standing() => !_isOver && _isSettled && MayAgree() ? _installed : null;

    private bool IsIn(ulong view) => _isSettled && _installed?.Id == view;

    /// <summary>V4.</summary>
    private void Restart()
    {
        _hellos.Clear();
        _ready.Clear();
        _calledSilent.Clear();
        _saidHello = _saidReady = _isSettled = false;
        _next = null;
        _since = null;
        Advance();
    }

    /// <summary>Takes whichever steps can be taken now.</summary>
    private void Advance()
    {
        if (_isOver) return;
        if (MayAgree() && !_saidHello)
        {
            _saidHello = true;
            _port.Multicast(OwnHello());
        }

        if (!_isSettled && _next is null && Participants.Any() && Participants.All(_hellos.ContainsKey)) Judge();
        if (_isOver) return;
        if (_next is { } next && !_saidReady && MayAgree())
        {
            // On disk before anybody hears of it (V3).
            _saidReady = true;
            _highest = _promised = next.Id;
            _port.Promise(next.Id);
            _port.Multicast(new Ready(Present!, next.Id));
        }

        TellContact();
    }

    private Hello OwnHello() => new(
        Present!,
        _joiner.Self,
        _joiner.Digest,
        _highest,
        _joiner.HighestView,
        _promised,
        _installed,
        _joiner.EarlierLife,
        [.. _proofs.Select(proof => new Proof(proof.Key, proof.Value)).OrderBy(proof => proof.Who.Node).ThenBy(proof => proof.Who.Incarnation)]);

    private void OnHello(GroupProcess from, Hello hello)
    {
        if (Present is not { } present || !hello.In.HasSameMembers(present) || hello.Self.Id.Value != from.Node) return;

        // Who has come since they were put out learns here of it, as do those who had not heard the word.
        if (!_out.IsSupersetOf(hello.In.Out))
        {
            PutOut(hello.In.Out.ToDictionary(who => who, _ => new Misfit("the others have put it out")));
            if (_isOver) return;
        }

        if (_out.SetEquals(hello.In.Out) && !_isSettled && _hellos.TryAdd(from, hello)) Advance();
    }

    private void Judge()
    {
        Verdict verdict = Verdict.Of(_hellos, _joiner.Voters);
        if (verdict is Verdict.PutOut misfits)
        {
            PutOut(misfits.Who);
            return;
        }

        // The late view first: it was agreed on before the proofs were known that its successor takes into account.
        switch (verdict)
        {
            case Verdict.GoOn goesOn:
                TakeInLate(goesOn.View);
                _isSettled = true;
                break;
            case Verdict.Next { View: var view } next:
                if (next.Base is { } latest) TakeInLate(latest);
                _next = view;
                break;
        }

        foreach (Proof proof in _hellos.Values.SelectMany(hello => hello.Proofs).OrderBy(proof => proof.Who.Node)) TellProven(proof);
    }

    /// <summary>V4. Who was agreed to be in and has missed the last word.</summary>
    private void TakeInLate(ClusterView latest)
    {
        if (latest.Contains(_joiner.Self.NodeIncarnation) && !(_installed?.Id >= latest.Id)) Install(latest);
    }

    private void OnReady(GroupProcess from, Ready ready)
    {
        if (_next is not { } next || ready.View != next.Id || Present is not { } present || ready.In != present) return;
        _ready.Add(from);
        if (!Participants.All(_ready.Contains)) return;

        _next = null;
        _isSettled = true;
        Install(next);
        TellContact();
    }

    private void Install(ClusterView view)
    {
        Invariant.Check(view.Id > (_installed?.Id ?? _joiner.HighestView), "the ids of installed views grow, over restarts too");
        Invariant.Check(view.Contains(_joiner.Self.NodeIncarnation), "a node installs views that it is in");
        string why = Changes(_installed, view);
        _installed = view;
        _causes.Clear();
        foreach (NodeIncarnation old in _proofs.Keys.Where(who => !view.Contains(who) && !view.Unproven.Contains(who)).ToArray()) _proofs.Remove(old);
        _waits = null;
        _port.OnView(view, why);
    }

    private void OnSilent(Silent silent)
    {
        if (_isSettled || Present is not { } present || silent.In != present || !Participants.Contains(silent.Who) || !IsLate(silent.Who)) return;
        if (HasMajorityWithout(silent.Who)) PutOut(silent.Who, "it kept the others waiting");
    }

    /// <summary>Decided by what all have heard in the same order; not by anybody's clock.</summary>
    private bool IsLate(GroupProcess process) => _next is null ? !_hellos.ContainsKey(process) : !_ready.Contains(process);

    private void OnEvict(Evict evict)
    {
        if (ProcessOf(evict.Who) is { } process && HasMajorityWithout(process)) PutOut(process, evict.Why);
    }

    private void OnFarewell(GroupProcess from, Farewell farewell)
    {
        if (ProcessOf(farewell.Who) != from) return;
        if (from == _self)
        {
            _isOver = true;
            _port.OnLeft();
            return;
        }

        TellProven(new Proof(farewell.Who, FenceProof.CleanLeave));
        PutOut(from, "left in order");
    }

    private GroupProcess? ProcessOf(NodeIncarnation who)
    {
        foreach ((GroupProcess process, Hello hello) in _hellos)
        {
            if (hello.Self.NodeIncarnation == who && !_out.Contains(process)) return process;
        }

        return null;
    }

    private bool HasMajorityWithout(GroupProcess process) =>
        Majority.Is(Participants.Where(other => other != process).Select(other => other.Node), _joiner.Voters);

    private void TellProven(Proof proof)
    {
        if (_installed is not { } view || !(view.Contains(proof.Who) || view.Unproven.Contains(proof.Who))) return;
        if (_proofs.TryAdd(proof.Who, proof.How)) _port.OnProven(proof);
    }

    private void PutOut(GroupProcess process, string why) => PutOut(new Dictionary<GroupProcess, Misfit> { [process] = new Misfit(why) });

    private void PutOut(IReadOnlyDictionary<GroupProcess, Misfit> processes)
    {
        foreach ((GroupProcess process, Misfit misfit) in processes)
        {
            if (!_members.Contains(process) || !_out.Add(process)) continue;
            _causes[process.Node] = misfit.Why;
            if (process != _self) continue;
            _isOver = true;
            _port.OnRemoved(misfit.Why, misfit.IsFinal);
            return;
        }

        Restart();
    }

    /// <summary>V1.</summary>
    private bool MayAgree() => WhyNot() is null;

    private string? WhyNot()
    {
        if (_away is not null) return _away;
        if (_members.IsEmpty || _ring is null) return "waiting to be let into the group by corosync";
        if (_quorumRing is null) return "waiting for corosync's word about the quorum";
        if (!_isQuorate) return "corosync here has no quorum";
        if (!Majority.Is(Participants.Select(process => process.Node), _joiner.Voters))
            return $"no majority of the {_joiner.Voters.Length} nodes is there; {Names(_joiner.Voters.Select(voter => voter.Value).Except(Participants.Select(process => process.Node)))} not";
        return _quorumRing == _ring ? null : RingChanges;
    }

    private void TellContact()
    {
        if (_installed is null)
        {
            string waits = WhyNot() ?? WaitingFor();
            if (waits == _waits) return;
            _waits = waits;
            _port.OnWaiting(waits);
            return;
        }

        // A ring that changes is no reason yet; what comes of it is.
        string? lost = WhyNot();
        if (lost is not (null or RingChanges) && _hasContact)
        {
            _hasContact = false;
            _port.OnContactLost(lost);
        }
        else if (!_hasContact && _isSettled && MayAgree())
        {
            _hasContact = true;
            _port.OnContact();
        }
    }

    private string WaitingFor()
    {
        GroupProcess[] late = [.. Participants.Where(IsLate)];
        return late.Length == 0 ? "agreeing on a view" : $"{Names(late.Select(process => process.Node))} waited for";
    }

    private string Names(IEnumerable<uint> nodes)
    {
        string[] names = [.. nodes.Select(Name)];
        return string.Join(", ", names) + (names.Length == 1 ? " is" : " are");
    }

    private string Name(uint node) => NodeId.IsValid(node) ? _joiner.NameOf(new NodeId(node)) : $"node {node}";

    private string Changes(ClusterView? before, ClusterView view)
    {
        if (before is null) return $"{_joiner.Self.Name} has come in";
        var words = new List<string>();
        words.AddRange(view.Members.Where(member => !before.Contains(member.NodeIncarnation)).Select(member => $"{member} came"));
        words.AddRange(before.Members.Where(member => !view.Contains(member.NodeIncarnation))
            .Select(member => $"{member} is out: {_causes.GetValueOrDefault(member.Id.Value, "its corosync was gone for a while")}"));
        return string.Join("; ", words);
    }
}
