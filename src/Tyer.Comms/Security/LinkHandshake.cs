using System.Security.Cryptography;
using Tyer.Comms.Frames;
using Tyer.Comms.Links;
using Tyer.Comms.Peers;

namespace Tyer.Comms.Security;

/// <summary>The handshake on one link: says its hellos and proofs, and keeps its state. One call at a time.</summary>
internal sealed class LinkHandshake
{
    private readonly PeerSecurity _security;
    private HandshakeState _state;

    /// <param name="role">Who dialled is the initiator.</param>
    /// <param name="security">A mode with keys.</param>
    /// <param name="local">This node.</param>
    public LinkHandshake(HandshakeRole role, PeerSecurity security, NodeIdentity local)
    {
        _security = security;
        _state = Handshake.Begin(role, security.Mode, local.Cluster, local.NodeId, security.Ring, SecurityOffer.NewNonce());
    }

    /// <summary>Whether the other side's proof comes next.</summary>
    public bool AwaitsProof => _state.Phase == HandshakePhase.AwaitsProof;

    /// <summary>By what the other side has proved itself, once it has.</summary>
    public Credential? Credential => _state.Phase == HandshakePhase.Done ? new KeyCredential(_security, _state.Key!) : null;

    /// <summary>Says this side's hello, in its turn, and proves what is to be proved after it.</summary>
    public void SayHello(Link link, Hello hello)
    {
        byte[] frame = (hello with { Security = _state.Offer }).ToFrame();
        link.SendNow(frame);
        Take(link, new HandshakeEvent(HandshakeEventKind.OwnHello, frame.AsMemory(FrameHeader.Bytes)));
    }

    /// <summary>Takes the other side's hello. Unless it is refused, the responder says its own next.</summary>
    public RefusalCode HearHello(Link link, Hello hello, ReadOnlySpan<byte> body) =>
        Take(link, new HandshakeEvent(HandshakeEventKind.Hello, body.ToArray(), hello.Sender.NodeId, hello.Security));

    /// <summary>Takes the other side's proof. Unless it is refused, the other side is whom it says it is, and the link is sealed if it is to be.</summary>
    public RefusalCode HearProof(Link link, ReadOnlySpan<byte> proof)
    {
        RefusalCode code = Take(link, new HandshakeEvent(HandshakeEventKind.Proof, proof.ToArray()));
        if (code == RefusalCode.None && _state.Mode == SecurityMode.PskSeal) link.Seal(CipherOf(isOwn: true), CipherOf(isOwn: false));
        return code;
    }

    private SealCipher CipherOf(bool isOwn)
    {
        Span<byte> key = stackalloc byte[HandshakeKeys.Bytes];
        _state.SealKey(isOwn, key);
        var cipher = new SealCipher(isOwn ? _state.Role : Handshake.OtherOf(_state.Role), key);
        CryptographicOperations.ZeroMemory(key);
        return cipher;
    }

    private RefusalCode Take(Link link, in HandshakeEvent e)
    {
        HandshakeStep step = Handshake.Step(_state, e);
        _state = step.State;
        if (step.Actions.HasFlag(HandshakeActions.SendProof))
        {
            Span<byte> frame = stackalloc byte[AuthProof.FrameBytes];
            AuthProof.WriteFrame(frame, step.Proof);
            link.SendNow(frame);
        }

        return _state.Refusal;
    }
}
