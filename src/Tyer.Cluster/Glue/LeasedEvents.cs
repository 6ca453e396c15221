namespace Tyer.Cluster.Glue;

/// <summary>What <see cref="LeasedMembership"/> learns.</summary>
internal abstract record LeasedEvent;

/// <summary>The engine: a view has been agreed on, and this life is in it.</summary>
internal sealed record ViewAgreed(ClusterView View, string Why) : LeasedEvent;

/// <summary>The engine: all take it as proven.</summary>
internal sealed record ProofAgreed(NodeIncarnation Departed, FenceProof Proof) : LeasedEvent;

/// <summary>The engine: who is a member is not known now.</summary>
internal sealed record ContactLost(string Why) : LeasedEvent;

/// <summary>The engine: it is there again.</summary>
internal sealed record ContactBack : LeasedEvent;

/// <summary>The engine: this life is out.</summary>
internal sealed record RemovedByOthers(string Why) : LeasedEvent;

/// <summary>The engine: the others cannot take this node in as it is, and never will.</summary>
internal sealed record RefusedByOthers(string Why) : LeasedEvent;

/// <summary>The engine: what it waits for before the first view.</summary>
internal sealed record EngineWaits(string Why) : LeasedEvent;

/// <summary>The lease: a majority has answered for the first time.</summary>
internal sealed record LeaseBegan : LeasedEvent;

/// <summary>The lease: it does not run yet, for whom it waits.</summary>
internal sealed record LeaseWaits(string Why) : LeasedEvent;

/// <summary>The lease: it has run out.</summary>
internal sealed record LeaseEnded(string Why) : LeasedEvent;

/// <summary>The lease: it has run out, and the node keeps what is held.</summary>
internal sealed record LeaseFroze(string Why) : LeasedEvent;

/// <summary>The lease: a majority answers again.</summary>
internal sealed record LeaseResumed : LeasedEvent;

/// <summary>The lease: a departed one's has run out by this node's count, which has answered it no more since.</summary>
internal sealed record CountedOut(NodeIncarnation Departed) : LeasedEvent;

/// <summary>The lease: a member has not been heard for so long that it or this node had better not be one.</summary>
internal sealed record MemberSilent(NodeIncarnation Member, string Why) : LeasedEvent;

/// <summary>A peer: a departed one's lease has run out by its count.</summary>
internal sealed record PeerCountedOut(NodeIncarnation Departed, NodeIncarnation By) : LeasedEvent;

/// <summary>A peer: it stops in order.</summary>
internal sealed record PeerLeaves(NodeIncarnation Peer) : LeasedEvent;

/// <summary>No client of an earlier life of this node can believe in its locks any more.</summary>
internal sealed record EarlierLivesEnded : LeasedEvent;

/// <summary>Time to repeat what may have been lost.</summary>
internal sealed record RepeatDue : LeasedEvent;

/// <summary>What <see cref="LeasedMembership"/> wants done, in this order.</summary>
internal abstract record LeasedAction;

/// <summary>The id is on disk before anything else is done.</summary>
internal sealed record PersistView(ulong Id) : LeasedAction;

/// <summary>From now on renewals of these members alone are answered, and the leases of its unproven are counted.</summary>
internal sealed record HoldLease(ClusterView View) : LeasedAction;

/// <summary>The node is in this view.</summary>
internal sealed record InstallView(ClusterView View) : LeasedAction;

/// <summary>What the node may do has changed, or why.</summary>
internal sealed record ReportState(StackState State, string Why) : LeasedAction;

/// <summary>A departed incarnation acts no more.</summary>
internal sealed record TellFenced(NodeIncarnation Departed, FenceProof Proof) : LeasedAction;

/// <summary>A member stops in order, or has.</summary>
internal sealed record TellLeaving(Member Peer, bool HasLeft) : LeasedAction;

/// <summary>All members are to hear of this node's own count.</summary>
internal sealed record SayRanOut(NodeIncarnation Departed) : LeasedAction;

/// <summary>The engine is to have all take it as proven.</summary>
internal sealed record AskForProof(NodeIncarnation Departed, FenceProof Proof) : LeasedAction;

/// <summary>The engine is to put a member out.</summary>
internal sealed record AskToEvict(NodeIncarnation Member, string Why) : LeasedAction;

/// <summary>Nothing is renewed or answered any more.</summary>
internal sealed record DropLease : LeasedAction;
