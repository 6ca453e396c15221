namespace Tyer.Cluster.Leases;

/// <summary>
/// What a member knows of the leases of others: when it last answered each, and so from when on a departed one's has run out. Pure.
/// </summary>
/// <remarks>
/// One member's count is no proof. All members of a view with quorum together are one: a renewal that is still good was answered by a
/// majority of the voters, and any two majorities have a node in common. So each tells the others when its count is over, and
/// <see cref="LeaseProof"/> puts them together.
/// </remarks>
public sealed class LeaseWatch
{
    private readonly LeaseTerms _terms;
    private readonly TimeSpan _startedAt;
    private readonly TimeSpan _beyond;
    private readonly Dictionary<NodeIncarnation, TimeSpan> _answeredAt = [];

    /// <summary>Begins to watch.</summary>
    /// <param name="terms">What the cluster has agreed on.</param>
    /// <param name="startedAt">When this life of the watching node began: of what it answered in an earlier one it knows nothing.</param>
    /// <param name="beyond">How long after the end of its lease a departed one may go on.</param>
    public LeaseWatch(LeaseTerms terms, TimeSpan startedAt, TimeSpan beyond = default)
    {
        ArgumentNullException.ThrowIfNull(terms);
        _terms = terms;
        _startedAt = startedAt;
        _beyond = beyond * (1 + terms.ClockRateError);
    }

    /// <summary>A renewal has come.</summary>
    /// <param name="from">Whose.</param>
    /// <param name="view">The view that this node is in; null before the first.</param>
    /// <param name="now">By this node's clock.</param>
    /// <returns>Whether to answer: not one who is not in the view, for others may be counting its time.</returns>
    public bool Take(NodeIncarnation from, ClusterView? view, TimeSpan now)
    {
        if (view is null || !view.Contains(from)) return false;

        _answeredAt[from] = now;
        return true;
    }

    /// <summary>From when on a departed one's lease has run out, as far as this node's answers go.</summary>
    public TimeSpan RunsOutAt(NodeIncarnation departed) => _answeredAt.GetValueOrDefault(departed, _startedAt) + _terms.RunsOutAfter + _beyond;

    /// <summary>Forgets who is neither in the view nor unproven.</summary>
    public void Keep(ClusterView view)
    {
        ArgumentNullException.ThrowIfNull(view);
        foreach (NodeIncarnation gone in _answeredAt.Keys.Where(known => !view.Contains(known) && !view.Unproven.Contains(known)).ToArray())
            _answeredAt.Remove(gone);
    }
}
