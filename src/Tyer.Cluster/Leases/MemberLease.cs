using System.Collections.Immutable;

namespace Tyer.Cluster.Leases;

/// <summary>
/// A member's own lease: good for as long as a majority of the voters has lately answered it. The member counts as having answered itself.
/// Pure: what was sent and answered goes in, until when it is safe comes out.
/// </summary>
public sealed class MemberLease
{
    private readonly LeaseTerms _terms;
    private readonly NodeId _self;
    private readonly SortedDictionary<NodeId, TimeSpan?> _answered = [];
    private readonly SortedDictionary<ulong, TimeSpan> _sent = [];
    private readonly bool _resumes;
    private ulong _last;
    private bool _hasRunOut;

    /// <summary>A lease that does not run yet.</summary>
    /// <param name="terms">What the cluster has agreed on.</param>
    /// <param name="self">The member.</param>
    /// <param name="voters">All who count, whether they are in the view or not; the member among them.</param>
    /// <param name="resumes">
    /// Whether it begins again when a majority answers after it has run out. Only where the others do not take its end for a proof.
    /// </param>
    /// <exception cref="ArgumentException">The member is not one of the voters.</exception>
    public MemberLease(LeaseTerms terms, NodeId self, IEnumerable<NodeId> voters, bool resumes = false)
    {
        ArgumentNullException.ThrowIfNull(terms);
        ArgumentNullException.ThrowIfNull(voters);
        _terms = terms;
        _self = self;
        _resumes = resumes;
        foreach (NodeId voter in voters) _answered[voter] = null;
        if (!_answered.ContainsKey(self)) throw new ArgumentException($"Node {self} is not one of the voters.", nameof(voters));
    }

    /// <summary>How many have to answer, the member included.</summary>
    public int Majority => (_answered.Count / 2) + 1;

    /// <summary>Until when the member may act, by its own clock; null before a majority has answered for the first time.</summary>
    public TimeSpan? SafeUntil { get; private set; }

    /// <summary>Whether the member may act no more. What is answered after that does not undo it, unless it resumes.</summary>
    public bool HasRunOut(TimeSpan now) => _resumes ? now >= SafeUntil : _hasRunOut |= now >= SafeUntil;

    /// <summary>The voters that have not answered since a time, for whoever asks what is in the way.</summary>
    public ImmutableArray<NodeId> SilentSince(TimeSpan time) =>
        [.. _answered.Where(voter => !(voter.Value >= time)).Select(voter => voter.Key)];

    /// <summary>A renewal is sent to all. One of a member whose time is over extends nothing.</summary>
    /// <param name="now">By the member's clock, before it leaves.</param>
    /// <returns>Its number, which answers repeat.</returns>
    public ulong Renew(TimeSpan now)
    {
        _sent.Add(++_last, now);
        Answered(_self, _last, now);
        Forget();
        return _last;
    }

    /// <summary>A voter has answered. Answers that come twice, late, or from somebody else change nothing.</summary>
    /// <param name="voter">Who.</param>
    /// <param name="renewal">Which renewal.</param>
    /// <param name="now">By the member's clock.</param>
    public void Answered(NodeId voter, ulong renewal, TimeSpan now)
    {
        if (HasRunOut(now) && !_resumes) return;
        if (!_sent.TryGetValue(renewal, out TimeSpan sentAt) || !_answered.TryGetValue(voter, out TimeSpan? before) || before >= sentAt) return;

        _answered[voter] = sentAt;
        // The first lease may come together of answers that are too old to be worth anything: it has not begun then.
        if (SentToMajority() is { } newest && newest + _terms.SafeFor > now) SafeUntil = newest + _terms.SafeFor;
    }

    /// <summary>When the newest renewal was sent that a majority has answered, itself or by answering a later one.</summary>
    private TimeSpan? SentToMajority() => _answered.Values.OrderDescending().ElementAt(Majority - 1);

    private void Forget()
    {
        // One that is older than what it is good for extends nothing any more.
        while (_sent.First() is var oldest && oldest.Value + _terms.Length < _sent[_last]) _sent.Remove(oldest.Key);
    }
}
