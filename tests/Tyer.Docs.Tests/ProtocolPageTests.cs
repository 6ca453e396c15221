using System.Buffers.Binary;
using System.Globalization;
using System.Net.Sockets;
using Tyer.Comms.Frames;
using Tyer.Comms.Links;
using Tyer.Sessions;
using Tyer.Sessions.Wire;

namespace Tyer.Docs.Tests;

/// <summary>The frames printed in <c>docs/protocol.md</c> are understood by a node, and its numbers are those of the code.</summary>
public class ProtocolPageTests
{
    private const string Name = "docs/protocol.md";
    private const int HeaderBytes = 24;
    private static readonly MarkdownPage Page = MarkdownPage.Read(Name);
    private static readonly string Text = File.ReadAllText(Repository.PathOf(Name));

    public static TheoryData<string> Frames => [.. Page.Blocks.Where(block => block.Language.StartsWith("hex ", StringComparison.Ordinal)).Select(block => block.Language)];

    public static TheoryData<Type> Numbers =>
    [
        typeof(RequestKind), typeof(RawStatus), typeof(RawResult), typeof(CancelOutcome), typeof(LossReason), typeof(LockValueState), typeof(FailureClass),
        typeof(RefusalReason), typeof(UnavailableReason), typeof(WireFault), typeof(RefusalCode), typeof(FrameError),
    ];

    [Theory]
    [MemberData(nameof(Frames))]
    public void A_frame_has_the_length_and_the_checksum_that_its_header_says(string block)
    {
        var frame = FrameOf(block);
        Assert.Equal(frame.Length - HeaderBytes, BinaryPrimitives.ReadInt32LittleEndian(frame));
        Assert.Equal(16, frame[4]);
        Assert.Equal(ChecksumOf(frame), BinaryPrimitives.ReadUInt32LittleEndian(frame.AsSpan(20)));
    }

    [Fact]
    public async Task A_client_that_says_no_more_than_the_page_is_served()
    {
        var folder = Directory.CreateTempSubdirectory("tyer-docs-");
        var path = Path.Combine(folder.FullName, "s");
        await using (await TyerNode.StartAsync(
            new TyerNodeOptions { Name = "n1", Volatile = true, ClientEndpoints = { "unix:" + path } }, TestContext.Current.CancellationToken))
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), TestContext.Current.CancellationToken);
            await using var stream = new NetworkStream(socket);

            var welcome = await ExchangeAsync(stream, "hex hello");
            Assert.Equal((64, 1), (welcome[0], welcome[8]));
            Assert.Equal("TYER"u8, welcome.AsSpan(4, 4));

            var opened = await ExchangeAsync(stream, "hex open");
            Assert.Equal((74, 1u, 1u), (opened[0], U32(opened, 4), U32(opened, 8)));

            var granted = await ExchangeAsync(stream, "hex lock");
            Assert.Equal((67, 0, 1, 5), (granted[0], granted[1], granted[2], granted[3]));
            Assert.Equal((0u, 1u), (U32(granted, 8), U32(granted, 12)));
            Assert.NotEqual(0u, U32(granted, 32));

            var heard = await ExchangeAsync(stream, "hex keep-alive");
            Assert.Equal((73, 123456789u), (heard[0], U32(heard, 8)));

            var unlocked = await ExchangeAsync(stream, "hex unlock");
            Assert.Equal((67, 2, 5, 255), (unlocked[0], unlocked[1], unlocked[2], unlocked[3]));
        }

        folder.Delete(recursive: true);
    }

    [Fact]
    public void Every_kind_of_message_is_in_the_table_with_its_number()
    {
        foreach (var kind in Enum.GetValues<WireKind>().Where(kind => kind != WireKind.None))
            Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"\n| {(int)kind} | `{kind}` | "), Text, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Numbers))]
    public void The_numbers_of_the_fields_are_those_of_the_code(Type numbers)
    {
        var listed = Enum.GetValues(numbers).Cast<object>().Select(value => string.Create(CultureInfo.InvariantCulture, $"{System.Convert.ToInt32(value, CultureInfo.InvariantCulture)} {value}"));
        Assert.Contains($"\n`{numbers.Name}`: {string.Join(", ", listed)}\n", Text, StringComparison.Ordinal);
    }

    private static byte[] FrameOf(string language) =>
        System.Convert.FromHexString(string.Concat(Page.Blocks.Single(block => block.Language == language).Code.Where(char.IsAsciiHexDigit)));

    private static uint U32(byte[] body, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(body.AsSpan(offset));

    /// <summary>Bit by bit, as the page says, and not by the code that it is to check.</summary>
    private static uint ChecksumOf(byte[] frame)
    {
        var sum = uint.MaxValue;
        foreach (var each in frame.AsSpan(0, 20).ToArray().Concat(frame.AsSpan(HeaderBytes).ToArray()))
        {
            sum ^= each;
            for (var bit = 0; bit < 8; bit++)
                sum = (sum & 1) != 0 ? (sum >> 1) ^ 0x82F63B78 : sum >> 1;
        }

        return ~sum;
    }

    /// <summary>Sends a frame of the page; the body of the answer.</summary>
    private static async Task<byte[]> ExchangeAsync(NetworkStream stream, string block)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(20));
        await stream.WriteAsync(FrameOf(block), patience.Token);
        var header = new byte[HeaderBytes];
        await stream.ReadExactlyAsync(header, patience.Token);
        var body = new byte[BinaryPrimitives.ReadInt32LittleEndian(header)];
        await stream.ReadExactlyAsync(body, patience.Token);
        byte[] whole = [.. header, .. body];
        Assert.Equal(ChecksumOf(whole), BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(20)));
        return body;
    }
}
