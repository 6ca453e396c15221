namespace Tyer.Cluster.Static;

/// <summary>What a static node says to another. Each states a fact about its sender, so none depends on the order of arrival.</summary>
internal abstract record PeerMessage;

/// <summary>I am here.</summary>
/// <param name="Sender">The sender as views are to list it.</param>
/// <param name="Digest">Of its peer list.</param>
/// <param name="Highest">The highest view id that its state directory holds.</param>
/// <param name="Installed">The id of the view that it is in; 0 for none.</param>
/// <param name="Ready">Whether the sessions of its previous run are over.</param>
/// <param name="AnswerWanted">Whether the sender has not heard of the receiver.</param>
internal sealed record Hello(Member Sender, ulong Digest, ulong Highest, ulong Installed, bool Ready, bool AnswerWanted) : PeerMessage;

/// <summary>My peer list differs from yours; this is it.</summary>
internal sealed record ListDiffers(PeerList List) : PeerMessage;

/// <summary>Coordinator: I propose this view. It is on my disk that I have used the id.</summary>
internal sealed record Prepare(ClusterView View) : PeerMessage;

/// <summary>I have promised that proposal: on my disk is its id, and I agree to none with a smaller one any more.</summary>
/// <param name="ViewId">The proposal's id.</param>
/// <param name="Coordinator">The life of the coordinator that proposed it.</param>
internal sealed record Prepared(ulong ViewId, Incarnation Coordinator) : PeerMessage;

/// <summary>I cannot promise that proposal: my disk has a higher id.</summary>
/// <param name="ViewId">The proposal's id.</param>
/// <param name="Highest">The highest that the sender's disk holds.</param>
internal sealed record Declined(ulong ViewId, ulong Highest) : PeerMessage;

/// <summary>I am in this view. As all its members had promised it, whoever it lists may be so too.</summary>
internal sealed record InstalledView(ClusterView View) : PeerMessage;

/// <summary>I will not form a view with you.</summary>
/// <param name="To">The life that is refused; another one takes no notice.</param>
/// <param name="Reason">Why.</param>
/// <param name="Detail">The sender's view id, or the later incarnation that it has heard of.</param>
internal sealed record Refused(Incarnation To, HelloRefusal Reason, ulong Detail) : PeerMessage;

internal enum HelloRefusal : byte
{
    /// <summary>The sender is in a view with an earlier life of the refused node.</summary>
    ViewFormed = 1,

    /// <summary>The sender has heard of a later life of the refused node.</summary>
    LaterIncarnation = 2,
}
