namespace Tyer.Comms;

/// <summary>What went wrong with an endpoint or a connection; the numbers are stable.</summary>
public enum CommsErrorCode
{
    /// <summary>No peer has that name or id.</summary>
    UnknownPeer = 10,

    /// <summary>There is a peer with that id.</summary>
    PeerExists = 11,

    /// <summary>It is this node.</summary>
    PeerIsSelf = 12,

    /// <summary>Only <c>tcp</c> and <c>unix</c> are known.</summary>
    UnknownTransport = 20,

    /// <summary>The text after the transport is not an address of that transport.</summary>
    EndpointSyntax = 21,

    /// <summary>There is no path at that place.</summary>
    PathMissing = 30,

    /// <summary>There is a path at that place already.</summary>
    PathExists = 31,

    /// <summary>Somebody else listens there.</summary>
    LocalEndpointInUse = 32,

    /// <summary>The only path to a peer is not removed.</summary>
    LastPath = 35,

    /// <summary>The peer is connected, or is being connected: it has to be disconnected first.</summary>
    NotStandAlone = 40,

    /// <summary>Membership has cut the peer off: there is nothing to connect or disconnect before it comes back in a new life.</summary>
    Fenced = 43,

    /// <summary>An option's value is out of its range.</summary>
    OptionRange = 50,

    /// <summary>An option contradicts another.</summary>
    OptionConflict = 51,

    /// <summary>What proves who a node is cannot be used: no key file, one that others can read, or one that is malformed.</summary>
    NoCredentials = 61,

    /// <summary>A certificate cannot be used: not there, not that of this cluster's authority, expired, revoked, or somebody else's.</summary>
    CertificateInvalid = 62,

    /// <summary>An address that other machines can reach, and nothing that would tell who they are.</summary>
    InsecureEndpoint = 63,

    /// <summary>Nobody could be reached there.</summary>
    ConnectFailed = 64,

    /// <summary>Nobody answered there in time.</summary>
    ConnectTimeout = 65,

    /// <summary>The socket belongs neither to root nor to this user, so whoever answers may be an impostor.</summary>
    UntrustedOwner = 66,

    /// <summary>The system does not let this process listen or connect there.</summary>
    PermissionDenied = 72,

    /// <summary>The system refused for another reason; see the inner exception.</summary>
    SystemFailure = 73,
}

/// <summary>An endpoint could not be used. The message names it, the reason, and what to do.</summary>
public sealed class CommsException : IOException
{
    /// <summary>An exception with a code.</summary>
    public CommsException(CommsErrorCode code, string message, Exception? innerException = null)
        : base(message, innerException) => Code = code;

    /// <summary>The reason, for programs.</summary>
    public CommsErrorCode Code { get; }
}
