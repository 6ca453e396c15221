using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Tyer.Comms.Endpoints;
using Tyer.Comms.Peers;
using Tyer.Comms.Tests.Peers;
using Tyer.Comms.Tests.Support;

namespace Tyer.Comms.Tests.Endpoints;

public sealed partial class SocketPriorityTests : IDisposable
{
    private readonly TestCluster _cluster = new();

    public void Dispose() => _cluster.Dispose();

    [Theory]
    [InlineData("127.0.0.1", 0, 1)]
    [InlineData("::1", 41, 67)]
    public void A_socket_has_the_priority_and_the_mark_that_it_was_given(string address, int level, int option)
    {
        Assert.SkipUnless(address != "::1" || Socket.OSSupportsIPv6, "there is no IPv6 here");
        using var socket = new Socket(IPAddress.Parse(address).AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        Assert.Equal(SocketError.Success, new SocketPriority(5, 46).ApplyTo(socket));
        Assert.Equal(5, Option(socket, 1, 12));
        Assert.Equal(46 << 2, Option(socket, level, option));
    }

    [Fact]
    public void A_unix_socket_has_none_and_what_the_system_refuses_is_said()
    {
        using var local = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        Assert.Equal(SocketError.Success, new SocketPriority(6, 46).ApplyTo(local));

        Assert.SkipUnless(Socket.OSSupportsIPv6, "there is no IPv6 here");
        using var other = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp);
        Assert.Equal(SocketError.InvalidArgument, new SocketPriority(6, 1000).ApplyTo(other));
    }

    [Theory]
    [InlineData(16, 0)]
    [InlineData(-1, 0)]
    [InlineData(6, 64)]
    public void What_is_out_of_range_is_refused(int queue, int dscp) =>
        Assert.Equal(CommsErrorCode.OptionRange, Assert.Throws<CommsException>(new SocketPriority(queue, dscp).ThrowIfInvalid).Code);

    [Fact]
    public async Task Row_30_The_control_sockets_of_both_nodes_are_preferred_and_no_others()
    {
        // A priority that nothing else in this process has.
        var priority = new SocketPriority(3);
        CommsEndpoint[] endpoints = [FreePort(), FreePort()];
        TestNode n1 = Node(1, 2).Start();
        Node(2, 1).Start();
        await n1.Until("n2 connected");
        await Wait.Until(() => CountOfSocketsWith(priority.Queue) == 2, "the two ends of the control link have it, and those of the data link not");

        TestNode Node(uint id, uint peer) => _cluster.Own(new CommsDomainOptions
        {
            Local = new NodeIdentity("test", id, $"n{id}", 1),
            Listen = [endpoints[id - 1]],
            Peers = [new PeerAddress(peer, $"n{peer}", endpoints[peer - 1])],
            HeartbeatPriority = priority,
        });
    }

    [Fact]
    public async Task That_the_system_refuses_is_told_once()
    {
        TestNode n1 = _cluster.Node(1, [2]);
        n1.Domain.TellPriorityRefused(SocketError.AccessDenied);
        n1.Domain.TellPriorityRefused(SocketError.AccessDenied);
        n1.Domain.TellPriorityRefused(SocketError.AccessDenied);
        _cluster.Node(2, [1]).Start();
        n1.Start();
        Assert.Equal("priority 6 refused AccessDenied", await n1.Next());
        Assert.Equal("n2 connected 1", await n1.Next());
    }

    private static int CountOfSocketsWith(int priority)
    {
        int count = 0;
        foreach (string descriptor in Directory.GetFiles("/proc/self/fd"))
        {
            // What is no socket, or gone, has none.
            int number = int.Parse(Path.GetFileName(descriptor), System.Globalization.CultureInfo.InvariantCulture);
            int length = sizeof(int);
            if (GetOption(number, 1, 12, out int value, ref length) == 0 && value == priority) count++;
        }

        return count;
    }

    [LibraryImport("libc", EntryPoint = "getsockopt")]
    private static partial int GetOption(int descriptor, int level, int option, out int value, ref int length);

    private static int Option(Socket socket, int level, int option)
    {
        byte[] value = new byte[4];
        socket.GetRawSocketOption(level, option, value);
        return BitConverter.ToInt32(value);
    }

    private static CommsEndpoint FreePort()
    {
        using var free = new ListeningSocket(CommsEndpoint.Parse("tcp://127.0.0.1:0"), UnixFileMode.None);
        return free.Endpoint;
    }
}
