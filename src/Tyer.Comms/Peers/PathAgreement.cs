using Tyer.Comms.Frames;
using Tyer.Comms.Links;
using Tyer.Comms.Paths;

namespace Tyer.Comms.Peers;

/// <summary>
/// Two nodes agree on the two links of one path. Both dial, since either may be the only one that can reach the other, so control links may
/// cross, and one may be dead without its ends knowing. The rule:
/// <list type="number">
/// <item>On each link both say hello: who they are. Where they have keys, both then prove it; that is done before anything comes here.</item>
/// <item>The node with the smaller id chooses: on the first good link it says ready. It refuses the others.</item>
/// <item>The other node takes the link on which it hears ready, whatever it had before, and says ready back.</item>
/// <item>Who dialled that link dials the data link, says the stamp in his hello that he said on the control link, and hears ready.</item>
/// </list>
/// One side decides, so both always agree, without a coin and without waiting. Hello and ready carry a stamp that grows at their sender:
/// by it a hello that was sent before the peer became ready on the present link (it lost the race) is told from one that was sent after
/// (the peer has lost the link, and the present one is dead).
/// </summary>
internal sealed class PathAgreement(ConnectionContext context, int index, bool hasAddress, ulong seed)
{
    private readonly Backoff _backoff = new(seed);

    /// <summary>The control link that is agreed on, or being agreed on, or whose end is not reported yet.</summary>
    private LinkState? _control;

    /// <summary>The data link that belongs to it.</summary>
    private LinkState? _data;

    /// <summary>The control link that takes over when the ends of the present ones are reported.</summary>
    private LinkState? _next;

    private (ulong Incarnation, ulong Stamp) _lastReady;
    private TimeSpan _dialAt;
    private TimeSpan _drainedAt;
    private bool _isOpen;

    /// <summary>Its place in the peer's list of addresses.</summary>
    public int Index => index;

    /// <summary>Where it stands.</summary>
    public PathState State { get; private set; }

    /// <summary>Whether messages may be carried over it.</summary>
    public bool IsUsable => PathMachine.IsUsable(State);

    /// <summary>Whether this node knows where to dial.</summary>
    public bool HasAddress { get; private set; } = hasAddress;

    /// <summary>Since when it has been up.</summary>
    public TimeSpan UpSince { get; private set; }

    /// <summary>How its last links ended.</summary>
    public LinkEnd LastEnd { get; private set; }

    /// <summary>The data link to send over, if it is usable.</summary>
    public LinkState? Data => IsUsable ? _data : null;

    /// <summary>Whether links are being dialled or agreed on, or stand.</summary>
    public bool IsActive => State is not (PathState.Down or PathState.Removing);

    /// <summary>Whether it may be dialled when its time has come.</summary>
    public bool MayDial => HasAddress && State == PathState.Down && !IsOccupied && !context.Links.Exists(link => link.Path == this && link.IsDialled);

    /// <summary>When it may be dialled next.</summary>
    public TimeSpan DialAt => _dialAt;

    /// <summary>When what it carried has had its time to move.</summary>
    public TimeSpan DrainedAt => State == PathState.Draining ? _drainedAt : TimeSpan.MaxValue;

    private bool IsOccupied => _control is not null || _data is not null || _next is not null;

    /// <summary>There is an address to dial from now on.</summary>
    /// <param name="delay">How long to leave others the lead.</param>
    public void Begin(TimeSpan delay)
    {
        HasAddress = true;
        if (State == PathState.Removing) State = PathState.Down;
        _dialAt = context.Now + delay;
    }

    /// <summary>Begins an attempt.</summary>
    public void Dial()
    {
        LinkState link = Dial(LinkStream.Control);
        Apply(PathTrigger.Dial);
        link.Deadline = context.Now + CommsLimits.ConnectTimeout;
    }

    /// <summary>A dialled link is connected.</summary>
    public void OnConnected(LinkState link)
    {
        link.OwnStamp = context.NextStamp();
        link.Deadline = context.Now + CommsLimits.HelloBudget;
        link.Phase = LinkPhase.AwaitingHello;
        if (link.Stream == LinkStream.Data) link.Attempt = _control!.OwnStamp;
        SayHello(link);
    }

    /// <summary>A good hello on a control link. Whatever proof of it is asked for has been given: <see cref="PeerLink"/> sees to that, on either stream.</summary>
    /// <param name="link">The link.</param>
    /// <param name="hello">What the peer has said.</param>
    /// <param name="answers">Whether this side has to say its own.</param>
    public void OnHello(LinkState link, Hello hello, bool answers)
    {
        link.Phase = LinkPhase.Candidate;
        link.Incarnation = hello.Sender.Incarnation;
        link.HelloStamp = hello.Stamp;
        link.Deadline = context.Now + CommsLimits.HelloBudget;
        if (answers) Answer(link);
        Apply(PathTrigger.Answered);
        if (context.Chooses) Choose(link);
    }

    /// <summary>A good hello on a data link that the peer has dialled.</summary>
    /// <param name="link">The link.</param>
    /// <param name="hello">What the peer has said.</param>
    /// <param name="answers">Whether this side has to say its own.</param>
    public void OnDataHello(LinkState link, Hello hello, bool answers)
    {
        link.Incarnation = hello.Sender.Incarnation;
        link.HelloStamp = hello.Stamp;
        link.Attempt = hello.Attempt;
        link.Deadline = context.Now + CommsLimits.HelloBudget;
        bool belongs = _control is { IsDialled: false } control && control.HelloStamp == hello.Attempt && control.Incarnation == link.Incarnation;
        bool isAwaited = belongs && _control!.Phase == LinkPhase.Established && _data is null;
        bool isEarly = belongs && _control!.Phase == LinkPhase.Chosen;
        if (!isAwaited && !isEarly)
        {
            context.Refuse(link, RefusalCode.LostRace);
            return;
        }

        if (answers) Answer(link);
        if (isAwaited) AcceptData(link);
        else link.Phase = LinkPhase.Held;
    }

    /// <summary>The answer to this side's hello on a data link: from the life at the other end of the control link, or from nobody who counts.</summary>
    public void OnDataAnswered(LinkState link, Hello hello)
    {
        link.Incarnation = hello.Sender.Incarnation;
        link.HelloStamp = hello.Stamp;
        link.Deadline = context.Now + CommsLimits.HelloBudget;
        if (link.Incarnation == _control?.Incarnation) link.Phase = LinkPhase.AwaitingReady;
        else Drop(link, new LinkEnd(LinkEndReason.Replaced));
    }

    /// <summary>A ready.</summary>
    public void OnReady(LinkState link, Ready ready)
    {
        if (link.Phase == LinkPhase.Ending) return;

        link.Ready = ready;
        switch (link.Phase)
        {
            case LinkPhase.AwaitingReady:
                link.Phase = LinkPhase.Established;
                Agree();
                break;

            case LinkPhase.Chosen:
                Establish(link, answers: false);
                break;

            case LinkPhase.Candidate when !context.Chooses:
                Follow(link);
                break;

            default:
                Drop(link, new LinkEnd(LinkEndReason.ProtocolError, FrameError.KindNotAllowed));
                break;
        }
    }

    /// <summary>Enough pongs have come over its control link, or messages over its data link.</summary>
    public void OnProven(LinkState link)
    {
        if ((link != _control && link != _data) || State != PathState.Proving) return;

        Apply(PathTrigger.Proven);
        UpSince = context.Now;
        _control!.HasCarried = _data!.HasCarried = true;
        _isOpen = false;
        context.ForgetRefusals();
    }

    /// <summary>Messages may come, if it has been proven.</summary>
    public void OpenIfProven()
    {
        if (!IsUsable || _isOpen) return;
        _isOpen = true;
        context.Act(new(ConnectionActionKind.Open, _data!.Id, index));
    }

    /// <summary>Its control link has been silent for too long.</summary>
    public void OnOverdue(LinkState link)
    {
        if (link == _control) EndBoth(new LinkEnd(LinkEndReason.Timeout), PathTrigger.Overdue);
    }

    /// <summary>The peer has refused a link.</summary>
    public void OnRefused(LinkState link, RefusalCode code)
    {
        if (link.Phase == LinkPhase.Ending) return;

        link.RefusedByPeer = code;
        Drop(link, new LinkEnd(LinkEndReason.Refused, Refusal: code));
        if (!RefusalCodes.IsTransient(code)) context.TellRefused(code, isByPeer: true);
    }

    /// <summary>A link has ended.</summary>
    public void OnEnded(LinkState link, in LinkEnd end)
    {
        if (link == _next) _next = null;
        if (link == _control || link == _data)
        {
            if (IsActive) EndBoth(end, PathTrigger.Lost);
            else if (IsCause(end) && !IsCause(LastEnd)) LastEnd = end;
            if (link == _control) _control = null;
            if (link == _data) _data = null;
        }

        if (link.Stream == LinkStream.Control && (link.IsDialled || link.HasCarried)) _dialAt = context.Now + DelayAfter(link);
        if (IsActive && !IsOccupied && !context.Links.Exists(other => other.Path == this && other.Phase != LinkPhase.Ending))
        {
            LastEnd = end;
            Apply(PathTrigger.Lost);
        }
    }

    /// <summary>The link that waited for others to end goes on, if they have.</summary>
    public void Promote()
    {
        if (_next is not { } link || _control is not null || _data is not null || context.EndOlder(link)) return;

        _next = null;
        if (link.Phase == LinkPhase.Ending) return;
        RefusalCode code = context.Session.Judge(link.Incarnation);
        if (code != RefusalCode.None)
        {
            context.Refuse(link, code);
            return;
        }

        Take(link);
        if (context.Chooses) SayReadyFirst(link);
        else Establish(link, answers: true);
    }

    /// <summary>It is to be used no more; what it carries moves first.</summary>
    public void Remove()
    {
        HasAddress = false;
        if (State == PathState.Up) _drainedAt = context.Now + CommsLimits.DrainTime;
        Apply(PathTrigger.Remove, new LinkEnd(LinkEndReason.Closed));
    }

    /// <summary>What it carried has had its time to move.</summary>
    public void OnDrained() => Apply(PathTrigger.Drained, new LinkEnd(LinkEndReason.Closed));

    /// <summary>Ends a link, and with it the path if it is one of its two.</summary>
    public void Drop(LinkState link, in LinkEnd end)
    {
        if (link == _control || link == _data) EndBoth(end, PathTrigger.Lost);
        else context.End(link, end);
    }

    /// <summary>A link's time is over.</summary>
    public void Expire(LinkState link)
    {
        if (link.Phase == LinkPhase.Dialling || link.Phase == LinkPhase.AwaitingReady) Drop(link, new LinkEnd(LinkEndReason.Timeout));
        else if (link.Phase == LinkPhase.Established) EndBoth(new LinkEnd(LinkEndReason.Timeout), PathTrigger.Lost);
        else context.Refuse(link, RefusalCode.HelloTimeout);
    }

    /// <summary>Whether a link must come to something by its deadline.</summary>
    public bool IsBounded(LinkState link) => link.Phase switch
    {
        LinkPhase.Ending => false,
        LinkPhase.Established => link == _control && State == PathState.Handshaking,
        _ => link != _next,
    };

    /// <summary>At the side that chooses: whether a link with a good hello is the one.</summary>
    private void Choose(LinkState link)
    {
        bool hasToWait = context.EndOlder(link) || _data is not null;
        if (_control is null && _next is null && !hasToWait)
        {
            Take(link);
            SayReadyFirst(link);
            return;
        }

        if ((_next ?? _control) is { } rival && !IsNewer(link, rival))
        {
            context.Refuse(link, RefusalCode.LostRace);
            return;
        }

        if (_next is not null) context.Refuse(_next, RefusalCode.LostRace);
        _next = link;
        if (_control is not null) EndBoth(new LinkEnd(LinkEndReason.Replaced), PathTrigger.Lost);
    }

    /// <summary>This control link is the one. Its hello may have been heard while the path still stood otherwise.</summary>
    private void Take(LinkState link)
    {
        _control = link;
        Apply(PathTrigger.Answered);
    }

    private static bool IsNewer(LinkState link, LinkState rival) =>
        link.Incarnation > rival.Incarnation || (link.Incarnation == rival.Incarnation && rival.Phase switch
        {
            // The peer said this hello after it was ready on the rival: it has lost the rival.
            LinkPhase.Established => link.HelloStamp > rival.Ready.Stamp,
            LinkPhase.Candidate => link.HelloStamp > rival.HelloStamp,
            LinkPhase.Ending => true,
            _ => false,
        });

    private void SayReadyFirst(LinkState link)
    {
        context.BeginSession(link);
        link.Phase = LinkPhase.Chosen;
        link.Deadline = context.Now + CommsLimits.HelloBudget;
        context.Act(new(ConnectionActionKind.SendReady, link.Id, index, Stamp: context.NextStamp()));
    }

    /// <summary>At the side that follows: the peer says that this link is the one.</summary>
    private void Follow(LinkState link)
    {
        // Readers run side by side: a ready that the peer said earlier, on a link that it has given up since, may be heard later.
        (ulong Incarnation, ulong Stamp) said = (link.Incarnation, link.Ready.Stamp);
        if (said.CompareTo(_lastReady) <= 0)
        {
            context.End(link, new LinkEnd(LinkEndReason.Replaced));
            return;
        }

        _lastReady = said;
        bool hasToWait = context.EndOlder(link) || _data is not null;
        if (_control is null && _next is null && !hasToWait)
        {
            Take(link);
            Establish(link, answers: true);
            return;
        }

        if (_next is not null) context.End(_next, new LinkEnd(LinkEndReason.Replaced));
        _next = link;
        if (_control is not null) EndBoth(new LinkEnd(LinkEndReason.Replaced), PathTrigger.Lost);
    }

    private void Establish(LinkState link, bool answers)
    {
        if (answers) context.BeginSession(link);
        if (!context.Session.TryResume([link.Ready.Lock, link.Ready.Bulk]))
        {
            context.Refuse(link, RefusalCode.SequenceLost);
            context.TellRefused(RefusalCode.SequenceLost, isByPeer: false);
            return;
        }

        link.Phase = LinkPhase.Established;
        link.Deadline = context.Now + CommsLimits.ConnectTimeout;
        if (answers) context.Act(new(ConnectionActionKind.SendReady, link.Id, index, Stamp: context.NextStamp()));
        context.Act(new(ConnectionActionKind.OpenControl, link.Id, index));
        LinkState? held = null;
        foreach (LinkState other in context.Links)
        {
            if (other.Path != this || other == link) continue;
            if (other.Phase == LinkPhase.Held && other.Attempt == link.HelloStamp && other.Incarnation == link.Incarnation && !link.IsDialled) held = other;
            else context.End(other, new LinkEnd(LinkEndReason.Replaced));
        }

        if (link.IsDialled) _data = Dial(LinkStream.Data);
        else if (held is not null) AcceptData(held);
    }

    private void AcceptData(LinkState link)
    {
        _data = link;
        link.Phase = LinkPhase.Established;
        context.Act(new(ConnectionActionKind.SendReady, link.Id, index, Stamp: context.NextStamp()));
        Agree();
    }

    private void Agree()
    {
        _data!.Incarnation = _control!.Incarnation;
        Apply(PathTrigger.Agreed);
        context.Act(new(ConnectionActionKind.Watch, _control.Id, index));
    }

    private LinkState Dial(LinkStream stream)
    {
        var link = new LinkState(context.NextDial(), this, stream, isDialled: true) { Deadline = context.Now + CommsLimits.ConnectTimeout };
        context.Links.Add(link);
        context.Act(new(ConnectionActionKind.Dial, link.Id, index, stream));
        return link;
    }

    private void Answer(LinkState link)
    {
        link.OwnStamp = context.NextStamp();
        context.Act(new(ConnectionActionKind.SendHello, link.Id, index, link.Stream, link.OwnStamp));
    }

    private void SayHello(LinkState link) =>
        context.Act(new(ConnectionActionKind.SendHello, link.Id, index, link.Stream, link.OwnStamp, link.Attempt));

    private void EndBoth(in LinkEnd end, PathTrigger trigger)
    {
        if (IsActive) LastEnd = end;
        if (IsUsable && context.Now - UpSince >= CommsLimits.StableAfter) _backoff.Reset();
        if (_control is not null) context.End(_control, end);
        if (_data is not null) context.End(_data, end);
        if (IsActive) Apply(trigger);
    }

    /// <summary>
    /// Whether it is why a path ended, whatever was heard first: what the other side closes when it sees that is heard, now and then, before it.
    /// </summary>
    private static bool IsCause(in LinkEnd end) => end.Reason is LinkEndReason.HandlerFailed or LinkEndReason.ProtocolError;

    private void Apply(PathTrigger trigger, in LinkEnd end = default)
    {
        (PathState State, bool EndsLinks)? next = PathMachine.Next(State, trigger);
        Invariant.Check(next is not null, "a path's trigger fits its state");
        PathState old = State;
        State = next!.Value.State;
        if (State == old) return;

        if (old is PathState.Proving or PathState.Up or PathState.Draining && !(State is PathState.Up or PathState.Draining))
            context.Act(new(ConnectionActionKind.Unwatch, Path: index));
        context.Act(new(ConnectionActionKind.TellPath, Path: index, OldState: old, NewState: State, End: LastEnd));
        if (!next.Value.EndsLinks || end.Reason == LinkEndReason.None) return;
        foreach (LinkState link in context.Links)
        {
            if (link.Path == this) context.End(link, end);
        }
    }

    private TimeSpan DelayAfter(LinkState link)
    {
        RefusalCode code = link.RefusedByPeer;
        if (code == RefusalCode.LostRace) return _backoff.PartOf(CommsLimits.ReconnectDelayLostRace);
        return code == RefusalCode.None || RefusalCodes.IsTransient(code) ? _backoff.Next(context.Net.ConnectInterval) : CommsLimits.ReconnectDelayRefused;
    }
}
