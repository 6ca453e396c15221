using System.Collections.Immutable;
using System.Globalization;
using Tyer.Cluster.Fencing;
using Tyer.Cluster.State;
using Tyer.Cluster.Static;
using Tyer.Cluster.Watchdogs;
using Tyer.Time;

namespace Tyer.Cluster.Glue;

/// <summary>The shell around <see cref="LeasedMembership"/>: brings it what the engine, the lease and the peers say, and does what it wants.</summary>
internal sealed class LeasedConnection : StackConnection, IPeerReceiver, IMembershipEvents
{
    // A peer that floods us loses words, which are said again.
    private const int WordsWaitingMax = 1024;

    private readonly IMembershipEngine _engine;
    private readonly LeasedMembership _membership;
    private readonly LeaseKeeper _lease;
    private readonly Fencer _fencer;
    private readonly FencingOptions _fencing;
    private readonly WatchdogFeeder? _watchdog;
    private readonly PeerList _list;
    private readonly ulong _digest;
    private readonly StateDirectory _directory;
    private readonly IPeerMessenger _messenger;
    private readonly IClock _clock;
    private readonly TimeSpan _earlierLivesEndAt;
    private readonly Lock _promises = new();
    private readonly SortedSet<ulong> _promised = [];
    private bool _earlierLivesEnded;
    private int _wordsWaiting;

    public LeasedConnection(
        IMembershipEngine engine, PeerList list, Member self, LeasedStackOptions options, ulong digest, StateDirectory directory, IPeerMessenger messenger,
        IClock clock, IGroupObserver observer)
        : base(self, observer, options.Terms.RenewEvery)
    {
        _engine = engine;
        _membership = new LeasedMembership(list, self, options.Fencing.BeyondLease is null ? null : options.Fencing.ProofByTime);
        _fencing = options.Fencing;
        _watchdog = options.Fencing.Watchdog is { } watchdog ? new WatchdogFeeder(watchdog, clock) : null;
        _lease = new LeaseKeeper(options.Terms, list, self.NodeIncarnation, digest, messenger, clock, ExtendLease, @event => Post(() => Handle(@event)), options.Fencing);
        _fencer = new Fencer(
            new FenceDuty(options.Fencing, self.Id, options.Terms.Length), list.NameOf, clock, PostAndLook, observer.OnFencing,
            departed => engine.Prove(departed, FenceProof.PowerOff));
        _list = list;
        _digest = digest;
        _directory = directory;
        _messenger = messenger;
        _clock = clock;
        _earlierLivesEndAt = clock.Now + directory.EarlierSessionsFor;
    }

    /// <summary>Begins.</summary>
    public async Task JoinAsync(CancellationToken cancellationToken)
    {
        Start();
        _messenger.Start(this);
        _lease.Start();
        var earlier = new NodeIncarnation(Self.Id, _directory.EarlierIncarnation);
        var joiner = new Joiner(
            _list.Cluster, Self, [.. _list.Peers.Select(peer => peer.Id)], _digest, _directory.HighestView,
            _directory.EarlierSessionsFor > TimeSpan.Zero ? earlier : null)
        {
            Names = _list.Peers.ToImmutableDictionary(peer => peer.Id, peer => peer.Name),
        };
        await _engine.JoinAsync(joiner, this, cancellationToken).ConfigureAwait(false);
    }

    public IReadOnlyList<FenceCase> FenceCases => _fencer.Cases;

    public bool IsWatchdogArmed => _watchdog is { IsArmed: true };

    public TimeSpan? RunsOutAt(NodeIncarnation departed) => _lease.RunsOutAt(departed);

    public Task SayFarewellAsync(bool hasLeft)
    {
        if (hasLeft) return LeaveAsync();
        return AskAsync("The farewell", () =>
        {
            foreach (Member member in _membership.View?.Members ?? []) Send(member.Id, new GlueMessage(GlueMessageKind.Leaving, Self.Incarnation));
        });
    }

    public Task AcknowledgeFenceAsync(NodeIncarnation departed)
    {
        string what = $"The proof for {departed}";
        return AskAsync(what, () =>
        {
            if (_membership.View is not { } view) throw new LockUnavailableException(UnavailableReason.Starting, what, $"{Self.Name} is in no view yet");
            if (!view.Unproven.Contains(departed))
            {
                string unproven = view.Unproven.IsEmpty ? "nobody is" : $"these are: {string.Join(", ", view.Unproven)}";
                throw new LockRefusedException(RefusalReason.BadRequest, what, $"it is not unproven in view {view.Id}; {unproven}");
            }

            _engine.Prove(departed, FenceProof.OperatorWord);
        });
    }

    public bool OnMessage(NodeId from, ReadOnlySpan<byte> message)
    {
        if (GlueMessage.Read(message) is not { } read) return false;

        var sender = new NodeIncarnation(from, read.Sender);
        switch (read.Kind)
        {
            case GlueMessageKind.Renewal: _lease.OnRenewal(sender, read.First, read.Second); break;
            case GlueMessageKind.Answer: _lease.OnAnswer(from, read.First, read.Second); break;
            case GlueMessageKind.RanOut: PostWord(new PeerCountedOut(read.Departed, sender)); break;
            case GlueMessageKind.Leaving: PostWord(new PeerLeaves(sender)); break;
        }

        return true;
    }

    public void OnReachable(NodeIncarnation peer)
    {
        // Who answers renewals is reachable; nothing else counts.
    }

    public void OnUnreachable(NodeId peer, string why)
    {
        // Silence is what the lease measures.
    }

    public bool TryPromise(ulong view, out ulong highest)
    {
        lock (_promises)
        {
            highest = _directory.HighestView;
            if (view <= highest) return false;
            _directory.RaiseView(view);
            _promised.Add(highest = view);
            return true;
        }
    }

    public void OnView(ClusterView view, string why) => Post(() => Handle(new ViewAgreed(view, why)));

    public void OnProven(NodeIncarnation departed, FenceProof proof) => Post(() => Handle(new ProofAgreed(departed, proof)));

    public void OnContactLost(string why) => Post(() => Handle(new ContactLost(why)));

    public void OnContact() => Post(() => Handle(new ContactBack()));

    public void OnRemoved(string why) => Post(() => Handle(new RemovedByOthers(why)));

    public void OnRefused(string why) => Post(() => Handle(new RefusedByOthers(why)));

    public void OnWaiting(string why) => Post(() => Handle(new EngineWaits(why)));

    protected override void OnStart() => OnTick();

    protected override void OnTick()
    {
        if (!_earlierLivesEnded && _clock.Now >= _earlierLivesEndAt)
        {
            _earlierLivesEnded = true;
            Handle(new EarlierLivesEnded());
        }

        Handle(new RepeatDue());
    }

    protected override void OnEnding(bool isFault)
    {
        _lease.Drop();
        if (isFault) GoOut();
        else _fencer.Stop();
    }

    protected override async ValueTask OnEndedAsync()
    {
        await _fencer.DisposeAsync().ConfigureAwait(false);
        await _engine.DisposeAsync().ConfigureAwait(false);
        _lease.Dispose();
        _watchdog?.Dispose();
    }

    private async Task LeaveAsync()
    {
        using var limit = new CancellationTokenSource(ClusterLimits.FarewellMax);
        try
        {
            await _engine.LeaveAsync(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            throw new LockUnavailableException(
                UnavailableReason.Unreachable, "The farewell", string.Create(
                    CultureInfo.InvariantCulture, $"{_engine.Name} has not confirmed it within {ClusterLimits.FarewellMax.TotalSeconds} s; the lease will run out instead"));
        }
    }

    private void PostWord(LeasedEvent word)
    {
        if (Interlocked.Increment(ref _wordsWaiting) > WordsWaitingMax)
        {
            Interlocked.Decrement(ref _wordsWaiting);
            return;
        }

        Post(() =>
        {
            Interlocked.Decrement(ref _wordsWaiting);
            Handle(word);
        });
    }

    private void Handle(LeasedEvent @event)
    {
        foreach (LeasedAction action in _membership.Step(@event)) Do(action);
        LookAtDeparted();
    }

    private void PostAndLook(Action work) => Post(() =>
    {
        work();
        LookAtDeparted();
    });

    /// <summary>On the thread of the lease. A node that freezes is told of no end: it keeps what is held.</summary>
    private void ExtendLease(TimeSpan until)
    {
        try
        {
            _watchdog?.Extend(until);
        }
        catch (IOException fault)
        {
            Post(() => Handle(new RemovedByOthers(fault.Message)));
            return;
        }

        if (!_fencing.Freezes) Extend(until);
    }

    private void LookAtDeparted()
    {
        if (_membership.IsOut) GoOut();
        else if (_membership.View is { } view) _fencer.Look(view, _membership.Open, _membership.MayAct);
    }

    /// <summary>Nobody is to be stopped by this node any more, but perhaps its own machine.</summary>
    private void GoOut()
    {
        _fencer.Stop();
        if (_fencing.StarvesWatchdog) _watchdog?.Starve();
        else _watchdog?.Dispose();
    }

    private void Do(LeasedAction action)
    {
        switch (action)
        {
            case PersistView persist: Persist(persist.Id); break;
            case HoldLease hold: _lease.Hold(hold.View); break;
            case DropLease: _lease.Drop(); break;
            case InstallView install: Show(install.View); break;
            case ReportState report: Report(report.State, report.Why); break;
            case TellFenced fenced: Observer.OnFenced(fenced.Departed, fenced.Proof); break;
            case TellLeaving leaving: Observer.OnPeerLeaving(leaving.Peer, leaving.HasLeft); break;
            case SayRanOut ranOut: SayToMembers(GlueMessage.RanOut(Self.Incarnation, ranOut.Departed)); break;
            case AskForProof proof: _engine.Prove(proof.Departed, proof.Proof); break;
            case AskToEvict evict: _engine.Evict(evict.Member, evict.Why); break;
        }
    }

    /// <summary>An engine that has asked for a promise has it on disk; of others it comes to be there now. An id of an earlier run is neither.</summary>
    private void Persist(ulong view)
    {
        lock (_promises)
        {
            // The next may have been promised before this one came to be used.
            bool wasPromised = _promised.Contains(view);
            _promised.RemoveWhere(earlier => earlier <= view);
            if (!wasPromised) _directory.RaiseView(view);
        }
    }

    private void SayToMembers(GlueMessage message)
    {
        foreach (Member member in _membership.View?.Members ?? []) Send(member.Id, message);
    }

    private void Send(NodeId to, GlueMessage message)
    {
        if (to == Self.Id) return;
        Span<byte> bytes = stackalloc byte[GlueMessage.Length];
        message.Write(bytes);
        _messenger.Send(to, bytes);
    }
}
