namespace Tyer.Comms;

/// <summary>Every limit of the communication layer, with its unit and its reason.</summary>
public static class CommsLimits
{
    /// <summary>Bytes in the body of one message between a client and a node, at most: a client is not trusted with more memory.</summary>
    public const int ClientBodyBytesMax = 64 * 1024;

    /// <summary>Bytes in the body of one message between two nodes, at most: recovery sends many locks in one message.</summary>
    public const int PeerBodyBytesMax = 1024 * 1024;

    /// <summary>
    /// Bytes waiting to be sent to one client, at most: a client that does not read must not grow the node. Room for a word on each of as
    /// many locks as a client may have, should all be granted at once.
    /// </summary>
    public const long ClientQueueBytesMax = 16 * 1024 * 1024;

    /// <summary>With more bytes than this waiting to be sent to a client, nothing is read from it: its own requests fill the queue no further.</summary>
    public const long ClientQueueBytesQuiet = 512 * 1024;

    /// <summary>Bytes waiting to be sent by a client to its node, at most: its own memory, and releases should not be turned away.</summary>
    public const long ClientOwnQueueBytesMax = 64 * 1024 * 1024;

    /// <summary>Bytes sent to or queued for one peer and not yet acknowledged, at most: seconds of lock traffic, not minutes.</summary>
    public const long PeerQueueBytesMax = 16 * 1024 * 1024;

    /// <summary>Messages sent to or queued for one peer and not yet acknowledged, at most; see <see cref="PeerQueueBytesMax"/>.</summary>
    public const int PeerQueueMessagesMax = 65_536;

    /// <summary>The part of a peer's queue that only answers may fill: one tenth. Two nodes whose queues are full can still answer each other.</summary>
    public const int PeerQueueReservedPart = 10;

    /// <summary>Clients connected and not yet admitted, at most; the next one takes the place of the one silent for longest.</summary>
    public const int UnadmittedClientsMax = 256;

    /// <summary>
    /// Connections that have not yet shown which peer they are, at most, beside <see cref="LinksPerPeerMax"/> for each path that is configured;
    /// the next one takes the place of one that has been silent for longest. Each has a thread.
    /// </summary>
    public const int StrangersMax = 16;

    /// <summary>Times that those at one address may fail to prove themselves at once; then they are not heard for a while.</summary>
    public const int AddressFailuresMax = 10;

    /// <summary>Addresses with failures that are remembered, at most: an attacker has many.</summary>
    internal const int FailedAddressesMax = 1024;

    /// <summary>Kinds of refusals, by code and address, that are told one by one, at most; the rest is told together.</summary>
    internal const int RefusalKindsMax = 64;

    /// <summary>How often the certificates of connections that stand are looked at: they expire by the clock, in days.</summary>
    internal static readonly TimeSpan CertificateCheckInterval = TimeSpan.FromMinutes(1);

    /// <summary>The time in which one failure of an address is forgiven.</summary>
    internal static readonly TimeSpan AddressFailureInterval = TimeSpan.FromSeconds(6);

    /// <summary>The time between two words about the same kind of refusal from the same address.</summary>
    internal static readonly TimeSpan RefusalInterval = TimeSpan.FromMinutes(1);

    /// <summary>Links of one path that are being agreed on, at most: both sides may dial, and dial again.</summary>
    public const int LinksPerPeerMax = 4;

    /// <summary>Clients whose socket is read by a thread of its own, for latency; the rest share the pool, for memory.</summary>
    public const int ThreadedClientsMax = 32;

    /// <summary>Time for a connection to be established, at most.</summary>
    public static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Time for a new connection to say who it is and be accepted, at most: a silent one costs a slot.</summary>
    public static readonly TimeSpan HelloBudget = TimeSpan.FromSeconds(5);

    /// <summary>Time for TLS to come about on a connection that was dialled, at most; one that was accepted has its hello budget for it.</summary>
    public static readonly TimeSpan TlsBudget = TimeSpan.FromSeconds(3);

    /// <summary>The longest delay before the next attempt to reach a peer.</summary>
    public static readonly TimeSpan ReconnectDelayMax = TimeSpan.FromSeconds(1);

    /// <summary>The delay after a refusal that only an operator can cure; the peer's own attempts are still answered.</summary>
    public static readonly TimeSpan ReconnectDelayRefused = TimeSpan.FromSeconds(30);

    /// <summary>Time for a clean goodbye to be acknowledged, at most.</summary>
    public static readonly TimeSpan GoodbyeTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Paths to one peer, at most: networks that one machine has.</summary>
    public const int PathsPerPeerMax = 8;

    /// <summary>How often a path is pinged.</summary>
    public static readonly TimeSpan HeartbeatInterval = TimeSpan.FromMilliseconds(200);

    /// <summary>The silence after which a path is down.</summary>
    public static readonly TimeSpan HeartbeatTimeout = TimeSpan.FromSeconds(1);

    /// <summary>Pongs in a row that prove a path.</summary>
    public const int PongsToProve = 3;

    /// <summary>For how long a peer may answer pings and acknowledge nothing before it is told of as stalled.</summary>
    public static readonly TimeSpan StallTimeout = TimeSpan.FromSeconds(6);

    /// <summary>For how long a better path must have been up before messages go back to it.</summary>
    public static readonly TimeSpan FailbackDelay = TimeSpan.FromSeconds(10);

    /// <summary>The time in which a ping that was asked for is to be answered.</summary>
    public static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(1);

    /// <summary>Pings that one probe sends, at most.</summary>
    public const int ProbePingsMax = 100;

    /// <summary>By how many bytes more must wait on one path than on another to be worth moving: a busy path that is good has less waiting.</summary>
    internal const long QueueDifferenceBytes = 256 * 1024;

    /// <summary>The time that what a path carries has to move to another before the path is removed.</summary>
    internal static readonly TimeSpan DrainTime = TimeSpan.FromSeconds(1);

    /// <summary>Between the first attempts on a peer's paths: the best one has a little time to win.</summary>
    internal static readonly TimeSpan DialStagger = TimeSpan.FromMilliseconds(20);

    /// <summary>Bytes in the body of a frame of a handshake, at most: who has not said hello is trusted with less memory.</summary>
    internal const int HandshakeBodyBytesMax = 1024;

    /// <summary>
    /// Descriptors that are kept from clients: for peers, for the state, and for the runtime, which ends the process when it cannot open a
    /// file that it needs.
    /// </summary>
    internal const int DescriptorsReserved = 64;

    /// <summary>
    /// Records that are sealed under one key, at most: with 64 KiB in each it is about as much as TLS allows, and a new key costs less than a record.
    /// </summary>
    internal const ulong RecordsPerKey = 1 << 22;

    /// <summary>Bytes in one pooled segment of a send queue.</summary>
    internal const int SegmentBytes = 64 * 1024;

    /// <summary>Free segments that a pool keeps, at most (16 MiB); more than that is left to the garbage collector.</summary>
    internal const int PooledSegmentsMax = 256;

    /// <summary>Segments handed to the kernel in one call, at most; a megabyte fills any default socket buffer.</summary>
    internal const int SegmentsPerSendMax = 16;

    /// <summary>Bytes that a batch may hold back, at most: beyond this, waiting for its end merges nothing more.</summary>
    internal const int BatchBytesMax = 64 * 1024;

    /// <summary>Sends that a caller makes for others, at most, before the link's own writer takes over.</summary>
    internal const int FlushRoundsMax = 4;

    /// <summary>Bytes of a peer's receive buffer at first; it doubles as bytes arrive, up to two frames of the largest size.</summary>
    internal const int PeerReceiveBytesMin = 64 * 1024;

    /// <summary>Bytes of a client's receive buffer at first: ten thousand of them must fit.</summary>
    internal const int ClientReceiveBytesMin = 4 * 1024;

    /// <summary>Bytes of a lane that may be on their way and not acknowledged, at most: what is beyond waits where it can still take another path.</summary>
    internal const long LaneWindowBytes = 4 * 1024 * 1024;

    /// <summary>Messages of a lane that may be on their way and not acknowledged, at most.</summary>
    internal const int LaneWindowMessages = 16_384;

    /// <summary>Bytes waiting to be sent on a control link, at most: hundreds of words of which only the last of each sort matters.</summary>
    internal const long ControlQueueBytesMax = 64 * 1024;

    /// <summary>Bytes of bulk in one flush, at most: lock traffic that comes meanwhile waits no longer than that takes.</summary>
    internal const long BulkBytesPerFlush = 64 * 1024;

    /// <summary>Bytes in the body of one frame between two nodes, at most.</summary>
    internal const int PeerFrameBodyBytesMax = 64 * 1024;

    /// <summary>Bytes of a message in one frame; longer ones go in fragments, so that the other lane's come between.</summary>
    internal const int FragmentBytes = 60 * 1024;

    /// <summary>Messages delivered without an acknowledgement, at most.</summary>
    internal const int UnacknowledgedMessagesMax = 32;

    /// <summary>Bytes delivered without an acknowledgement, at most.</summary>
    internal const long UnacknowledgedBytesMax = 128 * 1024;

    /// <summary>The longest that an acknowledgement waits for a message to ride on.</summary>
    internal static readonly TimeSpan AcknowledgeDelay = TimeSpan.FromMilliseconds(1);

    /// <summary>The first delay before an attempt to reach a peer; it doubles. The delay taken is a random part of it.</summary>
    internal static readonly TimeSpan ReconnectDelayMin = TimeSpan.FromMilliseconds(10);

    /// <summary>The most that is waited after losing a race: the winner is being set up.</summary>
    internal static readonly TimeSpan ReconnectDelayLostRace = TimeSpan.FromMilliseconds(20);

    /// <summary>A connection that lasted this long clears the delays that came before it.</summary>
    internal static readonly TimeSpan StableAfter = TimeSpan.FromSeconds(5);

    /// <summary>The pause after the system refused a socket or a descriptor: it will not have one a microsecond later.</summary>
    internal static readonly TimeSpan AcceptRetryDelay = TimeSpan.FromMilliseconds(100);
}
