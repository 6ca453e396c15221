namespace Tyer.Cluster.Static;

/// <summary>Says whom a node without a view waits for, so that a stall explains itself (rule L6).</summary>
internal static class WaitingText
{
    public static string Describe(FormingState state)
    {
        var reasons = new List<string>();
        if (state.NotReady is { } notReady) reasons.Add(notReady);

        var unheard = new List<string>();
        foreach (StaticPeer peer in state.Others)
        {
            Hello? heard = state.Heard.GetValueOrDefault(peer.Id);
            if (state.Refusals.TryGetValue(peer.Id, out Refusal? refusal))
                reasons.Add($"refused by {peer.Name}: {refusal.Why}");
            else if (heard is null)
                unheard.Add(state.Unreachable.TryGetValue(peer.Id, out string? why) ? $"{peer.Name} (unreachable: {why})" : peer.Name);
            else if (!heard.Ready)
                reasons.Add($"waiting for {peer.Name}, whose previous run did not stop cleanly, until its sessions have run out");
        }

        if (unheard.Count > 0) reasons.Add($"waiting for {string.Join(", ", unheard)}");
        if (reasons.Count > 0) return string.Join("; ", reasons);

        return $"all {state.List.Peers.Length} nodes have said hello; {state.List.NameOf(state.Coordinator)} proposes the view";
    }
}
