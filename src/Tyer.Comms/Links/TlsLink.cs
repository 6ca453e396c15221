using System.Net.Sockets;
using Tyer.Comms.Frames;
using Tyer.Comms.Security;

namespace Tyer.Comms.Links;

/// <summary>A link over a socket with TLS on it. One that was accepted first agrees with the other side; who dials does so before.</summary>
internal sealed class TlsLink : ConnectedLink
{
    private readonly TlsSession _session;
    private bool _hasAgreed;

    /// <param name="socket">Connected; the link owns it from here on.</param>
    /// <param name="session">TLS on that socket.</param>
    /// <param name="model">Who reads.</param>
    /// <param name="bodyMax">Bytes in a received body, at most.</param>
    /// <param name="bufferMin">Bytes of the receive buffer at first.</param>
    public TlsLink(Socket socket, TlsSession session, ReadModel model, int bodyMax, int bufferMin)
        : base(socket, session.Sink, model, bodyMax, bufferMin) => _session = session;

    /// <summary>Who may be at the other end, by its certificate; otherwise it is refused with a code.</summary>
    public Func<CertificateIdentity, RefusalCode> Judge { get; init; } = static _ => RefusalCode.None;

    /// <inheritdoc/>
    public override CertificateIdentity? Identity => _session.Peer;

    /// <inheritdoc/>
    public override Credential? Credential => _session.Credential;

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
    protected override void Release()
    {
        _session.Dispose();
        base.Release();
    }

    /// <inheritdoc/>
    protected override void Receive()
    {
        try
        {
            Received(_session.Stream.Read(Buffer.Free().Span));
        }
        catch (Exception e)
        {
            // Whatever TLS makes of a stranger's bytes ends this connection, and nothing else.
            End(MeaningOf(e));
        }
    }

    /// <inheritdoc/>
    protected override ValueTask<int> ReceiveAsync(Memory<byte> room) => _session.Stream.ReadAsync(room);

    /// <inheritdoc/>
    protected override LinkEnd? EndOf(Exception exception) => MeaningOf(exception);

    /// <inheritdoc/>
    protected override void Agree()
    {
        if (_hasAgreed) return;
        try
        {
            TakeIn(_session.Agree());
        }
        catch (Exception e)
        {
            End(MeaningOf(e));
        }
    }

    /// <inheritdoc/>
    protected override async Task AgreeAsync()
    {
        try
        {
            TakeIn(await _session.AgreeAsync().ConfigureAwait(false));
        }
        catch (Exception e)
        {
            End(MeaningOf(e));
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
    private LinkEnd MeaningOf(Exception e) => (e as SocketException ?? e.InnerException as SocketException) is { } failure
        ? new LinkEnd(LinkEndReason.NetworkFailure, SocketError: failure.SocketErrorCode)
        : !_hasAgreed ? new LinkEnd(LinkEndReason.RemoteClosed)
        : new LinkEnd(LinkEndReason.ProtocolError, FrameError.BadSeal);
}
