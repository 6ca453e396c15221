namespace Tyer.Cluster.Corosync.Tests.Agreement;

/// <summary>All views that were installed, and the rules that they have to keep. A rule that is broken is an exception.</summary>
internal sealed class ViewHistory(int nodes)
{
    private readonly Dictionary<ulong, ClusterView> _views = [];
    private readonly Dictionary<NodeIncarnation, SimulatedLife> _lives = [];
    private readonly HashSet<NodeIncarnation> _proven = [];

    public int Count => _views.Count;

    public void Began(SimulatedLife life) => _lives.Add(life.Self.NodeIncarnation, life);

    /// <summary>The test has ended it, and says so to the cluster.</summary>
    public void Prove(NodeIncarnation who) => _proven.Add(who);

    /// <summary>A life has installed a view; the last of its list.</summary>
    public void OnView(SimulatedLife life, ClusterView view)
    {
        NodeIncarnation self = life.Self.NodeIncarnation;
        Rule(!_views.TryGetValue(view.Id, out ClusterView? same) || same == view, $"the same id is the same view: {same} and {view}");
        _views[view.Id] = view;
        Rule(view.Contains(self), $"{self} is in its own view {view}");
        Rule(2 * view.Members.Length > nodes, $"no view of a minority: {view}");
        Rule(view.Unproven.All(departed => !view.Contains(departed)), $"who is in is not unproven: {view}");
        foreach (NodeIncarnation proven in life.Proven) Rule(!view.Unproven.Contains(proven), $"what {self} knows as proven is not unproven: {proven} in {view}");

        ClusterView? before = life.Views.Count > 1 ? life.Views[^2] : null;
        Rule(view.Id > (before?.Id ?? life.HighestAtStart), $"ids grow: {view} after {before}, above {life.HighestAtStart}");
        if (before is not null)
        {
            foreach (NodeIncarnation earlier in before.Members.Select(member => member.NodeIncarnation).Concat(before.Unproven))
                Rule(view.Contains(earlier) || view.Unproven.Contains(earlier) || _proven.Contains(earlier), $"nobody goes without a word: {earlier} in {before}, not in {view}");
        }

        foreach (ClusterView earlier in life.Views)
        {
            foreach (NodeIncarnation departed in earlier.Unproven) Rule(!view.Contains(departed), $"who has departed does not come back: {departed} in {view}");
        }

        foreach (Member member in view.Members) CompareChains(life, member, view);
    }

    /// <summary>
    /// Views that all their members have installed were in force. Of these there is one row: who is in two of them is in all between, and has no gap.
    /// </summary>
    public void CheckViewsInForce()
    {
        ClusterView[] inForce = [.. _views.Values.Where(IsInForce).OrderBy(view => view.Id)];
        foreach (NodeIncarnation who in _lives.Keys)
        {
            int first = Array.FindIndex(inForce, view => view.Contains(who));
            int last = Array.FindLastIndex(inForce, view => view.Contains(who));
            for (int i = first; i >= 0 && i < last; i++)
                Rule(inForce[i].Contains(who), $"a stale member came back: {who} is in {inForce[first]} and {inForce[last]}, not in {inForce[i]}");
        }
    }

    private bool IsInForce(ClusterView view) =>
        view.Members.All(member => _lives.TryGetValue(member.NodeIncarnation, out SimulatedLife? life) && life.Views.Contains(view));

    /// <summary>Two that are in one view have installed the same views that they were both in.</summary>
    private void CompareChains(SimulatedLife life, Member member, ClusterView view)
    {
        if (!_lives.TryGetValue(member.NodeIncarnation, out SimulatedLife? other) || !other.Views.Contains(view)) return;
        IEnumerable<ulong> own = life.Views.Where(each => each.Id < view.Id && each.Contains(other.Self.NodeIncarnation)).Select(each => each.Id);
        IEnumerable<ulong> others = other.Views.Where(each => each.Id < view.Id && each.Contains(life.Self.NodeIncarnation)).Select(each => each.Id);
        Rule(own.SequenceEqual(others), $"none is skipped: {life.Self} has been in {string.Join(", ", own)} with {other.Self}, which has been in {string.Join(", ", others)}");
    }

    private static void Rule(bool holds, string rule)
    {
        if (!holds) throw new BrokenRuleException(rule);
    }
}

/// <summary>A view that must not be.</summary>
internal sealed class BrokenRuleException(string rule) : Exception(rule);
