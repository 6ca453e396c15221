using System.Net;
using System.Net.Sockets;
using Tyer.Comms.Endpoints;
using Tyer.Comms.Frames;
using Tyer.Comms.Links;
using Tyer.Comms.Security;
using Tyer.Comms.Sending;

namespace Tyer.Comms.Clients;

/// <summary>
/// A link between a client and a node, seen from either end. It is its own session: when the socket ends, so does everything that was
/// agreed over it, and nothing is sent again.
/// </summary>
public sealed class ClientLink : IFrameReceiver
{
    private readonly Link _link;
    private readonly SendQueue _queue;
    private readonly QueueWriter _writer;
    private readonly ClientListener? _listener;
    private ILinkReceiver? _receiver;

    internal ClientLink(Link link, SegmentPool pool, ClientListener? listener)
    {
        _link = link;
        long bytesMax = listener is null ? CommsLimits.ClientOwnQueueBytesMax : CommsLimits.ClientQueueBytesMax;
        _queue = new SendQueue(pool, bytesMax, keepsUntilReleased: false);
        _writer = new QueueWriter(_queue, link.HasThread);
        link.Attach(_writer);
        _listener = listener;
    }

    /// <summary>Who is at the other end; null over TCP, where the system cannot tell.</summary>
    public PeerCredentials? Credentials => _link.Credentials;

    /// <summary>The name of the client that its certificate speaks of; null without TLS, and as long as that has not come about.</summary>
    public string? CertifiedName => _link.Identity is { Cluster: { } cluster } identity ? identity.ClientOf(cluster) : null;

    /// <summary>The address at the other end; null over a Unix socket.</summary>
    internal IPAddress? RemoteAddress => _link.RemoteAddress;

    /// <summary>What has been sent.</summary>
    public WriterStatistics Statistics => _writer.Statistics;

    /// <summary>When the hello budget of an accepted link runs out.</summary>
    internal TimeSpan HelloDeadline { get; init; }

    /// <summary>Connects to a node. The receiver is called on a thread of its own.</summary>
    /// <param name="endpoint">Where the node listens.</param>
    /// <param name="receiver">Who hears what comes; it may be called before this returns.</param>
    /// <param name="timeout">The time for the connection to be established; <see cref="CommsLimits.ConnectTimeout"/> if not given.</param>
    /// <param name="certificates">The client's certificate and whose certificates it believes, for TLS; null: none, which is for this machine only.</param>
    /// <param name="cancellationToken">Ends the waiting; the attempt is given up in the background.</param>
    /// <exception cref="CommsException">
    /// <see cref="CommsErrorCode.InsecureEndpoint"/>, <see cref="CommsErrorCode.CertificateInvalid"/>,
    /// <see cref="CommsErrorCode.ConnectFailed"/>, <see cref="CommsErrorCode.ConnectTimeout"/>,
    /// <see cref="CommsErrorCode.PermissionDenied"/> or <see cref="CommsErrorCode.UntrustedOwner"/>.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static async Task<ClientLink> ConnectAsync(
        CommsEndpoint endpoint, ILinkReceiver receiver, TimeSpan? timeout = null, CertificateStore? certificates = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        ArgumentNullException.ThrowIfNull(receiver);
        if (certificates is null) endpoint.ThrowUnlessLocal("give the client a certificate of the cluster, or connect to a node of this machine");

        var connected = new TaskCompletionSource<ClientLink>(TaskCreationOptions.RunContinuationsAsynchronously);
        TimeSpan budget = timeout ?? CommsLimits.ConnectTimeout;
        if (!CommsThread.TryStart("tyer client reader", () => DialAndRead(endpoint, receiver, budget, certificates, connected)))
            throw new CommsException(CommsErrorCode.SystemFailure, $"Cannot connect to '{endpoint}': the system has no thread or descriptor to give.");

        using CancellationTokenRegistration cancelled = cancellationToken.Register(() => connected.TrySetCanceled(cancellationToken));
        return await connected.Task.ConfigureAwait(false);
    }

    /// <summary>Sends a message; never blocks. Messages of one thread arrive in the order in which they were accepted.</summary>
    /// <param name="binding">The service that it is meant for.</param>
    /// <param name="sequence">The sender's own number for it, such as a request id.</param>
    /// <param name="view">The membership view to stamp on it, or 0.</param>
    /// <param name="body">What it says; copied before this returns.</param>
    /// <exception cref="ArgumentException">The body is longer than <see cref="CommsLimits.ClientBodyBytesMax"/>.</exception>
    public SendResult TrySend(ushort binding, ulong sequence, uint view, ReadOnlySpan<byte> body)
    {
        if (body.Length > CommsLimits.ClientBodyBytesMax)
            throw new ArgumentException($"The body has {body.Length} bytes; the limit is {CommsLimits.ClientBodyBytesMax}.", nameof(body));

        return _writer.TrySend(new FrameHeader(body.Length, FrameKind.Message, binding, sequence, view), body);
    }

    /// <summary>
    /// Completes when no more than <see cref="CommsLimits.ClientQueueBytesQuiet"/> wait to be sent, or when the link has ended: for whoever
    /// has much to say and can wait.
    /// </summary>
    public Task WhenQuietAsync() => _writer.WhenQuietAsync(CommsLimits.ClientQueueBytesQuiet);

    /// <summary>Holds back what is sent until the scope is disposed of.</summary>
    public BatchScope Batch() => new(_writer);

    /// <summary>
    /// The client has said who it is and may stay: its hello budget stops. At the node's end only; does nothing when it has been called
    /// before, or when the link has ended.
    /// </summary>
    /// <exception cref="InvalidOperationException">This is the client's own end.</exception>
    public void Admit()
    {
        if (_listener is null) throw new InvalidOperationException("Only the node admits; this is the client's end of the link.");
        _listener.Admitted(this);
    }

    /// <summary>Ends the link, and tells the other end why as far as its socket takes the words.</summary>
    public void Refuse(RefusalCode code) => Refuse(code, LinkEndReason.Refused);

    /// <summary>Ends the link. What was accepted and not yet taken by the system is lost.</summary>
    public void Close() => _link.End(new LinkEnd(LinkEndReason.Closed));

    /// <summary>Ends the link if the certificate of the other end is not believed any more.</summary>
    internal void JudgeAgain()
    {
        if (_link.Credential?.Judge() is { } code and not RefusalCode.None) Refuse(code, LinkEndReason.Withdrawn);
    }

    /// <summary>Begins to deliver.</summary>
    internal void Start(ILinkReceiver receiver)
    {
        _receiver = receiver;
        _link.Start(this);
    }

    FrameError IFrameReceiver.OnFrame(in MessageView frame)
    {
        switch (frame.Kind)
        {
            case FrameKind.Message when frame.Lane != 0:
                return FrameError.ReservedBits;

            case FrameKind.Message:
                _receiver!.OnMessage(frame);
                return FrameError.None;

            case FrameKind.Refusal:
                if (!Links.Refusal.TryRead(frame.Body, out RefusalCode code)) return FrameError.MalformedBody;
                _link.End(new LinkEnd(LinkEndReason.Refused, Refusal: code));
                return FrameError.None;

            default:
                return FrameError.KindNotAllowed;
        }
    }

    void IFrameReceiver.OnBatchEnd() => _receiver!.OnBatchEnd();

    void IFrameReceiver.OnMalformed(FrameError error) => SayRefused(RefusalCode.MalformedFrame, (ushort)error);

    void IFrameReceiver.OnSendable() => _receiver!.OnSendable();

    void IFrameReceiver.OnEnded(in LinkEnd end)
    {
        lock (_queue.Gate) _queue.Clear();
        _writer.Close();
        _listener?.Ended(this, end);
        _receiver!.OnClosed(end);
    }

    private static void DialAndRead(
        CommsEndpoint endpoint, ILinkReceiver receiver, TimeSpan timeout, CertificateStore? certificates, TaskCompletionSource<ClientLink> connected)
    {
        Link link;
        ClientLink client;
        try
        {
            Socket socket = Dialer.Connect(endpoint, timeout);
            link = certificates is null || endpoint.UnixPath is not null
                ? new SocketLink(socket, ReadModel.Thread, CommsLimits.ClientBodyBytesMax, CommsLimits.ClientReceiveBytesMin)
                : Agree(endpoint, socket, certificates);
            client = new ClientLink(link, new SegmentPool(), listener: null) { _receiver = receiver };
            if (!connected.TrySetResult(client))
            {
                socket.Dispose();
                return;
            }
        }
        catch (Exception e)
        {
            connected.TrySetException(e);
            return;
        }

        link.Read(client);
    }

    private static TlsLink Agree(CommsEndpoint endpoint, Socket socket, CertificateStore certificates)
    {
        RefusalCode code = TlsLink.Dialled(
            socket,
            certificates,
            identity => identity.IsAnyNode(certificates.Cluster) ? RefusalCode.None : RefusalCode.CertificateMismatch,
            CommsLimits.ClientBodyBytesMax,
            CommsLimits.ClientReceiveBytesMin,
            out TlsLink? link);
        return link ?? throw new CommsException(CommsErrorCode.CertificateInvalid, $"Cannot connect to '{endpoint}': {TlsLink.Explain(code)}.");
    }

    private void Refuse(RefusalCode code, LinkEndReason reason)
    {
        var end = new LinkEnd(reason, Refusal: code);
        if (!_link.Declare(end)) return;

        SayRefused(code, detail: 0);
        _link.End(end);
    }

    private void SayRefused(RefusalCode code, ushort detail)
    {
        Span<byte> body = stackalloc byte[Links.Refusal.Bytes];
        Links.Refusal.WriteBody(body, code, detail);
        _writer.TrySendThroughBatch(Links.Refusal.Header, body);
    }
}
