using Tyer.Comms.Endpoints;
using Tyer.Comms.Sending;

namespace Tyer.Comms.Peers;

/// <summary>
/// What carries the links of a domain, and tells it the time: sockets and threads, or simulated connections in virtual time. It brings
/// connections, and bytes over them (<see cref="Links.Link"/>); what is said on them, and which of them counts, is the domain's business.
/// </summary>
internal interface ILinkTransport : IDisposable
{
    /// <summary>Where it listens, with the ports that the system chose.</summary>
    IReadOnlyList<CommsEndpoint> Endpoints { get; }

    /// <summary>Times that it had no connection to give, ever.</summary>
    long AcceptFailures { get; }

    /// <summary>The time by which deadlines are counted.</summary>
    TimeSpan Now { get; }

    /// <summary>Where send queues take their memory from.</summary>
    SegmentPool Segments { get; }

    /// <summary>
    /// Begins to accept links, for <see cref="CommsDomain.Accept"/>, and to call <see cref="CommsDomain.Tick"/> and
    /// <see cref="CommsDomain.Beat"/>.
    /// </summary>
    /// <exception cref="CommsException">The system has no thread to give.</exception>
    void Start(CommsDomain domain);

    /// <summary>Connects a link, and tells it how that went. Returns at once.</summary>
    void Dial(PeerLink link, CommsEndpoint to);

    /// <summary>An acknowledgement is owed, and found nothing to ride on: a tick is needed within <see cref="CommsLimits.AcknowledgeDelay"/> or a little more.</summary>
    void WakeForAcknowledgement();

    /// <summary>A tick is needed at this time.</summary>
    void WakeAt(TimeSpan time);

    /// <summary>A beat is needed at this time, or earlier.</summary>
    void BeatAt(TimeSpan time);

    /// <summary>Accepts nothing any more. To be disposed of after that.</summary>
    void StopListening();
}
