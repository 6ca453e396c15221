using System.Buffers.Binary;
using Tyer.Comms.Frames;
using Tyer.Comms.Links;
using Tyer.Comms.Peers;
using Tyer.Comms.Security;
using Tyer.Comms.Tests.Support;

namespace Tyer.Comms.Tests.Security;

public class HandshakeTests
{
    [Theory]
    [InlineData(SecurityMode.Psk)]
    [InlineData(SecurityMode.PskSeal)]
    public void Two_nodes_with_the_same_key_know_each_other(SecurityMode mode)
    {
        var meeting = new Meeting { Initiator = Side.Of(1, HandshakeRole.Initiator) with { Mode = mode }, Responder = Side.Of(2, HandshakeRole.Responder) with { Mode = mode } };

        meeting.Run();

        Assert.Equal(HandshakePhase.Done, meeting.AtInitiator.Phase);
        Assert.Equal(HandshakePhase.Done, meeting.AtResponder.Phase);
        Assert.Equal(1u, meeting.AtResponder.PeerNode);
        Assert.Equal(KeyOf(meeting.AtInitiator, isOwn: true), KeyOf(meeting.AtResponder, isOwn: false));
        Assert.Equal(KeyOf(meeting.AtInitiator, isOwn: false), KeyOf(meeting.AtResponder, isOwn: true));
        Assert.NotEqual(KeyOf(meeting.AtInitiator, isOwn: true), KeyOf(meeting.AtInitiator, isOwn: false));
    }

    [Fact]
    public void The_initiators_active_key_is_used_if_the_responder_accepts_it()
    {
        var meeting = new Meeting
        {
            Initiator = Side.Of(1, HandshakeRole.Initiator) with { Ring = TestKeys.Ring(8, 7) },
            Responder = Side.Of(2, HandshakeRole.Responder) with { Ring = TestKeys.Ring(7, 8) },
        };
        meeting.Run();
        Assert.Equal(8u, meeting.AtResponder.Key!.Id);
        Assert.Equal(HandshakePhase.Done, meeting.AtResponder.Phase);
        Assert.Equal(HandshakePhase.Done, meeting.AtInitiator.Phase);
    }

    [Fact]
    public void A_wrong_key_under_the_right_id_is_a_wrong_proof()
    {
        var meeting = new Meeting { Responder = Side.Of(2, HandshakeRole.Responder) with { Ring = new KeyRing(TestKeys.Key(7, 'b')) } };
        meeting.Run();
        AssertRefused(RefusalCode.WrongProof, meeting.AtInitiator);

        meeting = new Meeting { Initiator = Side.Of(1, HandshakeRole.Initiator) with { Ring = new KeyRing(TestKeys.Key(7, 'b')) }, InitiatorChecks = false };
        meeting.Run();
        AssertRefused(RefusalCode.WrongProof, meeting.AtResponder);
    }

    [Fact]
    public void A_key_that_the_responder_does_not_have_is_unknown()
    {
        var meeting = new Meeting { Initiator = Side.Of(1, HandshakeRole.Initiator) with { Ring = TestKeys.Ring(9) } };
        meeting.Run();
        AssertRefused(RefusalCode.UnknownKey, meeting.AtResponder);
    }

    [Fact]
    public void A_responder_that_answers_with_another_key_is_refused()
    {
        var meeting = new Meeting { OnTheWayToInitiator = hello => hello[SecurityAt(hello) + 4] ^= 1 };
        meeting.Run();
        AssertRefused(RefusalCode.UnknownKey, meeting.AtInitiator);
    }

    [Theory]
    [InlineData(SecurityMode.None)]
    [InlineData(SecurityMode.Psk)]
    public void Another_mode_or_none_is_refused_by_both_sides(SecurityMode other)
    {
        foreach (HandshakeRole role in Enum.GetValues<HandshakeRole>())
        {
            HandshakeState state = Ready(role, HandshakePhase.AwaitsHello) with { Mode = SecurityMode.PskSeal };
            SecurityOffer? offer = other == SecurityMode.None ? null : new SecurityOffer(other, 7, SecurityOffer.NewNonce());
            HandshakeStep step = Handshake.Step(state, new HandshakeEvent(HandshakeEventKind.Hello, new byte[10], 2, offer));
            Assert.Equal(HandshakeActions.Refuse, step.Actions);
            AssertRefused(RefusalCode.SecurityMismatch, step.State);
        }
    }

    [Fact]
    public void Another_cluster_with_the_same_key_gives_another_proof()
    {
        var meeting = new Meeting { Responder = Side.Of(2, HandshakeRole.Responder) with { Cluster = "prod" } };
        meeting.Run();
        AssertRefused(RefusalCode.WrongProof, meeting.AtInitiator);
    }

    [Fact]
    public void A_hello_and_a_proof_that_were_recorded_are_worth_nothing_later()
    {
        var recorded = new Meeting();
        recorded.Run();

        // To a responder, which has a fresh nonce now.
        var again = new Meeting();
        again.Responder.Hear(recorded.InitiatorHello);
        HandshakeStep answer = again.Responder.Say();
        Assert.NotEqual(recorded.ResponderProof, answer.Proof);
        AssertRefused(RefusalCode.WrongProof, Handshake.Step(answer.State, new(HandshakeEventKind.Proof, recorded.InitiatorProof)).State);

        // To an initiator.
        Side initiator = Side.Of(1, HandshakeRole.Initiator);
        initiator.Say();
        initiator.Hear(recorded.ResponderHello);
        AssertRefused(RefusalCode.WrongProof, Handshake.Step(initiator.State, new(HandshakeEventKind.Proof, recorded.ResponderProof)).State);
    }

    [Fact]
    public void A_proof_sent_back_to_its_sender_is_wrong()
    {
        var meeting = new Meeting { OnTheWayOfInitiatorProof = (_, responderProof) => responderProof };
        meeting.Run();
        AssertRefused(RefusalCode.WrongProof, meeting.AtResponder);
    }

    [Fact]
    public void A_hello_sent_back_to_its_sender_is_seen()
    {
        Side initiator = Side.Of(1, HandshakeRole.Initiator);
        initiator.Say();
        initiator.Hear(initiator.Hello);
        AssertRefused(RefusalCode.NonceRepeated, initiator.State);
    }

    [Fact]
    public void A_proof_of_another_node_is_wrong()
    {
        // Node 3 has the key, and says that it is node 1.
        var meeting = new Meeting { Initiator = Side.Of(1, HandshakeRole.Initiator) with { ProvesAs = 3 } };
        meeting.Run();
        AssertRefused(RefusalCode.WrongProof, meeting.AtResponder);
    }

    public static TheoryData<string, int> HelloFields => new()
    {
        { "lowest version", 8 },
        { "highest version", 10 },
        { "features offered", 16 },
        { "features required", 24 },
        { "sender", 32 },
        { "receiver", 36 },
        { "incarnation", 40 },
        { "stamp", 48 },
        { "cluster", 68 },
        { "nonce", -1 },
    };

    /// <summary>Whoever is on the way can make both sides speak an older version or with fewer features only by changing a hello.</summary>
    [Theory]
    [MemberData(nameof(HelloFields))]
    public void Row_15_A_hello_that_was_changed_on_the_way_is_noticed(string what, int offset)
    {
        void Change(byte[] hello) => hello[offset < 0 ? hello.Length + offset : offset] ^= 1;

        var toResponder = new Meeting { OnTheWayToResponder = Change };
        toResponder.Run();
        Assert.True(toResponder.AtInitiator.Refusal == RefusalCode.WrongProof, what);

        var toInitiator = new Meeting { OnTheWayToInitiator = Change };
        toInitiator.Run();
        Assert.True(toInitiator.AtInitiator.Refusal == RefusalCode.WrongProof, what);

        // The responder notices by itself, too.
        toResponder = new Meeting { OnTheWayToResponder = Change, InitiatorChecks = false };
        toResponder.Run();
        Assert.True(toResponder.AtResponder.Refusal == RefusalCode.WrongProof, what);
    }

    [Fact]
    public void A_flipped_bit_in_a_proof_is_noticed() => Seeds.ForEach(50, dice =>
    {
        var meeting = new Meeting
        {
            OnTheWayOfInitiatorProof = (proof, _) =>
            {
                byte[] changed = [.. proof];
                changed[dice.Below(changed.Length)] ^= (byte)(1 << dice.Below(8));
                return changed;
            },
        };
        meeting.Run();
        AssertRefused(RefusalCode.WrongProof, meeting.AtResponder);
    });

    public static TheoryData<string, string, string> EveryPair()
    {
        var pairs = new TheoryData<string, string, string>();
        foreach (HandshakeRole role in Enum.GetValues<HandshakeRole>())
        {
            foreach (HandshakePhase phase in Enum.GetValues<HandshakePhase>())
            {
                foreach (HandshakeEventKind kind in Enum.GetValues<HandshakeEventKind>()) pairs.Add($"{role}", $"{phase}", $"{kind}");
            }
        }

        return pairs;
    }

    [Theory]
    [MemberData(nameof(EveryPair))]
    public void Every_event_in_every_state_does_what_the_table_says(string roleName, string phaseName, string kindName)
    {
        HandshakeRole role = Enum.Parse<HandshakeRole>(roleName);
        HandshakePhase phase = Enum.Parse<HandshakePhase>(phaseName);
        HandshakeEventKind kind = Enum.Parse<HandshakeEventKind>(kindName);

        // Role, phase, event; then the phase and the actions that follow. What is not listed is refused.
        (HandshakePhase Next, HandshakeActions Actions) expected = (role, phase, kind) switch
        {
            (_, HandshakePhase.Refused, _) => (HandshakePhase.Refused, HandshakeActions.None),
            (HandshakeRole.Initiator, HandshakePhase.AwaitsOwnHello, HandshakeEventKind.OwnHello) => (HandshakePhase.AwaitsHello, HandshakeActions.None),
            (HandshakeRole.Initiator, HandshakePhase.AwaitsHello, HandshakeEventKind.Hello) => (HandshakePhase.AwaitsProof, HandshakeActions.None),
            (HandshakeRole.Initiator, HandshakePhase.AwaitsProof, HandshakeEventKind.Proof) => (HandshakePhase.Done, HandshakeActions.SendProof | HandshakeActions.Succeed),
            (HandshakeRole.Responder, HandshakePhase.AwaitsHello, HandshakeEventKind.Hello) => (HandshakePhase.AwaitsOwnHello, HandshakeActions.SayHello),
            (HandshakeRole.Responder, HandshakePhase.AwaitsOwnHello, HandshakeEventKind.OwnHello) => (HandshakePhase.AwaitsProof, HandshakeActions.SendProof),
            (HandshakeRole.Responder, HandshakePhase.AwaitsProof, HandshakeEventKind.Proof) => (HandshakePhase.Done, HandshakeActions.Succeed),
            _ => (HandshakePhase.Refused, HandshakeActions.Refuse),
        };
        HandshakeState state = Ready(role, phase);
        ReadOnlyMemory<byte> body = kind != HandshakeEventKind.Proof ? new byte[100]
            : phase != HandshakePhase.AwaitsProof ? new byte[AuthProof.Bytes]
            : HandshakeKeys.Proof(state.Key!, state.Cluster, Handshake.OtherOf(role), state.PeerNode, Handshake.TranscriptOf(state));
        var e = new HandshakeEvent(kind, body, 2, new SecurityOffer(SecurityMode.Psk, 7, SecurityOffer.NewNonce()));

        if (kind == HandshakeEventKind.OwnHello && phase is not (HandshakePhase.AwaitsOwnHello or HandshakePhase.Refused))
        {
            Assert.Throws<InvariantBrokenException>(() => Handshake.Step(state, e));
            return;
        }

        HandshakeStep step = Handshake.Step(state, e);

        Assert.Equal(expected.Next, step.State.Phase);
        Assert.Equal(expected.Actions, step.Actions);
        Assert.Equal(step.Actions.HasFlag(HandshakeActions.SendProof), step.Proof is not null);
        Assert.Equal(step.Actions == HandshakeActions.Refuse ? RefusalCode.MalformedFrame : RefusalCode.None, step.State.Refusal);
    }

    [Fact]
    public void Keys_cannot_be_had_before_the_other_side_has_proved() => Assert.All(
        Enum.GetValues<HandshakePhase>().Where(phase => phase != HandshakePhase.Done),
        phase => Assert.Throws<InvariantBrokenException>(() => KeyOf(Ready(HandshakeRole.Initiator, phase), isOwn: true)));

    [Fact]
    public void What_is_computed_is_fixed_by_the_protocol()
    {
        // Computed apart from this code, with Python's hmac and hashlib, by the formulas in docs/protocol.md.
        byte[] transcript = HandshakeKeys.Transcript("hello of the initiator"u8, "hello of the responder"u8);
        Assert.Equal("0c6890d6715ab8ac12875bcae54b1b2a0cc6f40513943da76b49e91a8a1f8891", Convert.ToHexStringLower(transcript));
        ClusterKey key = TestKeys.Key(7);
        Assert.Equal("5ab6465b83d045cc60e70c230cfebf8ee1ca155a9e94a0ce31c33c33c771e292", Convert.ToHexStringLower(HandshakeKeys.Proof(key, "tyer", HandshakeRole.Responder, 2, transcript)));
        byte[] seal = new byte[32];
        HandshakeKeys.SealKey(key, "tyer", HandshakeRole.Initiator, transcript, seal);
        Assert.Equal("44384cfb41446c8e1d7976c3f2746d8818b27055e8a765937d95b79e64d41c43", Convert.ToHexStringLower(seal));
    }

    private static void AssertRefused(RefusalCode code, HandshakeState state)
    {
        Assert.Equal(HandshakePhase.Refused, state.Phase);
        Assert.Equal(code, state.Refusal);
    }

    private static string KeyOf(HandshakeState state, bool isOwn)
    {
        byte[] key = new byte[32];
        state.SealKey(isOwn, key);
        return Convert.ToHexString(key);
    }

    /// <summary>A side in a phase, with all that belongs to it.</summary>
    private static HandshakeState Ready(HandshakeRole role, HandshakePhase phase) => Side.Of(1, role).State with
    {
        Phase = phase,
        Key = TestKeys.Key(7),
        OwnHello = new byte[] { 1 },
        PeerHello = new byte[] { 2 },
        PeerNode = 2,
    };

    private static int SecurityAt(byte[] hello) => hello.Length - SecurityOffer.Bytes;

    /// <summary>One side, with hellos as they are on the wire.</summary>
    private sealed record Side
    {
        private HandshakeState? _state;

        public required uint Node { get; init; }

        public required HandshakeRole Role { get; init; }

        public SecurityMode Mode { get; init; } = SecurityMode.Psk;

        public string Cluster { get; init; } = "test";

        public KeyRing Ring { get; init; } = TestKeys.Ring(7);

        /// <summary>The node as which it proves, if another than it says.</summary>
        public uint? ProvesAs { get; init; }

        public byte[] Hello { get; private set; } = [];

        public HandshakeState State => _state ??= Handshake.Begin(Role, Mode, Cluster, ProvesAs ?? Node, Ring, SecurityOffer.NewNonce());

        public static Side Of(uint node, HandshakeRole role) => new() { Node = node, Role = role };

        public HandshakeStep Say()
        {
            Hello = new Hello(new NodeIdentity("test", Node, $"n{Node}", 1), 3 - Node, 1, Security: State.Offer).ToFrame()[FrameHeader.Bytes..];
            return Take(new HandshakeEvent(HandshakeEventKind.OwnHello, Hello));
        }

        public HandshakeStep Hear(byte[] hello) => Take(new HandshakeEvent(
            HandshakeEventKind.Hello, hello, BinaryPrimitives.ReadUInt32LittleEndian(hello.AsSpan(32)), SecurityOffer.TryRead(hello.AsSpan(SecurityAt(hello)))));

        public HandshakeStep HearProof(byte[] proof) => Take(new HandshakeEvent(HandshakeEventKind.Proof, proof));

        private HandshakeStep Take(in HandshakeEvent e)
        {
            HandshakeStep step = Handshake.Step(State, e);
            _state = step.State;
            return step;
        }
    }

    /// <summary>A handshake from end to end, with somebody on the way.</summary>
    private sealed class Meeting
    {
        public Side Initiator { get; init; } = Side.Of(1, HandshakeRole.Initiator);

        public Side Responder { get; init; } = Side.Of(2, HandshakeRole.Responder);

        public Action<byte[]> OnTheWayToResponder { get; init; } = _ => { };

        public Action<byte[]> OnTheWayToInitiator { get; init; } = _ => { };

        /// <summary>From the initiator's proof and the responder's to what arrives.</summary>
        public Func<byte[], byte[], byte[]> OnTheWayOfInitiatorProof { get; init; } = (proof, _) => proof;

        /// <summary>False: the initiator proves whatever the responder has proved.</summary>
        public bool InitiatorChecks { get; init; } = true;

        public HandshakeState AtInitiator => Initiator.State;

        public HandshakeState AtResponder => Responder.State;

        public byte[] InitiatorHello => Initiator.Hello;

        public byte[] ResponderHello => Responder.Hello;

        public byte[] InitiatorProof { get; private set; } = [];

        public byte[] ResponderProof { get; private set; } = [];

        public void Run()
        {
            Initiator.Say();
            byte[] hello = [.. Initiator.Hello];
            OnTheWayToResponder(hello);
            if (Responder.Hear(hello).Actions == HandshakeActions.Refuse) return;

            HandshakeStep answer = Responder.Say();
            ResponderProof = answer.Proof!;
            hello = [.. Responder.Hello];
            OnTheWayToInitiator(hello);
            if (Initiator.Hear(hello).Actions == HandshakeActions.Refuse) return;

            HandshakeState state = Initiator.State;
            byte[] proof = InitiatorChecks
                ? ResponderProof
                : HandshakeKeys.Proof(state.Key!, state.Cluster, HandshakeRole.Responder, state.PeerNode, Handshake.TranscriptOf(state));
            HandshakeStep last = Initiator.HearProof(proof);
            if (last.Actions == HandshakeActions.Refuse) return;

            Assert.Equal(HandshakeActions.SendProof | HandshakeActions.Succeed, last.Actions);
            InitiatorProof = last.Proof!;
            Responder.HearProof(OnTheWayOfInitiatorProof(InitiatorProof, ResponderProof));
        }
    }
}
