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
/// <para><b>F2</b> <em>Two views never have living members at once.</em> A view is installed only after every member that it lists has
/// promised it, and a node that is in a view promises no other.</para>
/// <para><b>F3</b> <em>When to believe that a view is installed.</em> A node that has promised V at most installs V on the word of anybody.
/// One that has since promised V′ must be sure that V′ never comes to be. It is, if the word comes from q and V′ lists q in that life
/// or an earlier one. In that life: q is in V, so it does not promise V′ any more, and did not before, unless it knew V′ to be dead.
/// In an earlier life: that life would have had to promise V′ before V, which lists the later one, was proposed; but V has the smaller
/// id. If V′ lists q in a <em>later</em> life, the word is of somebody who is gone, and is not followed.</para>
/// <para><b>F4</b> <em>Ids grow.</em> A proposal's id is greater than all that were on anybody's disk.</para>
/// </remarks>
internal static class Forming
{
    public static (FormingState State, ImmutableArray<FormingAction> Actions) Step(FormingState state, FormingEvent @event)
    {
        var step = new Transition(state);
        switch (@event)
        {
            case Received received when state.List.Find(received.From) is not null && received.From != state.Self.Id:
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
            case PeerReachable reachable:
                step.State = state with { Unreachable = state.Unreachable.Remove(reachable.Peer) };
                SendHello(step, reachable.Peer);
                break;
            case PeerUnreachable unreachable:
                step.State = state with { Unreachable = state.Unreachable.SetItem(unreachable.Peer, unreachable.Why) };
                ReportLost(step, unreachable.Peer);
                break;
        }

        if (step.State.Installed is null) TellWaiting(step);
        return (step.State, step.Actions);
    }

    private static void OnMessage(Transition step, NodeId from, Incarnation sender, PeerMessage message)
    {
        // A word of an earlier life says nothing about the present one. Only its hello is answered: it may come from a node that
        // lost its state and its time of day, and would never learn why it is not heard.
        if (sender < LatestKnown(step.State, from))
        {
            if (message is Hello) step.Send(from, new Refused(sender, RefusalReason.LaterIncarnation, LatestKnown(step.State, from).Value));
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
        if (step.State.Installed is not { } view)
        {
            if (hello.AnswerWanted) SendHello(step, from);
            Propose(step);
        }
        else if (view.Contains(hello.Sender.NodeIncarnation))
        {
            if (hello.Installed == 0) step.Send(from, new InstalledView(view));
            else if (hello.AnswerWanted) SendHello(step, from);
            ReportBack(step, hello.Sender);
        }
        else
        {
            step.Send(from, new Refused(hello.Sender.Incarnation, RefusalReason.ViewFormed, view.Id));
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
        string difference = state.List.DescribeDifference(theirs, state.List.NameOf(from));
        Refuse(step, from, sender, $"its peer list differs: {difference}. Make the lists equal and restart what was changed");
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
        step.State = step.State with { Installed = view, Promised = null, PreparedBy = [] };
        step.Do(new Install(view));
        foreach (StaticPeer peer in step.State.Others) ReportLost(step, peer.Id);
    }

    private static void OnRefused(Transition step, NodeId from, Incarnation sender, Refused refused)
    {
        FormingState state = step.State;
        if (refused.To != state.Self.Incarnation || state.Installed is not null) return;

        string name = state.List.NameOf(from);
        Refuse(step, from, sender, refused.Reason switch
        {
            RefusalReason.ViewFormed =>
                $"it is in view {refused.Detail}, which was formed with an earlier run of {state.Self.Name}. This version cannot take a "
                    + "restarted node in; a later one with recovery will. Stop all nodes and start them again to form a new view",
            _ => $"it has heard of a later run of {state.Self.Name} ({refused.Detail}, this one is {state.Self.Incarnation}). Either two nodes "
                + $"have the id {state.Self.Id}, or this one has lost its state directory and its time of day; mend that, then restart {name}",
        });
    }

    private static void Refuse(Transition step, NodeId by, Incarnation inLife, string why) =>
        step.State = step.State with { Refusals = step.State.Refusals.SetItem(by, new Refusal(inLife, why)) };

    private static void OnTick(Transition step)
    {
        FormingState state = step.State;
        foreach (StaticPeer peer in state.Others)
        {
            bool silent = state.Installed is null
                || (state.Lost.TryGetValue(peer.Id, out PeerLoss loss) && loss == PeerLoss.Unreachable && !state.Unreachable.ContainsKey(peer.Id));
            if (silent) SendHello(step, peer.Id);

            if (state.IsCoordinator && state.Promised is { } proposal && !state.PreparedBy.Contains(peer.Id))
                step.Send(peer.Id, new Prepare(proposal));
        }
    }

    private static void SendHello(Transition step, NodeId to)
    {
        FormingState state = step.State;
        bool answerWanted = !state.Heard.ContainsKey(to) || state.Lost.ContainsKey(to);
        step.Send(to, new Hello(state.Self, state.List.Digest, state.Highest, state.Installed?.Id ?? 0, state.NotReady is null, answerWanted));
    }

    /// <summary>Tells of the loss of a member of the view, if there is one that has not been told.</summary>
    private static void ReportLost(Transition step, NodeId peer)
    {
        FormingState state = step.State;
        if (state.Installed?.Find(peer) is not { } member) return;

        if (state.Heard.GetValueOrDefault(peer)?.Sender.Incarnation > member.Incarnation)
        {
            Tell(PeerLoss.Restarted, $"{member.Name} has restarted, and this version cannot take it in again. What its earlier run held and "
                + "mastered stays as it was until all nodes are stopped and started again");
        }
        else if (state.Unreachable.TryGetValue(peer, out string? why))
        {
            Tell(PeerLoss.Unreachable, $"{member.Name} does not answer: {why}. The static stack does not detect failures: what it holds and "
                + "masters waits for it");
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
        string why = WaitingText.Describe(step.State);
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
