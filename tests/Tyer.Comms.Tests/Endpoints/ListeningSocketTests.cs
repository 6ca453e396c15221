using System.Net.Sockets;
using System.Runtime.InteropServices;
using Tyer.Comms.Endpoints;
using Tyer.Comms.Links;
using Tyer.Comms.Tests.Support;

namespace Tyer.Comms.Tests.Endpoints;

public sealed partial class ListeningSocketTests : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly TestFolder _folder = new();
    private readonly string _path;
    private readonly CommsEndpoint _endpoint;

    public ListeningSocketTests()
    {
        _path = _folder.File("s");
        _endpoint = CommsEndpoint.Parse("unix:" + _path);
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(OwnerOnly)]
    [InlineData(OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.GroupWrite)]
    public void The_file_has_the_mode_asked_for_and_is_gone_afterwards(UnixFileMode mode)
    {
        using (new ListeningSocket(_endpoint, mode)) Assert.Equal(mode, File.GetUnixFileMode(_path));
        Assert.False(File.Exists(_path));
    }

    [Fact]
    public void A_file_that_nobody_answers_on_is_replaced()
    {
        LeaveFileBehind();

        using var socket = new ListeningSocket(_endpoint, OwnerOnly);

        using Socket client = Dialer.Connect(_endpoint, TimeSpan.FromSeconds(5));
    }

    [Fact]
    public void A_file_that_somebody_answers_on_is_left_alone()
    {
        using var first = new ListeningSocket(_endpoint, OwnerOnly);

        CommsException e = Assert.Throws<CommsException>(() => new ListeningSocket(_endpoint, OwnerOnly));

        Assert.Equal(CommsErrorCode.LocalEndpointInUse, e.Code);
        using Socket client = Dialer.Connect(_endpoint, TimeSpan.FromSeconds(5));
    }

    [Fact]
    public void A_file_that_a_stranger_answers_on_is_left_alone()
    {
        // Not one of ours: it holds no lock beside its file.
        using var stranger = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        stranger.Bind(new UnixDomainSocketEndPoint(_path));
        stranger.Listen(0);

        // The first probe fills its backlog; the second finds it full, which is an answer too.
        Assert.Equal(CommsErrorCode.LocalEndpointInUse, Assert.Throws<CommsException>(() => new ListeningSocket(_endpoint, OwnerOnly)).Code);
        Assert.Equal(CommsErrorCode.LocalEndpointInUse, Assert.Throws<CommsException>(() => new ListeningSocket(_endpoint, OwnerOnly)).Code);
        Assert.True(File.Exists(_path));
    }

    [Fact]
    public void A_file_that_is_no_socket_is_left_alone()
    {
        File.WriteAllText(_path, "precious");

        CommsException e = Assert.Throws<CommsException>(() => new ListeningSocket(_endpoint, OwnerOnly));

        Assert.Equal(CommsErrorCode.LocalEndpointInUse, e.Code);
        Assert.Equal("precious", File.ReadAllText(_path));
    }

    [Fact]
    public void Of_many_starters_over_a_left_over_file_exactly_one_listens()
    {
        for (int round = 0; round < 50; round++)
        {
            LeaveFileBehind();
            using var start = new Barrier(4);
            ListeningSocket?[] winners = new ListeningSocket?[4];
            Thread[] starters = [.. Enumerable.Range(0, 4).Select(index => new Thread(() =>
            {
                start.SignalAndWait();
                try
                {
                    winners[index] = new ListeningSocket(_endpoint, OwnerOnly);
                }
                catch (CommsException e)
                {
                    Assert.Equal(CommsErrorCode.LocalEndpointInUse, e.Code);
                }
            }))];
            foreach (Thread starter in starters) starter.Start();
            foreach (Thread starter in starters) starter.Join();

            ListeningSocket winner = Assert.Single(winners.OfType<ListeningSocket>());
            using (Dialer.Connect(_endpoint, TimeSpan.FromSeconds(5)))
            {
            }

            winner.Dispose();
        }
    }

    [Fact]
    public void A_folder_that_does_not_exist_is_a_coded_error()
    {
        CommsException e = Assert.Throws<CommsException>(
            () => new ListeningSocket(CommsEndpoint.Parse("unix:" + _folder.File("none/s")), OwnerOnly));
        Assert.Equal(CommsErrorCode.SystemFailure, e.Code);
    }

    [Fact]
    public void A_tcp_port_in_use_is_a_coded_error()
    {
        using var first = new ListeningSocket(CommsEndpoint.Parse("tcp://127.0.0.1:0"), OwnerOnly);
        Assert.NotEqual("tcp://127.0.0.1:0", first.Endpoint.ToString());

        CommsException e = Assert.Throws<CommsException>(() => new ListeningSocket(first.Endpoint, OwnerOnly));

        Assert.Equal(CommsErrorCode.LocalEndpointInUse, e.Code);
    }

    [Fact]
    public void A_socket_of_another_user_is_not_trusted()
    {
        const uint Nobody = 65534;
        Assert.SkipUnless(
            Environment.IsPrivilegedProcess && RuntimeInformation.ProcessArchitecture == Architecture.X64,
            "Only root can listen as somebody else, and the call's number is known for x64.");

        using var other = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        other.Bind(new UnixDomainSocketEndPoint(_path));
        var listening = new Thread(() =>
        {
            // The bare call, unlike the library's, changes the user of this thread alone; the kernel notes who calls listen.
            const long SetResUid = 117;
            Assert.Equal(0, SystemCall(SetResUid, -1, Nobody, -1));
            other.Listen(1);
        });
        listening.Start();
        listening.Join();

        CommsException e = Assert.Throws<CommsException>(() => Dialer.Connect(_endpoint, TimeSpan.FromSeconds(5)));

        Assert.Equal(CommsErrorCode.UntrustedOwner, e.Code);
        Assert.Contains($"{Nobody}", e.Message);
    }

    [Fact]
    public void The_credentials_of_a_connection_are_the_other_process()
    {
        using var listener = new ListeningSocket(_endpoint, OwnerOnly);
        using Socket client = Dialer.Connect(_endpoint, TimeSpan.FromSeconds(5));
        using Socket server = listener.Accept();

        PeerCredentials expected = PeerCredentials.Of(client)!.Value;
        Assert.Equal(Environment.ProcessId, expected.ProcessId);
        Assert.Equal(Tyer.Comms.Sending.LibC.GetEffectiveUserId(), expected.UserId);
        Assert.Equal(expected, PeerCredentials.Of(server));
    }

    /// <summary>What a killed process leaves: a socket's file with nobody behind it.</summary>
    private void LeaveFileBehind()
    {
        using (var killed = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            // Renamed, the file escapes the clean-up that the framework does and a kill does not.
            killed.Bind(new UnixDomainSocketEndPoint(_path + ".old"));
            killed.Listen(1);
            File.Move(_path + ".old", _path, overwrite: true);
        }

        Assert.True(File.Exists(_path));
    }

    [LibraryImport("libc", EntryPoint = "syscall")]
    private static partial long SystemCall(long number, long first, long second, long third);
}
