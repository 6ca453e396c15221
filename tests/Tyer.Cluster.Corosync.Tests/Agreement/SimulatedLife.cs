using System.Collections.Immutable;
using Tyer.Cluster.Corosync.Agreement;
using Tyer.Cluster.Glue;

namespace Tyer.Cluster.Corosync.Tests.Agreement;

/// <summary>One life of a node: the real agreement between simulated daemons and a simulated disk; with a mistake, if the test wants one.</summary>
internal sealed class SimulatedLife : IAgreementPort
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly SimulatedDaemons _daemons;
    private readonly ViewHistory _history;
    private readonly SimulatedDisk _disk;
    private readonly Mistake _mistake;
    private readonly ViewAgreement _agreement;
    private ImmutableArray<GroupProcess> _lastMembers = [];

    public SimulatedLife(
        GroupProcess process, Member self, ImmutableArray<NodeId> voters, NodeIncarnation? earlierLife, SimulatedDaemons daemons, SimulatedDisk disk,
        ViewHistory history, Mistake mistake)
    {
        Process = process;
        Self = self;
        _daemons = daemons;
        _disk = disk;
        _history = history;
        _mistake = mistake;
        if (mistake == Mistake.MinorityGoesOn) voters = [self.Id];
        var joiner = new Joiner("sim", self, voters, Digest: 7, disk.Highest, earlierLife);
        HighestAtStart = disk.Highest;
        _agreement = new ViewAgreement(joiner, process.Pid, Patience, this);
    }

    public GroupProcess Process { get; }

    public Member Self { get; }

    public ulong HighestAtStart { get; }

    public bool IsFrozen { get; set; }

    /// <summary>It was put out, or has left: a next one may begin.</summary>
    public bool IsOver { get; private set; }

    public bool HasLeft { get; private set; }

    public bool HasContact { get; private set; } = true;

    /// <summary>The daemon died.</summary>
    public bool IsAway { get; private set; }

    public List<ClusterView> Views { get; } = [];

    public HashSet<NodeIncarnation> Proven { get; } = [];

    public ViewAgreement Agreement => _agreement;

    public void OnMembers(GroupProcess[] members, (GroupProcess, DepartureCause)[] left)
    {
        _lastMembers = [.. members.Order()];
        _agreement.OnMembers(members, left);
    }

    public void OnRing(RingId ring)
    {
        _agreement.OnRing(ring);
        if (_mistake == Mistake.MinorityGoesOn) _agreement.OnQuorum(isQuorate: true, ring);
    }

    public void OnQuorum(bool isQuorate, RingId ring)
    {
        if (_mistake != Mistake.MinorityGoesOn) _agreement.OnQuorum(isQuorate, ring);
    }

    public void OnMessage(GroupProcess from, GroupMessage message)
    {
        // What is said goes through its bytes.
        Assert.True(GroupMessages.TryDecode(GroupMessages.Encode(message), out GroupMessage? read));
        if (_mistake == Mistake.OneReadyIsEnough && read is Ready)
        {
            foreach (GroupProcess other in _lastMembers) _agreement.OnMessage(other, read);
        }

        _agreement.OnMessage(from, read);
    }

    public void OnAway()
    {
        IsAway = true;
        _agreement.OnAway("the daemon has died");
    }

    public void Reconnect()
    {
        IsAway = false;
        _agreement.OnConnected();
        _daemons.Join(this);
    }

    void IAgreementPort.Multicast(GroupMessage message)
    {
        if (message is Hello hello)
        {
            message = _mistake switch
            {
                Mistake.HealedMemberIsTakenForNew => hello with { Installed = null, Promised = 0 },
                Mistake.HighestOfTheStart => hello with { Highest = hello.HighestAtStart },
                Mistake.SaysTheViewBefore when Views.Count > 1 => hello with { Installed = Views[^2] },
                Mistake.KeepsProofsToItself => hello with { Proofs = [] },
                Mistake.ForgetsWhatItPromised => hello with { Promised = 0, HighestAtStart = 0 },
                _ => hello,
            };
        }

        if (!IsAway) _daemons.Send(Process, message);
    }

    void IAgreementPort.Promise(ulong view)
    {
        if (_mistake != Mistake.NothingOnDisk) _disk.Highest = Math.Max(_disk.Highest, view);
    }

    void IAgreementPort.OnView(ClusterView view, string why)
    {
        Views.Add(view);
        _history.OnView(this, view);
    }

    void IAgreementPort.OnProven(Proof proof) => Proven.Add(proof.Who);

    void IAgreementPort.OnContactLost(string why) => HasContact = false;

    void IAgreementPort.OnContact() => HasContact = true;

    void IAgreementPort.OnWaiting(string why)
    {
    }

    void IAgreementPort.OnRemoved(string why, bool isFinal)
    {
        Assert.False(isFinal, why);
        IsOver = true;
        _daemons.Part(this, DepartureCause.Leave);
    }

    void IAgreementPort.OnLeft()
    {
        IsOver = HasLeft = true;
        _daemons.Part(this, DepartureCause.Leave);
    }
}

/// <summary>What a node keeps from life to life.</summary>
internal sealed class SimulatedDisk
{
    public ulong Highest { get; set; }
}

/// <summary>What could be wrong with an agreement; the simulation has to find each.</summary>
public enum Mistake
{
    None,

    /// <summary>Whoever is in the group agrees, quorum or not.</summary>
    MinorityGoesOn,

    /// <summary>The id is not on disk when others hear of it.</summary>
    NothingOnDisk,

    /// <summary>The highest id is the one that was on disk when the life began.</summary>
    HighestOfTheStart,

    /// <summary>A view is installed when one has said that it is ready.</summary>
    OneReadyIsEnough,

    /// <summary>Who comes back as the same process is let in as if it had never been out.</summary>
    HealedMemberIsTakenForNew,

    /// <summary>A member says that it is in the view before the one that it is in.</summary>
    SaysTheViewBefore,

    /// <summary>Who is proven is not passed on to those who have not heard it.</summary>
    KeepsProofsToItself,

    /// <summary>That it has agreed to views which it never saw installed.</summary>
    ForgetsWhatItPromised,
}
