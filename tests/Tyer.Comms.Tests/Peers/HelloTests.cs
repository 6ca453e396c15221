using System.Buffers.Binary;
using Tyer.Comms.Frames;
using Tyer.Comms.Links;
using Tyer.Comms.Paths;
using Tyer.Comms.Peers;
using Tyer.Comms.Tests.Support;

namespace Tyer.Comms.Tests.Peers;

public class HelloTests
{
    private static readonly NodeIdentity Sender = new("cluster", 2, "n2", 77);
    private static readonly NodeIdentity Local = new("cluster", 1, "n1", 5);

    [Fact]
    public void A_hello_comes_out_as_it_went_in()
    {
        var hello = new Hello(Sender, 1, 99, Path: 7, LinkStream.Data, Attempt: 98);
        Assert.Equal(RefusalCode.None, Read(Body(hello), out Hello? read));
        Assert.Equal(hello, read);
    }

    public static TheoryData<string, int, byte, RefusalCode> Faults => new()
    {
        { "magic", 0, (byte)'X', RefusalCode.BadMagic },
        { "lowest version beyond ours", 8, 2, RefusalCode.VersionRange },
        { "highest version before ours", 10, 0, RefusalCode.VersionRange },
        { "stream", 12, 2, RefusalCode.MalformedHello },
        { "path", 13, 8, RefusalCode.MalformedHello },
        { "reserved", 14, 1, RefusalCode.MalformedHello },
        { "feature required", 31, 0x80, RefusalCode.FeatureRequired },
        { "incarnation 0", 40, 0, RefusalCode.MalformedHello },
        { "unknown field", 64, 9, RefusalCode.MalformedHello },
        { "a field longer than the body", 67, 1, RefusalCode.MalformedHello },
        { "no cluster name", 66, 0, RefusalCode.MalformedHello },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public void Each_fault_has_its_code(string what, int offset, byte value, RefusalCode code)
    {
        byte[] body = Body(new Hello(Sender, 1, 99));
        body[offset] = value;
        Assert.True(code == Read(body, out _), what);
    }

    [Fact]
    public void A_hello_cut_anywhere_is_refused() => Assert.All(
        Enumerable.Range(0, Body(new Hello(Sender, 1, 99)).Length - 1),
        length => Assert.NotEqual(RefusalCode.None, Read(Body(new Hello(Sender, 1, 99)).AsSpan(0, length), out _)));

    [Fact]
    public void An_offered_feature_and_a_field_of_a_later_version_do_no_harm()
    {
        byte[] body = [.. Body(new Hello(Sender, 1, 99)), 0x01, 0x80, 0x02, 0x00, 0xAA, 0xBB];
        body[16] = 0xFF;
        BinaryPrimitives.WriteUInt16LittleEndian(body.AsSpan(10), 9);
        Assert.Equal(RefusalCode.None, Read(body, out Hello? read));
        Assert.Equal(Sender, read!.Sender);
    }

    [Fact]
    public void Whom_it_is_meant_for_and_from_whom_is_judged_in_order()
    {
        bool IsPeer(uint id) => id == 2;
        Assert.Equal(RefusalCode.None, new Hello(Sender, 1, 1).Judge(Local, IsPeer));
        Assert.Equal(RefusalCode.ClusterMismatch, new Hello(Sender with { Cluster = "Cluster", NodeId = 1 }, 3, 1).Judge(Local, IsPeer));
        Assert.Equal(RefusalCode.WrongReceiver, new Hello(Sender with { NodeId = 1 }, 3, 1).Judge(Local, IsPeer));
        Assert.Equal(RefusalCode.SenderIsSelf, new Hello(Sender with { NodeId = 1 }, 1, 1).Judge(Local, IsPeer));
        Assert.Equal(RefusalCode.UnknownSender, new Hello(Sender with { NodeId = 3 }, 1, 1).Judge(Local, IsPeer));
    }

    [Fact]
    public void Random_bodies_never_throw() => Seeds.ForEach(20_000, dice =>
    {
        byte[] body = Body(new Hello(Sender, 1, 99));
        for (int i = dice.Between(1, 6); i > 0; i--) body[dice.Below(body.Length)] = (byte)dice.Next();
        Read(body.AsSpan(0, dice.Between(0, body.Length)), out _);
    });

    private static byte[] Body(Hello hello) => hello.ToFrame()[FrameHeader.Bytes..];

    private static RefusalCode Read(ReadOnlySpan<byte> body, out Hello? hello) => Hello.TryRead(body, out hello);
}
