using Tyer.Cluster.Corosync.Agreement;
using Tyer.Cluster.Corosync.Sessions;
using Tyer.Cluster.Glue;
using Tyer.Time;

namespace Tyer.Cluster.Corosync;

/// <summary>Brings an agreement what the daemon tells, and does what it wants; all on the session's thread.</summary>
internal sealed class GroupMember : IGroupEvents, IAgreementPort, IDisposable
{
    private readonly Joiner _joiner;
    private readonly IMembershipEvents _events;
    private readonly IClock _clock;
    private readonly ViewAgreement _agreement;
    private readonly GroupSession _session;
    private readonly TaskCompletionSource _left = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public GroupMember(Joiner joiner, TimeSpan patience, IMembershipEvents events, IClock clock)
    {
        _joiner = joiner;
        _events = events;
        _clock = clock;
        _agreement = new ViewAgreement(joiner, (uint)Environment.ProcessId, patience, this);

        // All that locks in one cluster is one group. The prefix is the one that the kernel's lock manager uses, too.
        _session = new GroupSession($"dlm:tyer:{joiner.Cluster}", this);
    }

    /// <summary>See <see cref="CorosyncEngine.Detection"/>.</summary>
    public TimeSpan? Detection { get; private set; }

    /// <summary>Completes when this life has left and all know it.</summary>
    public Task Left => _left.Task;

    public void Start() => _session.Start();

    public void Do(Action<ViewAgreement> work) => _session.Post(() => work(_agreement));

    public void Dispose() => _session.Dispose();

    string? IGroupEvents.OnConnected(DaemonFacts facts)
    {
        Detection = facts.Detection;
        if (facts.FaultFor(_joiner.Cluster, _joiner.Self, _joiner.Voters) is { } fault) return fault;
        _agreement.OnConnected();
        return null;
    }

    void IGroupEvents.OnAway(string why) => _agreement.OnAway(why);

    void IGroupEvents.OnMembers(ReadOnlySpan<GroupProcess> members, ReadOnlySpan<(GroupProcess Who, DepartureCause Cause)> left) =>
        _agreement.OnMembers(members.ToArray(), left.ToArray());

    void IGroupEvents.OnRing(RingId ring) => _agreement.OnRing(ring);

    void IGroupEvents.OnQuorum(bool isQuorate, RingId ring) => _agreement.OnQuorum(isQuorate, ring);

    void IGroupEvents.OnMessage(GroupProcess from, ReadOnlySpan<byte> message)
    {
        if (GroupMessages.TryDecode(message, out GroupMessage? decoded)) _agreement.OnMessage(from, decoded);
        else if (GroupMessages.ForeignVersionOf(message) is { } version) _agreement.OnForeign(from, version);
    }

    void IGroupEvents.OnHungUp(string why) => _agreement.OnAway(why);

    void IGroupEvents.OnTick() => _agreement.OnTick(_clock.Now);

    void IGroupEvents.OnFault(Exception fault) => _events.OnRemoved($"the connection to corosync has failed: {fault.Message}");

    void IAgreementPort.Multicast(GroupMessage message) => _session.Multicast(GroupMessages.Encode(message));

    void IAgreementPort.Promise(ulong view) =>
        Invariant.Check(_events.TryPromise(view, out _), "nobody else raises the highest view on this node's disk");

    void IAgreementPort.OnView(ClusterView view, string why) => _events.OnView(view, why);

    void IAgreementPort.OnProven(Proof proof) => _events.OnProven(proof.Who, proof.How);

    void IAgreementPort.OnContactLost(string why) => _events.OnContactLost(why);

    void IAgreementPort.OnContact() => _events.OnContact();

    void IAgreementPort.OnWaiting(string why) => _events.OnWaiting(why);

    void IAgreementPort.OnRemoved(string why, bool isFinal)
    {
        // Out of the group at once: whoever is out keeps nobody waiting.
        _session.Dispose();
        if (isFinal) _events.OnRefused($"the others do not take this node in: {why}");
        else _events.OnRemoved(why);
    }

    void IAgreementPort.OnLeft()
    {
        _left.TrySetResult();
        _session.Dispose();
    }
}
