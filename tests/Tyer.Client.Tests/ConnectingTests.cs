using System.Net.Sockets;
using Tyer.Client.Tests.Support;
using Tyer.Comms;
using Tyer.Comms.Links;
using Tyer.Sessions.Wire;

namespace Tyer.Client.Tests;

public class ConnectingTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nobody_there_is_said_with_where_it_was_looked_for()
    {
        var unreachable = await Assert.ThrowsAsync<LockUnavailableException>(() => TyerClient.ConnectAsync("unix:/tmp/tyer-nobody/s", Stop).AsTask());
        Assert.Equal(UnavailableReason.Unreachable, unreachable.Reason);
        Assert.Contains("/tmp/tyer-nobody/s", unreachable.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("udp://127.0.0.1:1")]
    [InlineData("tcp://8.8.8.8:1")]
    [InlineData("unix:relative")]
    public async Task What_is_no_endpoint_is_an_argument_error(string endpoint) =>
        await Assert.ThrowsAsync<ArgumentException>(() => TyerClient.ConnectAsync(endpoint, Stop).AsTask());

    [Fact]
    public async Task A_node_that_does_not_answer_is_given_up()
    {
        using var node = new FakeNode();
        node.PassOver(WireKind.Hello);
        var options = new TyerClientOptions { Endpoint = node.Endpoint, ConnectTimeout = TimeSpan.FromMilliseconds(100) };
        var unreachable = await Assert.ThrowsAsync<LockUnavailableException>(() => TyerClient.ConnectAsync(options, Stop).AsTask());
        Assert.Contains("0.1 s", unreachable.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Connecting_can_be_cancelled()
    {
        using var node = new FakeNode();
        node.PassOver(WireKind.Hello);
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var asked = node.NextAsync(WireKind.Hello);
        var connecting = TyerClient.ConnectAsync(node.Endpoint, cancel.Token).AsTask();
        await asked;
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting.SoonAsync());
    }

    [Fact]
    public async Task Opening_a_lockspace_can_be_cancelled_and_does_not_stay_open()
    {
        using var node = new FakeNode();
        node.PassOver(WireKind.OpenLockspace);
        await using var client = await TyerClient.ConnectAsync(node.Endpoint, Stop);
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var asked = node.NextAsync(WireKind.OpenLockspace);
        var opening = client.OpenLockspaceAsync("orders", cancellationToken: cancel.Token).AsTask();
        Assert.Equal(WireFault.None, OpenLockspaceMessage.TryRead(await asked, out var open));
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => opening.SoonAsync());
        var closed = node.NextAsync(WireKind.CloseLockspace);
        node.Send(new LockspaceOpenedMessage(open.Request, 9, new LockspaceOptions()).Write);
        Assert.Equal(WireFault.None, CloseLockspaceMessage.TryRead(await closed, out var close));
        Assert.Equal(9u, close.Space);
    }

    [Fact]
    public async Task An_address_where_nobody_is_is_named_once()
    {
        var nowhere = $"unix:{Path.Combine(Path.GetTempPath(), Path.GetRandomFileName())}";

        var failure = await Assert.ThrowsAsync<LockUnavailableException>(
            () => TyerClient.ConnectAsync(new TyerClientOptions { Endpoint = nowhere }, Stop).AsTask());

        Assert.Equal(2, failure.Message.Split(nowhere).Length);
        Assert.Contains("there is no such socket", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_comes_while_too_many_are_silent_is_served()
    {
        await using var daemon = await Daemon.StartAsync();
        var silent = new List<Socket>();
        try
        {
            for (var each = 0; each < CommsLimits.UnadmittedClientsMax; each++)
            {
                silent.Add(new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified));
                await silent[^1].ConnectAsync(new UnixDomainSocketEndPoint(daemon.Endpoint["unix:".Length..]), Stop);
            }

            await using var client = await daemon.ConnectAsync();
            Assert.True(client.IsConnected);
        }
        finally
        {
            silent.ForEach(socket => socket.Dispose());
        }
    }

    [Fact]
    public async Task A_crowded_node_is_asked_again_while_there_is_time()
    {
        using var crowded = new CrowdedNode();
        var connecting = TyerClient.ConnectAsync(new TyerClientOptions { Endpoint = crowded.Endpoint }, Stop).AsTask();

        for (var each = 0; each < 3; each++)
            await crowded.RefuseAsync(RefusalCode.TooManyStrangers, Stop);
        Assert.False(connecting.IsCompleted);

        await crowded.RefuseAsync(RefusalCode.ShuttingDown, Stop);
        Assert.Contains("ShuttingDown", (await Assert.ThrowsAsync<LockUnavailableException>(() => connecting)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_that_stays_crowded_is_told_of_when_the_time_is_over()
    {
        using var crowded = new CrowdedNode();
        var options = new TyerClientOptions { Endpoint = crowded.Endpoint, ConnectTimeout = TimeSpan.FromMilliseconds(300) };
        var connecting = TyerClient.ConnectAsync(options, Stop).AsTask();

        var refusing = crowded.RefuseAllAsync(Stop);
        var message = (await Assert.ThrowsAsync<LockUnavailableException>(() => connecting)).Message;
        crowded.Dispose();
        await refusing;
        Assert.Contains("TooManyStrangers", message, StringComparison.Ordinal);
        Assert.Contains("try again", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_out_of_their_range_are_named()
    {
        Assert.Contains("ConnectTimeout", Fault(new TyerClientOptions { ConnectTimeout = TimeSpan.Zero }), StringComparison.Ordinal);
        Assert.Contains("SessionTimeout", Fault(new TyerClientOptions { SessionTimeout = TimeSpan.FromSeconds(1) }), StringComparison.Ordinal);
        Assert.Contains("Label", Fault(new TyerClientOptions { Label = new string('ä', 65) }), StringComparison.Ordinal);
        Assert.Contains("Label", Fault(new TyerClientOptions { Label = "a\u001b[2J" }), StringComparison.Ordinal);
        new TyerClientOptions { Label = new string('ä', 64), SessionTimeout = TimeSpan.FromSeconds(2) }.Validate();

        static string Fault(TyerClientOptions options) => Assert.ThrowsAny<ArgumentException>(options.Validate).Message;
    }

    [Fact]
    public async Task A_client_may_be_closed_twice_and_is_closed_then()
    {
        await using var daemon = await Daemon.StartAsync();
        var client = await daemon.ConnectAsync();
        await client.DisposeAsync();
        await client.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => client.OpenLockspaceAsync("orders", cancellationToken: Stop).AsTask());
    }
}
