using System.Collections.Immutable;

namespace Tyer.Cluster.Static;

/// <summary>
/// How the nodes of a fixed list agree on one view of all of them: a pure function of state and event.
/// </summary>
/// <remarks>
/// <para>Each says hello until it is in a view. When the <em>coordinator</em>, the node with the smallest id, has heard all of them, it
/// writes the next id to its disk and proposes the view; each writes the id to its own disk and promises the proposal; when
/// all have, the coordinator installs it and says so. Who is in a view tells everybody who asks. A node that restarted meanwhile says
/// hello as somebody else, and the coordinator proposes anew, with a new id.</para>
/// <para><b>F1</b> <em>The same id is the same view.</em> Only the coordinator proposes, and never twice with one id, since the id
/// is on its disk before anybody hears of it; a promise names the life of the coordinator that it was given to.</para>
/// <para><b>F2</b> <em>Two views never have living members at once.</em> A view is installed only after everybody it lists has promised
/// it, and who is in a view promises no other. Say p lives in V and q in V′. Then V′ lists an earlier life of p, which promised it, and V
/// one of q. V was proposed after the present life of p had begun, so after V′ was promised by the earlier one, so after V′ was
/// proposed; and V′ likewise after V.</para>
/// <para><b>F3</b> <em>When to believe that a view is installed.</em> A node whose latest promise is V installs V on anybody's word.
/// One that has since promised V′ must be sure that V′ never comes to be. It is, if the word comes from q and V′ lists q in that life
/// or an earlier one. In that life: q is in V, so it does not promise V′ any more, and did not before, unless it knew V′ to be dead.
/// In an earlier life: that life would have had to promise V′ before V, which lists the later one, was proposed; but V has the smaller
/// id. If V′ lists q in a <em>later</em> life, the word is of somebody who is gone, and is not followed.</para>
/// <para><b>F4</b> <em>Ids grow.</em> A proposal's id is greater than all that were on anybody's disk.</para>
/// <para><b>F5</b> <em>One version of the lock protocol.</em> Of two nodes that share none, the one with the higher id gives up, and the other waits for a
/// build that fits. Ranges of which any two meet all meet in one version, so the view of all has one.</para>
/// </remarks>
internal static class Forming
{
    public static (FormingState State, ImmutableArray<FormingAction> Actions) Step(FormingState state, FormingEvent @event)
    {
        var step = new Transition(state);
        if (state.Unfit is not null) return (state, step.Actions);
        switch (@event)
        {
            case Received received when state.IsPeer(received.From):
                OnMessage(step, received.From, received.Sender, received.Message);
                break;
            case Tick:
                OnTick(step);
                break;
            case BecameReady:
                step.State = state with { NotReady = null };
                foreach (StaticPeer peer in state.Others) SendHello(step, peer.Id);
                Propose(step);
                break;
            case PeerReachable reachable when state.IsPeer(reachable.Peer):
                step.State = state with { Unreachable = state.Unreachable.Remove(reachable.Peer) };
                SendHello(step, reachable.Peer);
                break;
            case PeerUnreachable unreachable when state.IsPeer(unreachable.Peer):
                step.State = state with { Unreachable = state.Unreachable.SetItem(unreachable.Peer, unreachable.Why) };
                ReportLost(step, unreachable.Peer);
                break;
        }

        if (step.State is { Installed: null, Unfit: null }) TellWaiting(step);
        return (step.State, step.Actions);
    }

    private static void OnMessage(Transition step, NodeId from, Incarnation sender, PeerMessage message)
    {
        // A word of an earlier life says nothing about the present one. Only its hello is answered: it may come from a node that
        // lost its state and its time of day, and would never learn why it is not heard.
        if (sender < LatestKnown(step.State, from))
        {
            if (message is Hello) step.Send(from, new Refused(sender, HelloRefusal.LaterIncarnation, LatestKnown(step.State, from).Value));
            return;
        }

        switch (message)
        {
            case Hello hello: OnHello(step, from, hello); break;
            case ListDiffers differs: OnListDiffers(step, from, sender, differs.List); break;
            case Prepare prepare: OnPrepare(step, from, sender, prepare.View); break;
            case Prepared prepared: OnPrepared(step, from, prepared); break;
            case Declined declined: OnDeclined(step, from, declined); break;
            case InstalledView installed: OnInstalled(step, from, sender, installed.View); break;
            case Refused refused: OnRefused(step, from, sender, refused); break;
        }
    }

    private static void OnHello(Transition step, NodeId from, Hello hello)
    {
        if (hello.Digest != step.State.List.Digest || hello.Sender.Name != step.State.List.NameOf(from))
        {
            step.Send(from, new ListDiffers(step.State.List));
            return;
        }

        Remember(step, from, hello);
        if (step.State.Installed is null && from < step.State.Self.Id && !VersionAgreement.CanMeet(step.State.Self, hello.Sender))
        {
            // F5.
            string why = FormingText.Unfit(step.State.Self, hello.Sender);
            step.State = step.State with { Unfit = why };
            step.Do(new TellRefused(why));
        }
        else if (step.State.Installed is not { } view)
        {
            if (hello.AnswerWanted) SendHello(step, from);
            Propose(step);
        }
        else if (view.Find(from) is { } member && member.Incarnation == hello.Sender.Incarnation)
        {
            if (hello.Installed == 0) step.Send(from, new InstalledView(view));
            else if (hello.AnswerWanted) SendHello(step, from);
            ReportBack(step, member);
        }
        else
        {
            step.Send(from, new Refused(hello.Sender.Incarnation, HelloRefusal.ViewFormed, view.Id));
            ReportLost(step, from);
        }
    }

    /// <summary>Keeps what a peer said; of what one life says, nothing is ever taken back, in whichever order it arrives.</summary>
    private static void Remember(Transition step, NodeId from, Hello hello)
    {
        FormingState state = step.State;
        if (state.Heard.GetValueOrDefault(from) is { } earlier && earlier.Sender.Incarnation == hello.Sender.Incarnation)
        {
            hello = hello with
            {
                Highest = Math.Max(earlier.Highest, hello.Highest),
                Installed = Math.Max(earlier.Installed, hello.Installed),
                Ready = earlier.Ready || hello.Ready,
            };
        }

        bool refusalIsOver = state.Refusals.GetValueOrDefault(from) is { } refusal && refusal.By < hello.Sender.Incarnation;
        step.State = state with
        {
            Heard = state.Heard.SetItem(from, hello),
            Unreachable = state.Unreachable.Remove(from),
            Refusals = refusalIsOver ? state.Refusals.Remove(from) : state.Refusals,
        };
    }

    private static void OnListDiffers(Transition step, NodeId from, Incarnation sender, PeerList theirs)
    {
        FormingState state = step.State;
        if (theirs.Digest == state.List.Digest) return;
        Refuse(step, from, sender, FormingText.ListDiffers(state, from, theirs));
    }

    /// <summary>Coordinator: proposes a view when all may be in it, unless the present proposal still fits.</summary>
    private static void Propose(Transition step)
    {
        FormingState state = step.State;
        if (!state.IsCoordinator || state.NotReady is not null || state.Installed is not null) return;
        foreach (StaticPeer peer in state.Others)
        {
            if (state.Heard.GetValueOrDefault(peer.Id) is not { Ready: true, Installed: 0 }) return;
        }

        Member[] members = [.. state.List.Peers.Select(peer => peer.Id == state.Self.Id ? state.Self : state.Heard[peer.Id].Sender)];
        if (VersionAgreement.HighestShared(members) is null) return;
        ulong highest = state.Heard.Values.Aggregate(state.Highest, (max, hello) => Math.Max(max, hello.Highest));
        if (state.Promised is { } present && present.Id == highest && present.Members.SequenceEqual(members)) return;

        var view = new ClusterView(highest + 1, members);
        step.Do(new Persist(view.Id));
        step.State = state with { Highest = view.Id, Promised = view, PreparedBy = [state.Self.Id] };
        foreach (StaticPeer peer in state.Others) step.Send(peer.Id, new Prepare(view));
        InstallIfPrepared(step);
    }

    private static void OnPrepare(Transition step, NodeId from, Incarnation sender, ClusterView view)
    {
        FormingState state = step.State;
        bool concernsUs = from == state.Coordinator
            && view.Contains(new NodeIncarnation(from, sender))
            && view.Contains(state.Self.NodeIncarnation)
            && view.Members.Select(member => new StaticPeer(member.Id, member.Name)).SequenceEqual(state.List.Peers);
        if (!concernsUs) return;

        // F2. A coordinator that restarted learns that it is refused from the answer to its hello.
        if (state.Installed is not null) return;

        if (view != state.Promised)
        {
            if (view.Id <= state.Highest)
            {
                step.Send(from, new Declined(view.Id, state.Highest));
                return;
            }

            step.Do(new Persist(view.Id));
            step.State = state with { Highest = view.Id, Promised = view };
        }

        step.Send(from, new Prepared(view.Id, sender));
    }

    private static void OnPrepared(Transition step, NodeId from, Prepared prepared)
    {
        FormingState state = step.State;
        bool forPresentProposal = state.IsCoordinator && state.Installed is null
            && prepared.Coordinator == state.Self.Incarnation
            && prepared.ViewId == state.Promised?.Id;
        if (!forPresentProposal) return;

        step.State = state with { PreparedBy = state.PreparedBy.Add(from) };
        InstallIfPrepared(step);
    }

    private static void InstallIfPrepared(Transition step)
    {
        FormingState state = step.State;
        if (state.Promised is not { } view || state.PreparedBy.Count < view.Members.Length) return;

        InstallView(step, view);
        foreach (StaticPeer peer in state.Others) step.Send(peer.Id, new InstalledView(view));
    }

    /// <summary>Coordinator: a peer's disk has a higher id than its hellos told, so the next proposal is above that.</summary>
    private static void OnDeclined(Transition step, NodeId from, Declined declined)
    {
        FormingState state = step.State;
        if (!state.IsCoordinator || state.Promised?.Id != declined.ViewId || state.Heard.GetValueOrDefault(from) is not { } heard) return;

        heard = heard with { Highest = Math.Max(heard.Highest, declined.Highest) };
        step.State = state with { Heard = state.Heard.SetItem(from, heard), Promised = null, PreparedBy = [] };
        Propose(step);
    }

    private static void OnInstalled(Transition step, NodeId from, Incarnation sender, ClusterView view)
    {
        FormingState state = step.State;
        if (state.Installed is not null || state.Promised is not { } promised) return;
        if (!view.Contains(state.Self.NodeIncarnation) || !view.Contains(new NodeIncarnation(from, sender))) return;

        // F3, and F4.
        bool otherIsDead = view.Id < promised.Id && promised.Find(from) is { } listed && listed.Incarnation <= sender;
        if (view == promised || (otherIsDead && view.Id > state.HighestAtStart)) InstallView(step, view);
    }

    private static void InstallView(Transition step, ClusterView view)
    {
        Invariant.Check(step.State.Installed is null, "a static node is in one view in one life");
        Invariant.Check(view.Contains(step.State.Self.NodeIncarnation), "a node installs only views that list it in its present life");
        Invariant.Check(view.Id > step.State.HighestAtStart, "the id of a view is above all that were on disk");

        step.State = step.State with { Installed = view, Promised = null, PreparedBy = [] };
        step.Do(new Install(view));
        foreach (StaticPeer peer in step.State.Others) ReportLost(step, peer.Id);
    }

    private static void OnRefused(Transition step, NodeId from, Incarnation sender, Refused refused)
    {
        FormingState state = step.State;
        if (refused.To != state.Self.Incarnation || state.Installed is not null) return;

        Refuse(step, from, sender, FormingText.Refused(state, from, refused));
    }

    private static void Refuse(Transition step, NodeId by, Incarnation inLife, string why) =>
        step.State = step.State with { Refusals = step.State.Refusals.SetItem(by, new Refusal(inLife, why)) };

    private static void OnTick(Transition step)
    {
        FormingState state = step.State;
        foreach (StaticPeer peer in state.Others)
        {
            if (state.Installed is null || IsSilent(state, peer.Id)) SendHello(step, peer.Id);
            if (state.IsCoordinator && state.Promised is { } proposal && !state.PreparedBy.Contains(peer.Id))
                step.Send(peer.Id, new Prepare(proposal));
        }
    }

    /// <summary>A lost member is reached again, but has not said whether it is still the same.</summary>
    private static bool IsSilent(FormingState state, NodeId peer) =>
        state.Lost.TryGetValue(peer, out PeerLoss loss) && loss == PeerLoss.Unreachable && !state.Unreachable.ContainsKey(peer);

    private static void SendHello(Transition step, NodeId to)
    {
        FormingState state = step.State;
        step.Send(to, new Hello(
            state.Self,
            state.List.Digest,
            state.Highest,
            Installed: state.Installed?.Id ?? 0,
            Ready: state.NotReady is null,
            AnswerWanted: !state.Heard.ContainsKey(to) || state.Lost.ContainsKey(to)));
    }

    /// <summary>Tells of the loss of a member of the view, if there is one that has not been told.</summary>
    private static void ReportLost(Transition step, NodeId peer)
    {
        FormingState state = step.State;
        if (state.Installed?.Find(peer) is not { } member) return;

        if (state.Heard.GetValueOrDefault(peer)?.Sender.Incarnation > member.Incarnation)
        {
            Tell(PeerLoss.Restarted, FormingText.Restarted(member));
        }
        else if (state.Unreachable.TryGetValue(peer, out string? why))
        {
            Tell(PeerLoss.Unreachable, FormingText.Unreachable(member, why));
        }

        void Tell(PeerLoss loss, string text)
        {
            if (state.Lost.TryGetValue(peer, out PeerLoss told) && (told == loss || told == PeerLoss.Restarted)) return;
            step.State = state with { Lost = state.Lost.SetItem(peer, loss) };
            step.Do(new TellPeerLost(member, text));
        }
    }

    private static void ReportBack(Transition step, Member peer)
    {
        FormingState state = step.State;
        if (!state.Lost.TryGetValue(peer.Id, out PeerLoss loss) || loss != PeerLoss.Unreachable) return;

        step.State = state with { Lost = state.Lost.Remove(peer.Id) };
        step.Do(new TellPeerBack(peer));
    }

    private static void TellWaiting(Transition step)
    {
        string why = FormingText.Waiting(step.State);
        if (why == step.State.Waiting) return;
        step.State = step.State with { Waiting = why };
        step.Do(new TellWaiting(why));
    }

    private static Incarnation LatestKnown(FormingState state, NodeId peer)
    {
        Incarnation heard = state.Heard.GetValueOrDefault(peer)?.Sender.Incarnation ?? default;
        Incarnation listed = state.Installed?.Find(peer)?.Incarnation ?? default;
        return heard > listed ? heard : listed;
    }

    /// <summary>The state as it changes within one step, and what is to be done about it.</summary>
    private sealed class Transition(FormingState state)
    {
        private readonly ImmutableArray<FormingAction>.Builder _actions = ImmutableArray.CreateBuilder<FormingAction>();

        public FormingState State { get; set; } = state;

        public ImmutableArray<FormingAction> Actions => _actions.ToImmutable();

        public void Do(FormingAction action) => _actions.Add(action);

        public void Send(NodeId to, PeerMessage message) => Do(new Send(to, message));
    }
}
