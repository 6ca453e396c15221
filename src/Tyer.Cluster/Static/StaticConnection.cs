using Tyer.Cluster.State;
using Tyer.Time;

namespace Tyer.Cluster.Static;

/// <summary>The shell around <see cref="Forming"/>: brings it its events, and does what it says.</summary>
internal sealed class StaticConnection : StackConnection, IPeerReceiver
{
    // A peer that floods us loses messages, which the protocol bears.
    private const int MessagesWaitingMax = 1024;

    private readonly StateDirectory _directory;
    private readonly IPeerMessenger _messenger;
    private readonly IClock _clock;
    private readonly TimeSpan _readyAt;
    private FormingState _state;
    private int _messagesWaiting;

    public StaticConnection(
        PeerList list,
        Member self,
        TimeSpan helloInterval,
        StateDirectory directory,
        IPeerMessenger messenger,
        IClock clock,
        IGroupObserver observer)
        : base(self, observer, helloInterval)
    {
        _directory = directory;
        _messenger = messenger;
        _clock = clock;
        _readyAt = clock.Now + directory.EarlierSessionsFor;
        _state = new FormingState(list, self, directory.HighestView, EarlierSessions.Describe(directory));
    }

    public bool OnMessage(NodeId from, ReadOnlySpan<byte> message)
    {
        if (!PeerMessages.TryDecode(from, message, out Incarnation sender, out PeerMessage? decoded)) return false;
        if (Interlocked.Increment(ref _messagesWaiting) > MessagesWaitingMax)
        {
            Interlocked.Decrement(ref _messagesWaiting);
            return true;
        }

        Post(() =>
        {
            Interlocked.Decrement(ref _messagesWaiting);
            Handle(new Received(from, sender, decoded));
        });
        return true;
    }

    public void OnReachable(NodeIncarnation peer) => Post(() => Handle(new PeerReachable(peer.Node)));

    public void OnUnreachable(NodeId peer, string why) => Post(() => Handle(new PeerUnreachable(peer, why)));

    protected override void OnStart()
    {
        _messenger.Start(this);
        OnTick();
    }

    protected override void OnTick()
    {
        if (_state.NotReady is not null && _clock.Now >= _readyAt) Handle(new BecameReady());
        else Handle(new Tick());
    }

    private void Handle(FormingEvent @event)
    {
        (_state, var actions) = Forming.Step(_state, @event);
        foreach (FormingAction action in actions) Do(action);
    }

    private void Do(FormingAction action)
    {
        switch (action)
        {
            case Persist persist: _directory.RaiseView(persist.ViewId); break;
            case Send send: _messenger.Send(send.To, PeerMessages.Encode(Self.Incarnation, send.Message)); break;
            case Install install: Install(install.View); break;
            case TellWaiting waiting: Report(StackState.Joining, waiting.Why); break;
            case TellRefused refused:
                StopTicking();
                Report(StackState.Refused, refused.Why);
                break;
            case TellPeerLost lost: Observer.OnPeerLost(lost.Peer, lost.Why); break;
            case TellPeerBack back: Observer.OnPeerBack(back.Peer); break;
        }
    }
}
