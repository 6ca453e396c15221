using System.Buffers.Binary;
using System.Net.Sockets;
using Tyer.Client.Helper;
using Tyer.Sessions.Wire;
using Tyer.System.Tests.Support;

namespace Tyer.System.Tests;

/// <summary>Whatever a stranger sends to a daemon ends his connection, and nothing else.</summary>
public sealed class BadInputTests(ThreeNodes nodes) : IClassFixture<ThreeNodes>
{
    private const int HeaderBytes = 24;
    private const int KindOffset = 4;
    private const byte RefusalKind = 2;

    /// <summary>What the daemon may grow by, whatever comes: far more than noise, far less than what is claimed to be coming.</summary>
    private const long GrowthMax = 128L * 1024 * 1024;

    private static readonly string[] Doors = ["clients", "peers"];

    private static readonly string[] Kinds = ["random bytes", "a web request", "2 GiB to come", "no length at all", "an unknown kind", "a wrong checksum", "a message before the hello"];

    public static TheoryData<string, string> Nonsense => new(from door in Doors from kind in Kinds select (door, kind));

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory, MemberData(nameof(Nonsense))]
    public async Task Nonsense_is_answered_with_a_code_and_a_closed_connection(string door, string what)
    {
        var before = nodes.Daemon(1).ResidentBytes();
        for (var round = 0; round < 20; round++)
        {
            using var socket = await ConnectAsync(door);
            await SendAsync(socket, BytesOf(what, round));
            var answer = await ReadToEndAsync(socket);
            // A refusal with its code; clients that spoke a good frame get their code in a message. Peers say hello first, as always.
            Assert.True(answer.Length > HeaderBytes, $"{answer.Length} bytes came back");
            if (what != "a message before the hello")
                Assert.Contains(RefusalKind, KindsOf(answer));
        }

        await AssertServesAsync(before);
    }

    [Theory]
    [InlineData("clients")]
    [InlineData("peers")]
    public async Task A_frame_that_ends_in_the_middle_ends_with_its_sender(string door)
    {
        var before = nodes.Daemon(1).ResidentBytes();
        var frame = RawConnection.Frame(new byte[1000]);
        for (var length = 1; length < frame.Length; length += 97)
        {
            using var socket = await ConnectAsync(door);
            await SendAsync(socket, frame.AsMemory(0, length));
            socket.Shutdown(SocketShutdown.Send);
            _ = await ReadToEndAsync(socket);
        }

        await AssertServesAsync(before);
    }

    [Fact]
    public async Task Nobody_lets_go_of_anothers_lock_through_the_protocol()
    {
        await using var client = await TyerClient.ConnectAsync($"unix:{nodes.SocketOf(1)}", Stop);
        await using var locks = await client.OpenLockspaceAsync("default", cancellationToken: Stop);
        await using var held = await locks.LockAsync("not-yours", cancellationToken: Stop);
        using var stranger = RawConnection.Open(nodes.SocketOf(1));
        stranger.Greet(TimeSpan.Zero);
        _ = stranger.OpenLockspace("default");
        for (var key = 0u; key < 100; key++)
        {
            stranger.Unlock(key, 1);
            Assert.Equal(WireFault.None, CallRefusedMessage.TryRead(stranger.ReceiveUntil(WireKind.CallRefused), out var refused));
            Assert.Equal(RawResult.UnknownLock, refused.Result);
        }

        Assert.Null(held.LostBecause);
        (await nodes.TyerAsync(2, "run", "not-yours", "--wait", "0", "--", "true")).With(3);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(Limits.ResourceNameBytesMax + 1)]
    public async Task A_name_of_a_length_that_none_has_ends_the_session_that_sends_it(int length)
    {
        var before = nodes.Daemon(1).ResidentBytes();
        using var stranger = RawConnection.Open(nodes.SocketOf(1));
        stranger.Greet(TimeSpan.Zero);
        stranger.Lock(stranger.OpenLockspace("default"), 1, new string('x', length));
        Assert.Equal(WireFault.None, FailedMessage.TryRead(stranger.ReceiveUntil(WireKind.Failed), out var failed));
        Assert.Equal(FailureClass.Protocol, failed.Class);
        await AssertServesAsync(before);
    }

    private static byte[] BytesOf(string what, int seed)
    {
        var frame = RawConnection.Frame(new byte[16]);
        switch (what)
        {
            case "random bytes":
                frame = new byte[4096];
                new Random(seed).NextBytes(frame);
                // Not by chance a length that is allowed, which would only wait for more.
                frame[3] |= 0x80;
                return frame;
            case "a web request":
                return [.. "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"u8];
            case "2 GiB to come":
                BinaryPrimitives.WriteInt32LittleEndian(frame, int.MaxValue);
                return frame;
            case "no length at all":
                frame.AsSpan(0, HeaderBytes).Fill(0xFF);
                return frame;
            case "an unknown kind":
                frame[KindOffset] = 77;
                return frame;
            case "a wrong checksum":
                frame[^1] ^= 1;
                return frame;
            default:
                return frame;
        }
    }

    /// <summary>The kinds of the frames in what came back.</summary>
    private static List<byte> KindsOf(ReadOnlySpan<byte> answer)
    {
        var kinds = new List<byte>();
        while (answer.Length >= HeaderBytes)
        {
            kinds.Add(answer[KindOffset]);
            answer = answer[(HeaderBytes + BinaryPrimitives.ReadInt32LittleEndian(answer))..];
        }

        return kinds;
    }

    /// <summary>Another client locks, the nodes are together, and the memory is what it was, or little more.</summary>
    private async Task AssertServesAsync(long residentBefore)
    {
        AssertRuns();
        (await nodes.TyerAsync(1, "run", "served", "--wait", "0", "--", "true")).With(0);
        Assert.All((await nodes.JsonAsync(1, "nodes")).GetProperty("nodes").EnumerateArray(), node => Assert.Equal("Member", node.GetProperty("membership").GetString()));
        var after = nodes.Daemon(1).ResidentBytes();
        Assert.True(after - residentBefore < GrowthMax, $"from {residentBefore:N0} to {after:N0} bytes");
    }

    private void AssertRuns()
    {
        var daemon = nodes.Daemon(1);
        Assert.False(daemon.HasExited, $"The daemon has ended:\n{daemon.Output}\n{daemon.Errors}");
    }

    private async Task<Socket> ConnectAsync(string door) =>
        await nodes.TryConnectAsync(door) ?? throw new InvalidOperationException($"The daemon's door for {door} is closed.");

    private static async Task SendAsync(Socket socket, ReadOnlyMemory<byte> bytes)
    {
        try
        {
            await socket.SendAsync(bytes, SocketFlags.None, Stop);
        }
        catch (SocketException)
        {
            // It has closed already; what it said before can still be read.
        }
    }

    private static async Task<byte[]> ReadToEndAsync(Socket socket)
    {
        var all = new MemoryStream();
        var buffer = new byte[4096];
        try
        {
            while (await socket.ReceiveAsync(buffer, SocketFlags.None, Stop).SoonAsync() is > 0 and var count)
                all.Write(buffer, 0, count);
        }
        catch (SocketException)
        {
            // Reset: closed, with bytes of ours unread.
        }

        return all.ToArray();
    }
}
