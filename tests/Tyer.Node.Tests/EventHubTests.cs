using Tyer.Node.Events;
using Tyer.Sessions.Administration;

namespace Tyer.Node.Tests;

/// <summary>What those who follow a node are told.</summary>
public sealed class EventHubTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private readonly EventHub _hub = new(() => Now);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Row_25_What_is_there_is_told_in_order_of_its_names_and_then_that_it_was_all()
    {
        _hub.Set("peer", "name:n3", ("id", "3"));
        _hub.Set("node", "name:n1", ("state", "Joining"), ("why", "it waits"));
        _hub.Set("peer", "name:n2", ("id", "2"));
        _hub.Remove("peer", "name:n3");

        Assert.Equal(["Exists node name:n1 state:Joining why:it waits", "Exists peer name:n2 id:2", "Exists -"], await AllAsync());
    }

    [Fact]
    public async Task Who_does_not_follow_hears_no_more_than_what_is_there()
    {
        _hub.Set("node", "name:n1", ("state", "Joining"));
        var told = await _hub.FollowAsync(follow: false, Token).ToListAsync(Token);

        Assert.Equal([1L, 1L], told.Select(each => each.Number));
        Assert.All(told, each => Assert.Equal(Now, each.Time));
    }

    [Fact]
    public async Task Row_25_Changes_are_told_with_what_was_before_and_nothing_is_told_that_is_as_before()
    {
        await using var following = await FollowAsync();

        _hub.Set("connection", "name:n2", ("connection", "Unconnected"), ("why", "refused"));
        _hub.Set("connection", "name:n2", ("connection", "Connected"), ("why", "refused"));
        _hub.Set("connection", "name:n2", ("connection", "Connected"), ("why", "refused"));
        _hub.Remove("connection", "name:n2");
        _hub.Remove("connection", "name:n2");
        _hub.Set("end", "");

        Assert.Equal(
            [
                "1 Create connection name:n2 connection:Unconnected why:refused",
                "2 Change connection name:n2 connection:Unconnected->Connected",
                "3 Destroy connection name:n2",
                "4 Create end",
            ],
            await NextAsync(following, 4, each => $"{each.Number} {Line(each)}"));
    }

    [Fact]
    public async Task Who_takes_no_events_for_too_long_is_told_so_and_begins_anew()
    {
        await using var following = await FollowAsync();

        for (var number = 0; number <= EventHub.QueueMax; number++)
            _hub.Set("view", "", ("id", $"{number}"));
        _hub.Set("view", "", ("id", "last"));

        Assert.Equal(
            ["Lost -", $"Exists view id:{EventHub.QueueMax}", "Exists -", $"Change view id:{EventHub.QueueMax}->last"], await NextAsync(following, 4, Line));
    }

    [Fact]
    public async Task One_who_follows_no_more_is_forgotten_and_the_others_go_on()
    {
        var first = await FollowAsync();
        await using var second = await FollowAsync();
        await first.DisposeAsync();

        _hub.Set("view", "", ("id", "1"));

        Assert.Equal(["Create view id:1"], await NextAsync(second, 1, Line));
    }

    [Fact]
    public async Task Following_ends_when_it_is_called_off()
    {
        using var over = new CancellationTokenSource();
        await using var following = _hub.FollowAsync(follow: true, over.Token).GetAsyncEnumerator(over.Token);
        Assert.True(await following.MoveNextAsync());
        var next = following.MoveNextAsync().AsTask();

        await over.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
    }

    /// <summary>Follows; what is there, nothing, has been told.</summary>
    private async Task<IAsyncEnumerator<ClusterEvent>> FollowAsync()
    {
        var following = _hub.FollowAsync(follow: true, Token).GetAsyncEnumerator(Token);
        Assert.Equal(["Exists -"], await NextAsync(following, 1, Line));
        return following;
    }

    private async Task<List<string>> AllAsync() => [.. (await _hub.FollowAsync(follow: false, Token).ToListAsync(Token)).Select(Line)];

    private static async Task<List<string>> NextAsync(IAsyncEnumerator<ClusterEvent> following, int count, Func<ClusterEvent, string> line)
    {
        var lines = new List<string>();
        while (lines.Count < count)
        {
            Assert.True(await following.MoveNextAsync().AsTask().WaitAsync(EmbeddedNode.Patience, Token));
            lines.Add(line(following.Current));
        }

        return lines;
    }

    private static string Line(ClusterEvent told) =>
        string.Join(' ', [$"{told.Kind}", told.Object, .. told.Key.Length == 0 ? Array.Empty<string>() : [told.Key], .. told.Fields.Select(field => $"{field.Name}:{(field.Before is null ? "" : $"{field.Before}->")}{field.Value}")]);
}
