using System.Text;
using Tyer.Client.Helper;
using Tyer.Client.Tests.Support;
using Tyer.Sessions;
using Tyer.Sessions.Administration;
using Tyer.Sessions.Wire;

namespace Tyer.Client.Tests;

/// <summary>The node against a client that says what no library would.</summary>
public class ProtocolTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Nonsense => ["no kind", "unknown kind", "a node's message", "half a lock", "a lock with an end", "hello again", "nothing"];

    [Theory, MemberData(nameof(Nonsense))]
    public async Task Nonsense_ends_that_session_with_a_reason_and_touches_nothing_else(string what)
    {
        await using var daemon = await Daemon.StartAsync();
        await using var other = await daemon.OpenAsync();
        await using var untouched = await other.LockAsync("untouched", cancellationToken: Stop);
        var raw = Open(daemon);
        raw.Greet(TimeSpan.Zero);
        raw.Lock(raw.OpenLockspace("orders"), 1, "r");
        Assert.NotEmpty(raw.ReceiveUntil(WireKind.Completed));
        raw.Send(BytesOf(what));
        Assert.Equal(WireFault.None, FailedMessage.TryRead(raw.ReceiveUntil(WireKind.Failed), out var failed));
        Assert.Equal(FailureClass.Protocol, failed.Class);
        Assert.Equal(0u, failed.Request);
        Assert.NotEqual(WireFault.None, (WireFault)failed.Reason);

        // It is not heard any more, but keeps its lock: it may not know yet.
        raw.Unlock(1, 2);
        Assert.Null(await other.TryLockAsync("r", LockMode.Exclusive, TimeSpan.FromMilliseconds(20), Stop));
        raw.Dispose();
        await using var free = await other.LockAsync("r", cancellationToken: Stop).SoonAsync();
        Assert.Null(untouched.LostBecause);
    }

    [Fact]
    public async Task Bytes_that_are_no_frame_end_the_connection()
    {
        await using var daemon = await Daemon.StartAsync();
        using var raw = Open(daemon);
        raw.SendBytes(Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        Assert.NotEmpty(raw.Receive());
        Assert.Empty(raw.Receive());
    }

    [Fact]
    public async Task Nothing_goes_before_the_hello()
    {
        await using var daemon = await Daemon.StartAsync();
        using var raw = Open(daemon);
        raw.Lock(1, 1, "r");
        Assert.Equal(WireFault.None, FailedMessage.TryRead(raw.Receive(), out var failed));
        Assert.Equal(WireFault.WrongState, (WireFault)failed.Reason);
        Assert.Empty(raw.Receive());
    }

    [Fact]
    public async Task A_client_of_another_age_is_told_which_versions_there_are()
    {
        await using var daemon = await Daemon.StartAsync();
        using var raw = Open(daemon);
        var hello = new byte[HelloMessage.BytesMax];
        raw.Send(hello.AsSpan(0, new HelloMessage { VersionMin = 7, VersionMax = 9, Host = "", ProcessName = "", User = "", Version = "" }.Write(hello)));
        Assert.Equal(WireFault.None, FailedMessage.TryRead(raw.Receive(), out var failed));
        var refused = Assert.IsType<LockRefusedException>(failed.ToException());
        Assert.Equal(RefusalReason.NotSupported, refused.Reason);
        Assert.Contains("7 to 9", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_in_use_is_not_used_again()
    {
        await using var daemon = await Daemon.StartAsync();
        using var raw = Open(daemon);
        raw.Greet(TimeSpan.Zero);
        var space = raw.OpenLockspace("orders");
        raw.Lock(space, 1, "a");
        raw.Lock(space, 1, "b", operation: 2);
        Assert.Equal(WireFault.None, FailedMessage.TryRead(raw.ReceiveUntil(WireKind.Failed), out var failed));
        Assert.Equal(WireFault.WrongState, (WireFault)failed.Reason);
    }

    [Fact]
    public async Task Calls_on_what_is_not_there_are_refused_by_name()
    {
        await using var daemon = await Daemon.StartAsync();
        using var raw = Open(daemon);
        raw.Greet(TimeSpan.Zero);
        raw.Lock(99, 1, "r");
        Assert.Equal(new CallRefusedMessage(1, 1, RequestKind.Lock, RawResult.UnknownLockspace), Refusal(raw));
        raw.Unlock(5, 1);
        Assert.Equal(new CallRefusedMessage(5, 1, RequestKind.Unlock, RawResult.UnknownLock), Refusal(raw));
        var space = raw.OpenLockspace("orders");
        raw.Lock(space, 1, "r", RawFlags.QueCvt, 2);
        Assert.Equal(new CallRefusedMessage(1, 2, RequestKind.Lock, RawResult.InvalidFlags), Refusal(raw));
        raw.Lock(space, 1, "r", operation: 3);
        Assert.NotEmpty(raw.ReceiveUntil(WireKind.Completed));
        raw.Unlock(1, 4);
        Assert.Equal(WireFault.None, CompletedMessage.TryRead(raw.Receive(), out var unlocked));
        Assert.Equal(RawStatus.Unlocked, unlocked.Status);
        Assert.Equal(4u, unlocked.Operation);
    }

    [Fact]
    public async Task Nobody_can_release_anothers_lock()
    {
        await using var daemon = await Daemon.StartAsync();
        var locks = await daemon.OpenAsync();
        await using var held = await locks.LockAsync("r", cancellationToken: Stop);
        using var raw = Open(daemon);
        raw.Greet(TimeSpan.Zero);
        _ = raw.OpenLockspace("orders");
        for (var key = 0u; key < 10; key++)
        {
            raw.Unlock(key, 1);
            Assert.Equal(RawResult.UnknownLock, Refusal(raw).Result);
        }

        Assert.Null(await locks.TryLockAsync("r", LockMode.Exclusive, TimeSpan.Zero, Stop));
    }

    [Fact]
    public async Task The_operating_system_says_who_a_client_is()
    {
        await using var daemon = await Daemon.StartAsync();
        using var raw = Open(daemon);
        raw.Greet(TimeSpan.Zero);
        var sessions = await SessionsAsync(daemon);
        var liar = Assert.Single(sessions);
        Assert.Equal(Environment.ProcessId, liar.Owner.ProcessId);
        Assert.Equal(Environment.UserName, liar.Owner.User);
        Assert.Equal(Environment.MachineName, liar.Owner.Host);
        Assert.NotEqual("liar", liar.Owner.ProcessName);
        Assert.Equal("raw", liar.Owner.Label);
        Assert.True(liar.Owner.Verified);
        Assert.Equal("unix", liar.Transport);
        Assert.Equal(daemon.Node.Name, liar.Node);
    }

    [Fact]
    public async Task Over_tcp_a_client_is_who_it_says_and_may_not_administer()
    {
        await using var daemon = await Daemon.StartAsync(options => options.ClientEndpoints.Add("tcp://127.0.0.1:0"));
        await using var client = await TyerClient.ConnectAsync(new TyerClientOptions { Endpoint = daemon.Node.ClientEndpoints[1], Label = "by tcp" }, Stop);
        await using var locks = await client.OpenLockspaceAsync("orders", cancellationToken: Stop);
        await using var held = await locks.LockAsync("r", cancellationToken: Stop);
        var session = Assert.Single(await SessionsAsync(daemon));
        Assert.False(session.Owner.Verified);
        Assert.Equal("by tcp", session.Owner.Label);
        Assert.Equal("tcp", session.Transport);
        Assert.Equal(1, session.LocksHeld);
        var refused = await Assert.ThrowsAsync<LockRefusedException>(() => client.Administration.RevokeAsync(held.Id, "test", Stop).AsTask());
        Assert.Equal(RefusalReason.NotPermitted, refused.Reason);
        Assert.Null(held.LostBecause);
        Assert.Equal("n1", (await client.Administration.StatusAsync(Stop)).Node.Name);
    }

    [Fact]
    public async Task Clients_connect_only_on_the_loopback()
    {
        var options = new TyerNodeOptions { Name = "n1", Volatile = true, ClientEndpoints = { "tcp://0.0.0.0:0" } };
        await Assert.ThrowsAsync<ArgumentException>(() => TyerNode.StartAsync(options, Stop).AsTask());
    }

    [Fact]
    public async Task The_socket_is_its_owners_alone()
    {
        await using var daemon = await Daemon.StartAsync();
        if (OperatingSystem.IsWindows())
            return;
        var mode = File.GetUnixFileMode(daemon.Endpoint["unix:".Length..]);
        Assert.True((mode & (UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute)) == 0, $"{mode}");
    }

    [Fact]
    public async Task A_session_has_256_lockspaces_open_at_most()
    {
        await using var daemon = await Daemon.StartAsync();
        var client = await daemon.ConnectAsync();
        for (var each = 0; each < 256; each++)
            _ = await client.OpenLockspaceAsync("same", cancellationToken: Stop);
        var refused = await Assert.ThrowsAsync<LockRefusedException>(() => client.OpenLockspaceAsync("same", cancellationToken: Stop).AsTask());
        Assert.Equal(RefusalReason.LimitReached, refused.Reason);
    }

    [Fact]
    public async Task A_client_that_never_uses_a_key_again_costs_no_more_for_it()
    {
        await using var daemon = await Daemon.StartAsync();
        using var raw = Open(daemon);
        raw.Greet(TimeSpan.Zero);
        var space = raw.OpenLockspace("orders");
        for (var key = 0u; key < 5000; key++)
        {
            raw.Lock(space, key, "r");
            Assert.NotEmpty(raw.ReceiveUntil(WireKind.Completed));
            raw.Unlock(key, 2);
            Assert.NotEmpty(raw.ReceiveUntil(WireKind.Completed));
        }

        var session = Assert.Single(await SessionsAsync(daemon));
        Assert.Equal(0, session.LocksHeld + session.LocksWaiting);
    }

    [Fact]
    public async Task A_client_that_does_not_read_is_not_read_and_then_ended()
    {
        var clock = new ManualClock();
        await using var daemon = await Daemon.StartAsync(options => options.Clock = clock);
        var own = await daemon.Node.OpenLockspaceAsync("orders", cancellationToken: Stop);
        using var deaf = Open(daemon);
        deaf.Greet(TimeSpan.FromSeconds(4));
        deaf.Lock(deaf.OpenLockspace("orders"), 1, "r");
        Assert.NotEmpty(deaf.ReceiveUntil(WireKind.Completed));

        // Each of these is answered, until nobody reads them any more; then sending blocks.
        var sending = Task.Factory.StartNew(
            () =>
            {
                try
                {
                    for (var each = 0; each < 1_000_000; each++)
                        deaf.Unlock(1000, 1);
                    return false;
                }
                catch (System.Net.Sockets.SocketException)
                {
                    return true;
                }
            }, Stop, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        var waiting = own.LockAsync("r", cancellationToken: Stop).AsTask();
        await LockingTests.WaiterAppears(own, "r");
        clock.Advance(TimeSpan.FromSeconds(4.1));
        (await waiting.SoonAsync()).Dispose();
        Assert.True(await sending.SoonAsync(), "it could send a million messages without reading the answers");
    }

    [Fact]
    public async Task Ten_thousand_clients_may_be_idle()
    {
        await using var daemon = await Daemon.StartAsync(options => options.SessionTimeout = TimeSpan.FromMinutes(10));
        var before = GC.GetTotalMemory(forceFullCollection: true);
        using var idle = await HelperProcess.StartAsync("open", "idle", daemon.Endpoint["unix:".Length..], "9999");
        TestContext.Current.TestOutputHelper?.WriteLine($"{(GC.GetTotalMemory(forceFullCollection: true) - before) / 9999} bytes of managed memory each");
        var status = await daemon.Node.Administration.StatusAsync(Stop);
        Assert.Equal(9999, status.Node.Sessions);

        // The ten thousandth is as well off as the first, and the next one is told that there is no room.
        await using var locks = await daemon.OpenAsync();
        await using (await locks.LockAsync("r", cancellationToken: Stop))
        {
        }

        var refused = await Assert.ThrowsAsync<LockRefusedException>(() => daemon.ConnectAsync());
        Assert.Equal(RefusalReason.LimitReached, refused.Reason);
        idle.Kill();
        while ((await daemon.Node.Administration.StatusAsync(Stop)).Node.Sessions > 1)
            await Task.Yield();
    }

    private static byte[] BytesOf(string what)
    {
        var bytes = new byte[WireLimits.LockBytesMax];
        var length = new LockMessage { Mode = LockMode.Exclusive, Key = 2, Operation = 1, Space = 1, Name = "other"u8 }.Write(bytes);
        switch (what)
        {
            case "no kind":
                return [0];
            case "unknown kind":
                return [63, 0, 0, 0];
            case "a node's message":
                return [(byte)WireKind.Welcome, 0, 0, 0];
            case "half a lock":
                return bytes[..(length / 2)];
            case "a lock with an end":
                return [.. bytes[..length], 1];
            case "hello again":
                var hello = new byte[HelloMessage.BytesMax];
                return hello[..new HelloMessage { VersionMin = 1, VersionMax = 1, Host = "", ProcessName = "", User = "", Version = "" }.Write(hello)];
            default:
                return [];
        }
    }

    private static RawConnection Open(Daemon daemon) => RawConnection.Open(daemon.Endpoint["unix:".Length..]);

    private static CallRefusedMessage Refusal(RawConnection raw)
    {
        Assert.Equal(WireFault.None, CallRefusedMessage.TryRead(raw.ReceiveUntil(WireKind.CallRefused), out var refusal));
        return refusal;
    }

    private static async Task<IReadOnlyList<SessionInfo>> SessionsAsync(Daemon daemon) =>
        await daemon.Node.Administration.SessionsAsync(Stop).ToListAsync(Stop);
}
