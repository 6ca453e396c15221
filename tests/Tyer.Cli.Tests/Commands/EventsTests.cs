using System.Text.Json;
using Tyer.Cli.Tests.Fakes;
using Tyer.Sessions.Administration;

namespace Tyer.Cli.Tests.Commands;

/// <summary><c>tyer events</c>.</summary>
public sealed class EventsTests
{
    private readonly CommandLineHarness _harness = new();

    public EventsTests() => _harness.Daemon.Events.AddRange(
    [
        new ClusterEvent { Number = 3, Time = At(0), Kind = EventKind.Exists, Object = "node", Key = "name:n1", Fields = [new("id", "1"), new("why", "view 1: \"n1\"")] },
        new ClusterEvent { Number = 3, Time = At(0), Kind = EventKind.Exists, Object = "-" },
        new ClusterEvent { Number = 4, Time = At(7), Kind = EventKind.Change, Object = "connection", Key = "name:n2", Fields = [new("connection", "Connected", "Unconnected"), new("why", "", "it went away\u001b[2J")] },
        new ClusterEvent { Number = 5, Time = At(8), Kind = EventKind.Lost, Object = "-" },
    ]);

    [Fact]
    public async Task Each_event_is_a_line_whose_words_can_be_told_apart()
    {
        Assert.Equal(ExitCodes.Ok, await _harness.RunAsync("events"));

        Assert.Equal(
            """
            exists node name:n1 id:1 why:"view 1: \"n1\""
            exists -
            change connection name:n2 connection:Unconnected->Connected why:"it went away\x1b[2J"->""
            lost -

            """,
            _harness.Out.ToString());
        Assert.Equal(0, _harness.Daemon.Followed);
    }

    [Fact]
    public async Task Lines_begin_with_the_time_if_wanted_and_go_on_if_wanted()
    {
        Assert.Equal(ExitCodes.Ok, await _harness.RunAsync("events", "--timestamps", "--follow"));

        Assert.Contains("\n2026-01-02T03:04:12.000Z change connection ", _harness.Out.ToString(), StringComparison.Ordinal);
        Assert.Equal(1, _harness.Daemon.Followed);
    }

    [Fact]
    public async Task As_json_each_event_is_a_document_on_a_line()
    {
        Assert.Equal(ExitCodes.Ok, await _harness.RunAsync("events", "-o", "json"));

        string[] lines = _harness.Out.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(4, lines.Length);
        JsonElement change = JsonElement.Parse(lines[2]);
        Assert.Equal(("Change", "connection", "name:n2"), (Word(change, "kind"), Word(change, "object"), Word(change, "key")));
        Assert.Equal(("connection", "Connected", "Unconnected"), (Word(change.GetProperty("fields")[0], "name"), Word(change.GetProperty("fields")[0], "value"), Word(change.GetProperty("fields")[0], "before")));
    }

    private static string? Word(JsonElement element, string name) => element.GetProperty(name).GetString();

    private static DateTimeOffset At(int seconds) => new(2026, 1, 2, 3, 4, 5 + seconds, TimeSpan.Zero);
}
