using System.Net.Sockets;
using Tyer.Comms.Frames;
using Tyer.Comms.Links;
using Tyer.Comms.Peers;
using Tyer.Comms.Security;
using Tyer.Comms.Sessions;
using Tyer.Comms.Tests.Support;

namespace Tyer.Comms.Tests.Security;

/// <summary>A node made by hand, byte by byte, that dials another; it does what its test wants.</summary>
internal sealed class KnockingNode : IDisposable
{
    private readonly Socket _socket;
    private byte[] _received = [];

    public KnockingNode(Socket connected) => _socket = connected;

    /// <summary>The hello that the other side said last, without its header.</summary>
    public byte[] Heard { get; private set; } = [];

    public static KnockingNode AtUnix(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint(path));
        return new KnockingNode(socket);
    }

    public void Send(ReadOnlySpan<byte> bytes) => _socket.Send(bytes);

    /// <summary>Says a hello as the initiator, takes the answer, and gives the state before its own proof; the responder's is checked.</summary>
    public async Task<(HandshakeState State, byte[] Proof)> IntroduceAsync(Hello hello, KeyRing ring, SecurityMode mode)
    {
        HandshakeState state = Handshake.Begin(HandshakeRole.Initiator, mode, hello.Sender.Cluster, hello.Sender.NodeId, ring, SecurityOffer.NewNonce());
        byte[] frame = (hello with { Security = state.Offer }).ToFrame();
        Send(frame);
        state = Handshake.Step(state, new HandshakeEvent(HandshakeEventKind.OwnHello, frame.AsMemory(FrameHeader.Bytes))).State;

        (FrameKind kind, byte[] body) = await ReadFrameAsync();
        Assert.Equal(FrameKind.Hello, kind);
        Heard = body;
        Assert.Equal(RefusalCode.None, Hello.TryRead(body, out Hello? answer));
        state = Handshake.Step(state, new HandshakeEvent(HandshakeEventKind.Hello, body, answer!.Sender.NodeId, answer.Security)).State;

        (kind, body) = await ReadFrameAsync();
        Assert.Equal(FrameKind.AuthProof, kind);
        HandshakeStep step = Handshake.Step(state, new HandshakeEvent(HandshakeEventKind.Proof, body));
        Assert.Equal(HandshakePhase.Done, step.State.Phase);
        return (step.State, step.Proof!);
    }

    /// <summary>Follows: hears ready on its control link, says ready, and hears a ping answered.</summary>
    public async Task AgreeAsync()
    {
        (FrameKind kind, _) = await ReadFrameAsync();
        Assert.Equal(FrameKind.Ready, kind);
        Send(ReadyFrame());
        Send(Frames.TestFrames.Of(new FrameHeader(0, FrameKind.Ping, Binding: 0, Sequence: 7, View: 0), default));
        (kind, _) = await ReadFrameAsync();
        Assert.Equal(FrameKind.Pong, kind);
    }

    public static byte[] ReadyFrame()
    {
        var mark = new LaneMark(1, 0, 1000, 1 << 20);
        byte[] frame = new byte[Ready.FrameBytes];
        new Ready(100, mark, mark).WriteFrame(frame);
        return frame;
    }

    public static byte[] FrameOf(byte[] proof)
    {
        byte[] frame = new byte[AuthProof.FrameBytes];
        AuthProof.WriteFrame(frame, proof);
        return frame;
    }

    /// <summary>Waits for the code with which the other side refuses; what it says before is skipped.</summary>
    public async Task<RefusalCode> ReadRefusalAsync()
    {
        while (true)
        {
            (FrameKind kind, byte[] body) = await ReadFrameAsync();
            if (kind != FrameKind.Refusal) continue;
            Assert.True(Refusal.TryRead(body, out RefusalCode code));
            return code;
        }
    }

    public async Task<(FrameKind Kind, byte[] Body)> ReadFrameAsync()
    {
        while (true)
        {
            if (FrameParser.TryRead(_received, CommsLimits.PeerBodyBytesMax, out MessageView frame, out FrameError error))
            {
                byte[] body = frame.Body.ToArray();
                FrameKind kind = frame.Kind;
                _received = _received[frame.FrameBytes..];
                return (kind, body);
            }

            Assert.Equal(FrameError.None, error);
            byte[] more = new byte[4096];
            int count = await Wait.For(_socket.ReceiveAsync(more, TestContext.Current.CancellationToken).AsTask());
            Assert.NotEqual(0, count);
            _received = [.. _received, .. more[..count]];
        }
    }

    public void Dispose() => _socket.Dispose();
}
