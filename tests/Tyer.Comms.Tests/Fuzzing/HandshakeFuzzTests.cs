using Tyer.Comms.Frames;
using Tyer.Comms.Links;
using Tyer.Comms.Paths;
using Tyer.Comms.Peers;
using Tyer.Comms.Security;
using Tyer.Comms.Tests.Security;
using Tyer.Comms.Tests.Support;

namespace Tyer.Comms.Tests.Fuzzing;

/// <summary>A node, as it runs but for its sockets, and somebody at the other end of the two links of a path who says what the dice say.</summary>
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
            bool[] hasKey = [dice.OneIn(2), dice.OneIn(2)];
            bool isHonest = dice.OneIn(4);
            using var run = new Run(dice, _security[mode], mode, role, hasKey, isHonest);

            run.Play();

            Assert.All(run.Links, link => Assert.NotEqual(LinkEndReason.HandlerFailed, link.Ended?.Reason));
            bool isProved = mode == SecurityMode.None || hasKey is [true, true];

            // Messages come over a path of which both links are proven, and over no other.
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

    /// <summary>A control link and a data link from beginning to end.</summary>
    private sealed class Run : IMessageHandler, IPeerObserver, IDisposable
    {
        private static readonly NodeIdentity Local = new("test", 1, "n1", 5);

        private readonly CommsDomain _domain;
        private readonly MemoryTransport _transport = new();
        private readonly HandshakeRole _role;
        private readonly Stranger _control;
        private readonly Stranger _data;
        private readonly List<Stranger> _connected = [];

        public Run(Dice dice, PeerSecurity security, SecurityMode mode, HandshakeRole role, bool[] hasKey, bool isHonest)
        {
            _role = role;
            var options = new CommsDomainOptions
            {
                Local = Local,
                Listen = _transport.Endpoints,
                Peers = [new PeerAddress(2, "n2", _transport.Endpoints)],
                Security = security,
            };
            _domain = new CommsDomain(options, this, this, _ => _transport);
            List<byte[]> corpus = [new byte[24]];
            _control = new Stranger(LinkStream.Control, dice, mode, role, hasKey[0], isHonest, corpus);
            _data = new Stranger(LinkStream.Data, dice, mode, role, hasKey[1], isHonest, corpus);
        }

        public MemoryLink[] Links => [_control.Link, _data.Link];

        public int Connections { get; private set; }

        public int Messages { get; private set; }

        public void Play()
        {
            _domain.Start();
            if (Connect(_control))
            {
                _control.Introduce();
                _control.Say(KnockingNode.ReadyFrame());
            }

            if (Connect(_data))
            {
                _data.Introduce();
                if (_role == HandshakeRole.Responder) _data.Say(KnockingNode.ReadyFrame());
                _data.Say(Frames.TestFrames.Message(1, [1, 2, 3]));
            }

            foreach (Stranger stranger in _connected)
            {
                stranger.Ramble();
                stranger.Link.Close();
            }
        }

        public void Dispose()
        {
            _domain.Dispose();
            _control.Dispose();
            _data.Dispose();
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

        void IPeerObserver.OnPathChanged(Peer peer, in PathChange change)
        {
        }

        void IPeerObserver.OnStalled(Peer peer, TimeSpan time)
        {
        }

        void IPeerObserver.OnSendable(Peer peer)
        {
        }

        /// <summary>Connects one end with the other; false when the node does not want the link any more.</summary>
        private bool Connect(Stranger stranger)
        {
            if (_role == HandshakeRole.Initiator)
            {
                Assert.Equal(RefusalCode.None, _domain.Accept(stranger.Link));
                _connected.Add(stranger);
                return true;
            }

            if (!_transport.Dialled.TryDequeue(out PeerLink? dialled)) return false;
            stranger.Link.Start(dialled);
            dialled.Connected(stranger.Link);
            _connected.Add(stranger);
            return true;
        }
    }

    /// <summary>The other end of one link.</summary>
    private sealed class Stranger : IDisposable
    {
        private readonly LinkStream _stream;
        private readonly Dice _dice;
        private readonly SecurityMode _mode;
        private readonly HandshakeRole _role;
        private readonly bool _isHonest;
        private readonly List<byte[]> _corpus;
        private HandshakeState? _state;
        private SealCipher? _seals;
        private byte[]? _proof;
        private byte[] _heard = [];

        public Stranger(LinkStream stream, Dice dice, SecurityMode mode, HandshakeRole role, bool hasKey, bool isHonest, List<byte[]> corpus)
        {
            (_stream, _dice, _mode, _role, _isHonest, _corpus) = (stream, dice, mode, role, isHonest, corpus);
            if (mode != SecurityMode.None)
                _state = Handshake.Begin(role, mode, "test", 2, new KeyRing(TestKeys.Key(7, hasKey ? 'a' : 'b')), dice.Bytes(SecurityOffer.NonceBytes));
        }

        public MemoryLink Link { get; } = new();

        /// <summary>Hellos and proofs, in this end's turn.</summary>
        public void Introduce()
        {
            if (_role == HandshakeRole.Responder) Hear();
            SayHello();
            Hear();
            SayProof();
        }

        /// <summary>Says some more of what was said before.</summary>
        public void Ramble()
        {
            if (_isHonest) return;
            for (int i = _dice.Below(4); i > 0; i--) Say(_corpus[_dice.Below(_corpus.Count)]);
        }

        public void Dispose() => _seals?.Dispose();

        private void SayHello()
        {
            bool mayOffer = _state is { Phase: HandshakePhase.AwaitsOwnHello };
            ulong attempt = _stream == LinkStream.Data && _role == HandshakeRole.Initiator ? 1ul : 0;
            byte[] frame = new Hello(
                new NodeIdentity("test", 2, "n2", 9), 1, (ulong)_stream + 1, Path: 0, _stream, attempt, mayOffer ? _state!.Offer : null).ToFrame();
            byte[]? proof = mayOffer ? Step(new HandshakeEvent(HandshakeEventKind.OwnHello, frame.AsMemory(FrameHeader.Bytes))) : null;
            Say(frame);
            if (proof is not null) Say(KnockingNode.FrameOf(proof));
        }

        /// <summary>The initiator's, when it has heard the responder's; without a key it is wrong, and made up where it cannot be made.</summary>
        private void SayProof()
        {
            if (_state is not null && _role == HandshakeRole.Initiator)
                Say(KnockingNode.FrameOf(_state.Phase == HandshakePhase.Done ? _proof! : _dice.Bytes(AuthProof.Bytes)));
            if (_mode != SecurityMode.PskSeal || _state is not { Phase: HandshakePhase.Done }) return;

            byte[] key = new byte[HandshakeKeys.Bytes];
            _state.SealKey(isOwn: true, key);
            _seals = new SealCipher(_role, key);
        }

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
        public void Say(byte[] frame)
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
