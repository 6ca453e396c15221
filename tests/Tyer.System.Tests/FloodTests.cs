using System.Net.Sockets;
using Tyer.System.Tests.Support;

namespace Tyer.System.Tests;

/// <summary>More connections than a daemon has descriptors for. A daemon of its own for each: what it has not yet loaded, it could not load.</summary>
public sealed class FloodTests : IAsyncDisposable
{
    private const int DescriptorsMax = 300;
    private const long GrowthMax = 128L * 1024 * 1024;

    private readonly ThreeNodes _nodes = new() { DescriptorsMax = DescriptorsMax };

    [Theory]
    [InlineData("clients")]
    [InlineData("peers")]
    public async Task Who_opens_connections_and_says_nothing_does_not_keep_others_out_for_long(string door)
    {
        await _nodes.InitializeAsync();
        var daemon = _nodes.Daemon(1);
        var before = daemon.ResidentBytes();
        var opened = new List<Socket>();
        try
        {
            for (var each = 0; each < 2 * DescriptorsMax; each++)
            {
                if (await _nodes.TryConnectAsync(door) is not { } socket)
                    break;
                opened.Add(socket);
            }

            // Those who have been silent for too long lose their place.
            await Patience.UntilAsync("another client is served", async () =>
            {
                Assert.False(daemon.HasExited, $"The daemon has ended:\n{daemon.Output}\n{daemon.Errors}");
                return (await _nodes.TyerAsync(1, "run", "meanwhile", "--wait", "0", "--", "true")).Code == 0;
            });
            (await _nodes.TyerAsync(2, "run", "meanwhile", "--wait", "0", "--", "true")).With(0);
        }
        finally
        {
            opened.ForEach(socket => socket.Dispose());
        }

        (await _nodes.TyerAsync(1, "status")).With(0);
        var after = daemon.ResidentBytes();
        Assert.True(after - before < GrowthMax, $"from {before:N0} to {after:N0} bytes");
    }

    public ValueTask DisposeAsync() => _nodes.DisposeAsync();
}
