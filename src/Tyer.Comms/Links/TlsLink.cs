using System.Net;
using System.Net.Sockets;
using Tyer.Comms.Frames;
using Tyer.Comms.Security;

namespace Tyer.Comms.Links;

/// <summary>A link over a socket with TLS on it, read as a <see cref="SocketLink"/> is. One that was accepted first agrees with the other side; who dials does so before.</summary>
internal sealed class TlsLink : Link
{
    private readonly Socket _socket;
    private readonly TlsSession _session;
    private readonly ReadModel _model;
    private bool _hasAgreed;

    /// <param name="socket">Connected; the link owns it from here on.</param>
    /// <param name="session">TLS on that socket.</param>
    /// <param name="model">Who reads.</param>
    /// <param name="bodyMax">Bytes in a received body, at most.</param>
    /// <param name="bufferMin">Bytes of the receive buffer at first.</param>
    public TlsLink(Socket socket, TlsSession session, ReadModel model, int bodyMax, int bufferMin)
        : base(session.Sink, hasThread: model == ReadModel.Thread, bodyMax, bufferMin)
    {
        _socket = socket;
        _session = session;
        _model = model;
        RemoteAddress = (socket.RemoteEndPoint as IPEndPoint)?.Address;
    }

    /// <summary>With more bytes than this waiting to be sent, nothing is read.</summary>
    public long QuietBytes { get; init; } = long.MaxValue;

    /// <summary>Who may be at the other end, by its certificate; otherwise it is refused with a code.</summary>
    public Func<CertificateIdentity, RefusalCode> Judge { get; init; } = static _ => RefusalCode.None;

    /// <inheritdoc/>
    public override CertificateIdentity? Identity => _session.Peer;

    /// <summary>Agrees with who was dialled.</summary>
    /// <param name="socket">Connected; the link owns it from here on, and if there is none it is closed.</param>
    /// <param name="store">This side's certificate, and whom it believes.</param>
    /// <param name="judge">Who may be there, by its certificate.</param>
    /// <param name="bodyMax">Bytes in a received body, at most.</param>
    /// <param name="bufferMin">Bytes of the receive buffer at first.</param>
    /// <param name="link">The link, if the result is none.</param>
    /// <returns>Why there is no link, or none.</returns>
    /// <exception cref="CommsException">The connection broke, or the other side said nothing.</exception>
    public static RefusalCode Dialled(
        Socket socket, CertificateStore store, Func<CertificateIdentity, RefusalCode> judge, int bodyMax, int bufferMin, out TlsLink? link)
    {
        var session = new TlsSession(socket, store, HandshakeRole.Initiator);
        RefusalCode code;
        link = null;
        try
        {
            // A socket that is closed wakes who reads from it: a server that says nothing holds nobody for longer.
            using (new Timer(_ => socket.Dispose(), state: null, CommsLimits.TlsBudget, Timeout.InfiniteTimeSpan)) code = session.Agree();
            if (code == RefusalCode.None) code = judge(session.Peer!);
            if (code == RefusalCode.None) link = new TlsLink(socket, session, ReadModel.Thread, bodyMax, bufferMin) { _hasAgreed = true };
            return code;
        }
        catch (Exception e)
        {
            throw new CommsException(CommsErrorCode.ConnectFailed, $"The connection broke before TLS came about, or that took longer than {CommsLimits.TlsBudget.TotalSeconds:0.#} s: {e.Message}", e);
        }
        finally
        {
            if (link is null)
            {
                session.Dispose();
                socket.Dispose();
            }
        }
    }

    /// <summary>A reason that TLS has given, in words: the rest of a sentence about the other side.</summary>
    public static string Explain(RefusalCode code) => code switch
    {
        RefusalCode.CertificateInvalid => "its certificate is not one of this cluster's authority, or it has expired",
        RefusalCode.CertificateRevoked => "its certificate is on the list of those that are not believed any more",
        RefusalCode.CertificateMismatch => "its certificate is not that of a node of this cluster",
        _ => "no TLS came about: it speaks something else, or does not believe this side's certificate",
    };

    /// <inheritdoc/>
    public override void Start(IFrameReceiver receiver)
    {
        if (_model == ReadModel.Async)
        {
            DeliverTo(receiver);
            _ = Task.Run(ReadAsync);
            return;
        }

        if (CommsThread.TryStart("tyer link reader", () => Read(receiver))) return;

        // Ended, it reads nothing: only the clean-up runs, wherever it can.
        End(new LinkEnd(LinkEndReason.NetworkFailure, SocketError: SocketError.NoBufferSpaceAvailable));
        _ = Task.Run(() => Read(receiver));
    }

    /// <inheritdoc/>
    public override void Read(IFrameReceiver receiver)
    {
        DeliverTo(receiver);
        if (!_hasAgreed && !HasEnded) Agree();
        while (!HasEnded)
        {
            WaitForQuietAsync(QuietBytes).GetAwaiter().GetResult();
            try
            {
                Received(_session.Stream.Read(Buffer.Free().Span));
            }
            catch (Exception e)
            {
                Fail(e);
            }
        }

        DetachAsync().GetAwaiter().GetResult();
        Finish();
    }

    /// <inheritdoc/>
    protected override void Shutdown()
    {
        try
        {
            _socket.Shutdown(SocketShutdown.Both);
        }
        catch (SocketException)
        {
            // The other side was faster: the reader is awake already.
        }
    }

    /// <inheritdoc/>
    protected override void Release()
    {
        _session.Dispose();
        _socket.Dispose();
    }

    private async Task ReadAsync()
    {
        if (!HasEnded) await AgreeAsync().ConfigureAwait(false);
        while (!HasEnded)
        {
            try
            {
                await WaitForQuietAsync(QuietBytes).ConfigureAwait(false);
                if (Buffer.IsEmpty)
                {
                    // An empty read waits for data while no buffer is held.
                    Buffer.Release();
                    await _session.Stream.ReadAsync(Memory<byte>.Empty).ConfigureAwait(false);
                }

                Received(await _session.Stream.ReadAsync(Buffer.Free()).ConfigureAwait(false));
            }
            catch (Exception e)
            {
                Fail(e);
            }
        }

        await DetachAsync().ConfigureAwait(false);
        Finish();
    }

    private void Agree()
    {
        try
        {
            TakeIn(_session.Agree());
        }
        catch (Exception e)
        {
            // Whatever TLS makes of a stranger's bytes ends this connection, and nothing else.
            Fail(e);
        }
    }

    private async Task AgreeAsync()
    {
        try
        {
            TakeIn(await _session.AgreeAsync().ConfigureAwait(false));
        }
        catch (Exception e)
        {
            // As above.
            Fail(e);
        }
    }

    /// <summary>Both sides have agreed, or not; who is not whom he should be is told so.</summary>
    private void TakeIn(RefusalCode code)
    {
        _hasAgreed = _session.Peer is not null;
        if (code == RefusalCode.None) code = Judge(_session.Peer!);
        if (code == RefusalCode.None) return;

        Declare(new LinkEnd(LinkEndReason.Refused, Refusal: code));
        Span<byte> frame = stackalloc byte[FrameHeader.Bytes + Refusal.Bytes];
        if (_hasAgreed) SendNow(frame[..Refusal.WriteFrame(frame, code)]);
        End(new LinkEnd(LinkEndReason.Refused, Refusal: code));
    }

    /// <summary>The connection broke, or TLS found that somebody changed what came; an end before the first word is just that.</summary>
    private void Fail(Exception e) => End((e as SocketException ?? e.InnerException as SocketException) is { } failure
        ? new LinkEnd(LinkEndReason.NetworkFailure, SocketError: failure.SocketErrorCode)
        : !_hasAgreed ? new LinkEnd(LinkEndReason.RemoteClosed)
        : new LinkEnd(LinkEndReason.ProtocolError, FrameError.BadSeal));
}
