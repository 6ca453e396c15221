namespace Tyer.Cluster.Static;

/// <summary>What <see cref="Forming"/> has to say to operators: whom a node waits for, who refuses it, who is lost (rule L6).</summary>
internal static class FormingText
{
    /// <summary>Why there is no view yet.</summary>
    public static string Waiting(FormingState state)
    {
        var reasons = new List<string>();
        if (state.NotReady is { } notReady) reasons.Add(notReady);

        var awaited = new List<string>();
        foreach (StaticPeer peer in state.Others)
        {
            Hello? heard = state.Heard.GetValueOrDefault(peer.Id);
            if (state.Refusals.TryGetValue(peer.Id, out Refusal? refusal))
                reasons.Add($"refused by {peer.Name}: {refusal.Why}");
            else if (state.Unreachable.TryGetValue(peer.Id, out string? why))
                awaited.Add($"{peer.Name} (unreachable: {why})");
            else if (heard is null)
                awaited.Add(peer.Name);
            else if (!VersionAgreement.CanMeet(state.Self, heard.Sender))
                reasons.Add($"waiting for another build of {peer.Name}: {Unfit(heard.Sender, state.Self)}");
            else if (!heard.Ready)
                reasons.Add($"waiting for {peer.Name}, whose previous run did not stop cleanly, until its sessions have run out");
        }

        if (awaited.Count > 0) reasons.Add($"waiting for {string.Join(", ", awaited)}");
        if (reasons.Count > 0) return string.Join("; ", reasons);

        return $"all {state.List.Peers.Length} nodes have said hello; {state.List.NameOf(state.Coordinator)} proposes the view";
    }

    /// <summary>Why a node gives up: it shares no version of the lock protocol with one that has a smaller id.</summary>
    public static string Unfit(Member self, Member other) =>
        $"{self.Name} offers version {self.Protocol} of the lock protocol, and {other.Name} {other.Protocol}: they share none. "
        + "Install builds that do on all nodes, and start what was changed";

    /// <summary>Why a peer with another list refuses this node.</summary>
    public static string ListDiffers(FormingState state, NodeId peer, PeerList theirs)
    {
        string difference = state.List.DescribeDifference(theirs, state.List.NameOf(peer));
        return $"its peer list differs: {difference}. Make the lists equal and restart what was changed";
    }

    /// <summary>Why a peer refuses this node.</summary>
    public static string Refused(FormingState state, NodeId peer, Refused refused)
    {
        string self = state.Self.Name;
        return refused.Reason switch
        {
            HelloRefusal.ViewFormed =>
                $"it is in view {refused.Detail}, which was formed with an earlier run of {self}. This version cannot take a restarted "
                + "node in; a later one with recovery will. Stop all nodes and start them again to form a new view",
            _ =>
                $"it has heard of a later run of {self} ({refused.Detail}, this one is {state.Self.Incarnation}). Either two nodes have "
                + $"the id {state.Self.Id}, or {self} has lost its state directory and its time of day; mend that, then restart "
                + state.List.NameOf(peer),
        };
    }

    /// <summary>Why a member is lost for good.</summary>
    public static string Restarted(Member member) =>
        $"{member.Name} has restarted, and this version cannot take it in again. What its earlier run held and mastered stays as it was "
        + "until all nodes are stopped and started again";

    /// <summary>Why a member is lost for now.</summary>
    public static string Unreachable(Member member, string why) =>
        $"{member.Name} does not answer: {why}. The static stack does not detect failures: what it holds and masters waits for it";
}
