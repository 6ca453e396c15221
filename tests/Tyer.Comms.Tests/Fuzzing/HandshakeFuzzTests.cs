using Tyer.Comms.Frames;
using Tyer.Comms.Links;
using Tyer.Comms.Peers;
using Tyer.Comms.Security;
using Tyer.Comms.Tests.Security;
using Tyer.Comms.Tests.Support;

namespace Tyer.Comms.Tests.Fuzzing;

/// <summary>A node, as it runs but for its sockets, and somebody at the other end of a link who says what the dice say.</summary>
public sealed class HandshakeFuzzTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly Dictionary<SecurityMode, PeerSecurity> _security;

    public HandshakeFuzzTests() => _security = new()
    {
        [SecurityMode.None] = PeerSecurity.None,
        [SecurityMode.Psk] = TestKeys.Security(_folder.File("k"), SecurityMode.Psk, (7, 'a')),
        [SecurityMode.PskSeal] = TestKeys.Security(_folder.File("k"), SecurityMode.PskSeal, (7, 'a')),
    };

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Whatever_a_stranger_says_he_is_not_let_in_and_does_no_harm()
    {
        int honest = 0;
        Assert.True(FuzzBudget.Run(dice =>
        {
            SecurityMode mode = (SecurityMode)dice.Below(3);
            HandshakeRole role = (HandshakeRole)dice.Below(2);
            bool hasKey = dice.OneIn(2);
            bool isHonest = dice.OneIn(8);
            using var run = new Run(dice, _security[mode], mode, role, hasKey, isHonest);

            run.Play();

            Assert.NotEqual(LinkEndReason.HandlerFailed, run.Link.Ended?.Reason);
            bool isProved = mode == SecurityMode.None || hasKey;
            if (!isProved) Assert.Equal((0, 0), (run.Connections, run.Messages));
            if (isHonest && isProved)
            {
                Assert.Equal((1, 1), (run.Connections, run.Messages));
                honest++;
            }

            // Whoever said something else than an honest peer would, and did not end the link by it, is at most connected once.
            Assert.True(run.Connections <= 1);
        }) > 100);
        Assert.True(honest > 0);
    }

    /// <summary>One link from beginning to end.</summary>
    private sealed class Run : IMessageHandler, IPeerObserver, IDisposable
    {
        private static readonly NodeIdentity Local = new("test", 1, "n1", 5);

        private readonly Dice _dice;
        private readonly bool _isHonest;
        private readonly CommsDomain _domain;
        private readonly MemoryTransport _transport = new();
        private readonly SecurityMode _mode;
        private readonly HandshakeRole _role;
        private readonly List<byte[]> _corpus = [new byte[24]];
        private HandshakeState? _state;
        private SealCipher? _seals;
        private byte[] _heard = [];

        public Run(Dice dice, PeerSecurity security, SecurityMode mode, HandshakeRole role, bool hasKey, bool isHonest)
        {
            (_dice, _mode, _role, _isHonest) = (dice, mode, role, isHonest);
            var options = new CommsDomainOptions
            {
                Local = Local,
                Listen = _transport.Endpoint,
                Peers = [new PeerAddress(2, "n2", _transport.Endpoint)],
                Security = security,
            };
            _domain = new CommsDomain(options, this, this, _ => _transport);
            if (mode != SecurityMode.None)
                _state = Handshake.Begin(role, mode, "test", 2, new KeyRing(TestKeys.Key(7, hasKey ? 'a' : 'b')), dice.Bytes(SecurityOffer.NonceBytes));
        }

        public MemoryLink Link { get; } = new();

        public int Connections { get; private set; }

        public int Messages { get; private set; }

        public void Play()
        {
            _domain.Start();
            if (_role == HandshakeRole.Initiator)
            {
                Assert.Equal(RefusalCode.None, _domain.Accept(Link));
                SayHello();
                Hear();
            }
            else
            {
                Link.Start(_transport.Dialled!);
                _transport.Dialled!.Connected(Link);
                Hear();
                SayHello();
            }

            SayProof();
            byte[] ready = new byte[Ready.FrameBytes];
            new Ready(100, 1).WriteFrame(ready);
            Say(ready);
            Say(Frames.TestFrames.Message(1, [1, 2, 3]));
            if (!_isHonest)
            {
                for (int i = _dice.Below(4); i > 0; i--) Say(_corpus[_dice.Below(_corpus.Count)]);
            }

            Link.Close();
        }

        public void Dispose()
        {
            _domain.Dispose();
            _seals?.Dispose();
        }

        void IMessageHandler.OnMessage(Peer peer, ushort binding, uint view, ReadOnlySpan<byte> body) => Messages++;

        void IMessageHandler.OnBatchEnd(Peer peer)
        {
        }

        void IPeerObserver.OnConnected(Peer peer, ulong incarnation) => Connections++;

        void IPeerObserver.OnDisconnected(Peer peer, ulong incarnation, in LinkEnd end)
        {
        }

        void IPeerObserver.OnSessionReset(Peer peer, ulong oldIncarnation, ulong newIncarnation)
        {
        }

        void IPeerObserver.OnRefused(in RefusedHello refused)
        {
        }

        void IPeerObserver.OnSendable(Peer peer)
        {
        }

        private void SayHello()
        {
            bool mayOffer = _state is { Phase: HandshakePhase.AwaitsOwnHello };
            byte[] frame = new Hello(new NodeIdentity("test", 2, "n2", 9), 1, 1, mayOffer ? _state!.Offer : null).ToFrame();
            byte[]? proof = mayOffer ? Step(new HandshakeEvent(HandshakeEventKind.OwnHello, frame.AsMemory(FrameHeader.Bytes))) : null;
            Say(frame);
            if (proof is not null) Say(KnockingNode.FrameOf(proof));
        }

        /// <summary>The initiator's, when it has heard the responder's; without a key it is wrong, and made up where it cannot be made.</summary>
        private void SayProof()
        {
            Hear();
            if (_state is not null && _role == HandshakeRole.Initiator)
                Say(KnockingNode.FrameOf(_state.Phase == HandshakePhase.Done ? _proof! : _dice.Bytes(AuthProof.Bytes)));
            if (_mode != SecurityMode.PskSeal || _state is not { Phase: HandshakePhase.Done }) return;

            byte[] key = new byte[HandshakeKeys.Bytes];
            _state.SealKey(isOwn: true, key);
            _seals = new SealCipher(_role, key);
        }

        private byte[]? _proof;

        /// <summary>Takes what the node says, as far as it is a handshake.</summary>
        private void Hear()
        {
            _heard = [.. _heard, .. Link.TakeSent()];
            while (_state is not null && FrameParser.TryRead(_heard, CommsLimits.HandshakeBodyBytesMax, out MessageView frame, out _))
            {
                byte[] body = frame.Body.ToArray();
                _corpus.Add(_heard[..frame.FrameBytes]);
                if (frame.Kind == FrameKind.Hello && _state.Phase == HandshakePhase.AwaitsHello && Hello.TryRead(body, out Hello? hello) == RefusalCode.None)
                    Step(new HandshakeEvent(HandshakeEventKind.Hello, body, hello!.Sender.NodeId, hello.Security));
                else if (frame.Kind == FrameKind.AuthProof && _state.Phase == HandshakePhase.AwaitsProof)
                    _proof = Step(new HandshakeEvent(HandshakeEventKind.Proof, body));
                _heard = _heard[frame.FrameBytes..];
            }
        }

        private byte[]? Step(in HandshakeEvent e)
        {
            HandshakeStep step = Handshake.Step(_state!, e);
            _state = step.State;
            return step.Proof;
        }

        /// <summary>Says a frame, or what the dice make of it.</summary>
        private void Say(byte[] frame)
        {
            _corpus.Add(frame);
            if (!_isHonest)
            {
                frame = _dice.Below(10) switch
                {
                    0 => Mutator.Change(_dice, frame, _corpus),
                    1 or 2 => Mutator.ChangeFrame(_dice, frame, _corpus),
                    3 => [],
                    4 => [.. frame, .. frame],
                    5 => [.. _corpus[_dice.Below(_corpus.Count)], .. frame],
                    _ => frame,
                };
            }

            if (_seals is not null && frame.Length > 0)
            {
                byte[] record = new byte[frame.Length + SealCipher.OverheadBytes];
                _seals.Seal(frame, record);
                frame = !_isHonest && _dice.OneIn(8) ? Mutator.Change(_dice, record, _corpus) : record;
            }

            Link.Feed(frame, _dice.Between(1, 60));
        }
    }
}
