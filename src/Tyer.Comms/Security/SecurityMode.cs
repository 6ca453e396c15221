namespace Tyer.Comms.Security;

/// <summary>How nodes know each other. All nodes of a cluster have the same. The numbers are part of the wire format.</summary>
public enum SecurityMode
{
    /// <summary>Not at all: good enough only where the system lets nobody else in, over loopback and Unix sockets.</summary>
    None = 0,

    /// <summary>Each proves that it has a key of the cluster. What is said after that is neither hidden nor protected.</summary>
    Psk = 1,

    /// <summary>As <see cref="Psk"/>, and everything after that is encrypted and authenticated.</summary>
    PskSeal = 2,

    /// <summary>By TLS 1.3, with certificates of the cluster's own authority on both sides. Never in a hello: TLS comes before it.</summary>
    Mtls = 3,
}
