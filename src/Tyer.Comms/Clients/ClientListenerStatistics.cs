namespace Tyer.Comms.Clients;

/// <summary>What a listener for clients has seen.</summary>
public record struct ClientListenerStatistics
{
    /// <summary>Connections taken in, ever.</summary>
    public long Accepted { get; internal set; }

    /// <summary>Connections refused, ever: too many not admitted, or not admitted in time.</summary>
    public long Refused { get; internal set; }

    /// <summary>Times that the system had no socket to give, ever.</summary>
    public long AcceptFailures { get; internal set; }

    /// <summary>Clients connected now.</summary>
    public int Connected { get; internal set; }

    /// <summary>Of these, not admitted.</summary>
    public int Unadmitted { get; internal set; }

    /// <summary>Of these, read by a thread of their own.</summary>
    public int Threaded { get; internal set; }
}
