namespace Tyer.Comms.Links;

/// <summary>
/// Why a link was refused. The numbers are part of the wire format. Of a hello, the first code that applies is given, in the order of the
/// numbers 10 to 19.
/// </summary>
public enum RefusalCode
{
    /// <summary>Not refused.</summary>
    None = 0,

    /// <summary>The bytes were no frame, or one that does not belong here; the detail is a <see cref="Frames.FrameError"/>.</summary>
    MalformedFrame = 1,

    /// <summary>No hello within the budget, or one that led nowhere.</summary>
    HelloTimeout = 2,

    /// <summary>Too many connections that have not said who they are; or too many altogether.</summary>
    TooManyStrangers = 3,

    /// <summary>This side is shutting down.</summary>
    ShuttingDown = 4,

    /// <summary>The hello is not that of a Tyer node.</summary>
    BadMagic = 10,

    /// <summary>No protocol version that both sides speak.</summary>
    VersionRange = 11,

    /// <summary>The hello's fields contradict each other or its length.</summary>
    MalformedHello = 12,

    /// <summary>The other side insists on something that this version does not know.</summary>
    FeatureRequired = 13,

    /// <summary>Another cluster.</summary>
    ClusterMismatch = 14,

    /// <summary>The hello is meant for another node.</summary>
    WrongReceiver = 15,

    /// <summary>The sender is not configured as a peer, or is not the one that this address should be.</summary>
    UnknownSender = 16,

    /// <summary>The sender has this node's own id.</summary>
    SenderIsSelf = 17,

    /// <summary>An older incarnation of the sender than one already known: a process that should not run any more.</summary>
    StaleIncarnation = 18,

    /// <summary>Membership has cut this incarnation off.</summary>
    Fenced = 19,

    /// <summary>Another link between the same two nodes won; nothing is wrong.</summary>
    LostRace = 20,

    /// <summary>The sender's numbering does not continue the session: two processes used one incarnation.</summary>
    SequenceLost = 21,

    /// <summary>This node does not use that path.</summary>
    UnknownPath = 22,

    /// <summary>An operator has disconnected this node from the other, until it is told to connect again.</summary>
    Disconnected = 23,

    /// <summary>
    /// The version and the features that both would speak are known to be bad together: one of the two has to be updated. Told after
    /// <see cref="FeatureRequired"/>.
    /// </summary>
    CombinationDenied = 24,

    /// <summary>The other side has another security mode, or none.</summary>
    SecurityMismatch = 40,

    /// <summary>The other side wants to use a key that this one does not have.</summary>
    UnknownKey = 41,

    /// <summary>The other side has not proved that it has the key; or somebody on the way has changed what was said.</summary>
    WrongProof = 42,

    /// <summary>The other side sent this side's own random number back.</summary>
    NonceRepeated = 43,

    /// <summary>Too many at this address have failed to prove who they are; after a while they are heard again.</summary>
    TooManyFailures = 44,

    /// <summary>The other side's certificate is not that of whom it says it is.</summary>
    CertificateMismatch = 45,

    /// <summary>The other side's certificate is on the list of those that are not believed any more.</summary>
    CertificateRevoked = 46,

    /// <summary>
    /// The other side's certificate is not one of this cluster's authority, or has expired. Told by TLS; in a frame when it became so while the
    /// link stood.
    /// </summary>
    CertificateInvalid = 47,

    /// <summary>No TLS 1.3 came about: the other side speaks something else. Told by TLS, not in a frame.</summary>
    TlsFailed = 48,

    /// <summary>The key by which the link was proven has left the other side's file: it ends, and another key may prove the next one.</summary>
    KeyWithdrawn = 49,
}

/// <summary>What a refused dialler does.</summary>
internal static class RefusalCodes
{
    /// <summary>Whether trying again soon may help; otherwise an operator has to change something first.</summary>
    public static bool IsTransient(RefusalCode code) => code
        is RefusalCode.LostRace or RefusalCode.ShuttingDown or RefusalCode.HelloTimeout or RefusalCode.TooManyStrangers or RefusalCode.TooManyFailures
        or RefusalCode.KeyWithdrawn;

    /// <summary>Whether TLS gave the reason, before the other side could say who it is.</summary>
    public static bool IsOfTls(RefusalCode code) => code is RefusalCode.TlsFailed or RefusalCode.CertificateInvalid or RefusalCode.CertificateRevoked;

    /// <summary>Whether the other side has failed to prove who it is, so that it is not to try too often.</summary>
    public static bool IsFailedProof(RefusalCode code) => code
        is RefusalCode.SecurityMismatch or RefusalCode.UnknownKey or RefusalCode.WrongProof or RefusalCode.NonceRepeated
        or RefusalCode.CertificateMismatch or RefusalCode.CertificateRevoked or RefusalCode.CertificateInvalid or RefusalCode.TlsFailed;
}
