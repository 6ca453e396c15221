using System.Security.Cryptography;
using Tyer.Comms.Links;

namespace Tyer.Comms.Security;

/// <summary>Which side of a connection a node is: who dialled is the initiator.</summary>
internal enum HandshakeRole
{
    Initiator,
    Responder,
}

/// <summary>How far a handshake has come.</summary>
internal enum HandshakePhase
{
    /// <summary>This side's hello comes next.</summary>
    AwaitsOwnHello,

    /// <summary>The other side's hello comes next.</summary>
    AwaitsHello,

    /// <summary>The other side's proof comes next.</summary>
    AwaitsProof,

    /// <summary>The other side has proved who it is.</summary>
    Done,

    /// <summary>It has not.</summary>
    Refused,
}

/// <summary>What can happen in a handshake.</summary>
internal enum HandshakeEventKind
{
    /// <summary>This side has said hello, with the offer that the state asks for.</summary>
    OwnHello,

    /// <summary>The other side has said a hello that is meant for this node.</summary>
    Hello,

    /// <summary>The other side proves.</summary>
    Proof,
}

/// <summary>What is to be done after a step, in this order.</summary>
[Flags]
internal enum HandshakeActions
{
    None = 0,

    /// <summary>Say hello, with the offer of the state.</summary>
    SayHello = 1,

    /// <summary>Send the proof of the step.</summary>
    SendProof = 2,

    /// <summary>The other side is whom it says it is.</summary>
    Succeed = 4,

    /// <summary>Refuse the other side, with the code of the state.</summary>
    Refuse = 8,
}

/// <summary>One thing that happened; which fields mean something depends on the kind.</summary>
/// <param name="Kind">What.</param>
/// <param name="Body">The body of the hello, or the proof, as it was sent or came.</param>
/// <param name="Node">The sender of the other side's hello, as it calls itself.</param>
/// <param name="Offer">What the other side's hello says about security.</param>
internal readonly record struct HandshakeEvent(HandshakeEventKind Kind, ReadOnlyMemory<byte> Body, uint Node = 0, SecurityOffer? Offer = null);

/// <summary>The result of a step.</summary>
internal readonly record struct HandshakeStep(HandshakeState State, HandshakeActions Actions, byte[]? Proof = null);

/// <summary>One side of a handshake, and how far it has come. Immutable.</summary>
internal sealed record HandshakeState
{
    public required HandshakeRole Role { get; init; }

    public required HandshakePhase Phase { get; init; }

    public required SecurityMode Mode { get; init; }

    /// <summary>The name of the cluster.</summary>
    public required string Cluster { get; init; }

    /// <summary>This side's id.</summary>
    public required uint OwnNode { get; init; }

    public required KeyRing Ring { get; init; }

    public required ReadOnlyMemory<byte> OwnNonce { get; init; }

    /// <summary>The key that both use: the initiator's active one. Null as long as a responder has not heard which.</summary>
    public ClusterKey? Key { get; init; }

    public ReadOnlyMemory<byte> OwnHello { get; init; }

    public ReadOnlyMemory<byte> PeerHello { get; init; }

    /// <summary>The other side's id, as it says.</summary>
    public uint PeerNode { get; init; }

    /// <summary>Why the other side was refused.</summary>
    public RefusalCode Refusal { get; init; }

    /// <summary>What this side's hello is to say about security, when it comes next.</summary>
    public SecurityOffer Offer => new(Mode, Key!.Id, OwnNonce);

    /// <summary>The key under which this side, or the other, seals what it sends. Once the handshake is done.</summary>
    public void SealKey(bool isOwn, Span<byte> destination)
    {
        Invariant.Check(Phase == HandshakePhase.Done, "only a handshake that is done gives keys");
        HandshakeKeys.SealKey(Key!, Cluster, isOwn ? Role : Handshake.OtherOf(Role), Handshake.TranscriptOf(this), destination);
    }
}

/// <summary>
/// The mutual proof of two nodes that they have a key of the cluster, after their hellos and before anything else. The initiator's
/// hello offers a key; the responder, which has been spoken to by anybody, says hello with the same key and proves first; then the initiator proves. A
/// pure function of a state and an event to the next state and what is to be done; nonces and keys come from outside.
/// </summary>
internal static class Handshake
{
    /// <summary>The first state of a side.</summary>
    public static HandshakeState Begin(HandshakeRole role, SecurityMode mode, string cluster, uint ownNode, KeyRing ring, ReadOnlyMemory<byte> nonce) => new()
    {
        Role = role,
        Phase = role == HandshakeRole.Initiator ? HandshakePhase.AwaitsOwnHello : HandshakePhase.AwaitsHello,
        Mode = mode,
        Cluster = cluster,
        OwnNode = ownNode,
        Ring = ring,
        OwnNonce = nonce,
        Key = role == HandshakeRole.Initiator ? ring.Active : null,
    };

    /// <summary>Takes an event in.</summary>
    public static HandshakeStep Step(HandshakeState state, in HandshakeEvent e)
    {
        if (state.Phase == HandshakePhase.Refused) return new HandshakeStep(state, HandshakeActions.None);
        return (state.Phase, e.Kind) switch
        {
            (HandshakePhase.AwaitsOwnHello, HandshakeEventKind.OwnHello) => OnOwnHello(state, e),
            (HandshakePhase.AwaitsHello, HandshakeEventKind.Hello) => OnHello(state, e),
            (HandshakePhase.AwaitsProof, HandshakeEventKind.Proof) => OnProof(state, e),

            // What this side does, it does in its turn; what the other side says out of turn ends it.
            (_, HandshakeEventKind.OwnHello) => throw new InvariantBrokenException("a node says hello once, and in its turn"),
            _ => Refuse(state, RefusalCode.MalformedFrame),
        };
    }

    /// <summary>The other role.</summary>
    public static HandshakeRole OtherOf(HandshakeRole role) => role == HandshakeRole.Initiator ? HandshakeRole.Responder : HandshakeRole.Initiator;

    /// <summary>T of both hellos.</summary>
    public static byte[] TranscriptOf(HandshakeState state) => state.Role == HandshakeRole.Initiator
        ? HandshakeKeys.Transcript(state.OwnHello.Span, state.PeerHello.Span)
        : HandshakeKeys.Transcript(state.PeerHello.Span, state.OwnHello.Span);

    private static HandshakeStep OnOwnHello(HandshakeState state, in HandshakeEvent e)
    {
        state = state with { OwnHello = e.Body };
        return state.Role == HandshakeRole.Initiator
            ? new HandshakeStep(state with { Phase = HandshakePhase.AwaitsHello }, HandshakeActions.None)
            : new HandshakeStep(state with { Phase = HandshakePhase.AwaitsProof }, HandshakeActions.SendProof, OwnProof(state));
    }

    private static HandshakeStep OnHello(HandshakeState state, in HandshakeEvent e)
    {
        if (e.Offer is not { } offer || offer.Mode != state.Mode) return Refuse(state, RefusalCode.SecurityMismatch);

        // A hello that is sent back to its sender would make it prove to itself.
        if (CryptographicOperations.FixedTimeEquals(offer.Nonce.Span, state.OwnNonce.Span)) return Refuse(state, RefusalCode.NonceRepeated);

        ClusterKey? key = state.Role == HandshakeRole.Responder ? state.Ring.Find(offer.KeyId)
            : offer.KeyId == state.Key!.Id ? state.Key
            : null;
        if (key is null) return Refuse(state, RefusalCode.UnknownKey);

        state = state with { PeerHello = e.Body, PeerNode = e.Node, Key = key };
        return state.Role == HandshakeRole.Initiator
            ? new HandshakeStep(state with { Phase = HandshakePhase.AwaitsProof }, HandshakeActions.None)
            : new HandshakeStep(state with { Phase = HandshakePhase.AwaitsOwnHello }, HandshakeActions.SayHello);
    }

    private static HandshakeStep OnProof(HandshakeState state, in HandshakeEvent e)
    {
        byte[] expected = HandshakeKeys.Proof(state.Key!, state.Cluster, OtherOf(state.Role), state.PeerNode, TranscriptOf(state));
        bool isGood = CryptographicOperations.FixedTimeEquals(expected, e.Body.Span);
        CryptographicOperations.ZeroMemory(expected);
        if (!isGood) return Refuse(state, RefusalCode.WrongProof);

        HandshakeState done = state with { Phase = HandshakePhase.Done };
        return state.Role == HandshakeRole.Initiator
            ? new HandshakeStep(done, HandshakeActions.SendProof | HandshakeActions.Succeed, OwnProof(state))
            : new HandshakeStep(done, HandshakeActions.Succeed);
    }

    private static byte[] OwnProof(HandshakeState state) =>
        HandshakeKeys.Proof(state.Key!, state.Cluster, state.Role, state.OwnNode, TranscriptOf(state));

    private static HandshakeStep Refuse(HandshakeState state, RefusalCode code) =>
        new(state with { Phase = HandshakePhase.Refused, Refusal = code }, HandshakeActions.Refuse);
}
