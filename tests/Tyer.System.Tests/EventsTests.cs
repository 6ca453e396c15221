using Tyer.Sessions.Administration;
using Tyer.System.Tests.Support;

namespace Tyer.System.Tests;

/// <summary>What <c>tyer events</c> tells while nodes come and go.</summary>
public sealed class EventsTests : IAsyncDisposable
{
    private readonly ThreeNodes _nodes = new() { Stack = "external" };

    [Fact]
    public async Task Who_follows_a_node_hears_what_is_there_and_then_how_another_goes()
    {
        await _nodes.InitializeAsync();
        var departed = $"3.{await _nodes.IncarnationAsync(3)}";
        await using var following = _nodes.Start(1, "events", "--follow", "--timestamps");
        await following.LineWithAsync(" exists -");

        _nodes.Daemon(3).Kill();
        await following.LineWithAsync("change connection name:n3 connection:Connected->");
        foreach (var node in (int[])[1, 2])
            await _nodes.TellAsync(node, new ViewOrder(2, await _nodes.MembersAsync(1, 2), [departed]));
        await following.LineWithAsync($"change view id:1->2 ");
        (await _nodes.TyerAsync(1, "view", "fence", departed)).With(0);
        await following.LineWithAsync($"unproven:n{departed}->\"\"");
        await following.LineWithAsync("phase:DirectoryComplete->Settled");

        Assert.Contains("exists view id:1 quorum:yes members:n1.", following.Output, StringComparison.Ordinal);
        Assert.Contains("exists connection name:n2 connection:Connected ", following.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_there_can_be_asked_of_each_node_and_ends()
    {
        await _nodes.InitializeAsync();
        for (var node = 1; node <= ThreeNodes.Nodes; node++)
        {
            var lines = (await _nodes.TyerAsync(node, "events")).With(0).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

            Assert.All(lines, line => Assert.StartsWith("exists ", line, StringComparison.Ordinal));
            Assert.Single(lines, line => line.StartsWith($"exists node name:n{node} id:{node} state:Operating ", StringComparison.Ordinal));
            Assert.Equal(2, lines.Count(line => line.StartsWith("exists peer ", StringComparison.Ordinal)));
            Assert.Equal("exists -", lines[^1]);
        }
    }

    public ValueTask DisposeAsync() => _nodes.DisposeAsync();
}
