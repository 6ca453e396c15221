using System.Text.Json;
using Tyer.System.Tests.Support;

namespace Tyer.System.Tests;

/// <summary>Whoever asks any node, in words or for a program, is told who holds and who waits.</summary>
[Collection(nameof(SharedNodes))]
public sealed class LookingTests(ThreeNodes nodes, Queue queue) : IClassFixture<Queue>
{
    private readonly string _resource = Queue.Resource;
    private readonly RunningProgram _holder = queue.Holder;
    private readonly RunningProgram _first = queue.First;
    private readonly RunningProgram _second = queue.Second;

    public static TheoryData<int> Everyone => [1, 2, 3];

    [Theory, MemberData(nameof(Everyone))]
    public async Task Ls_and_who_say_it_to_programs(int node)
    {
        foreach (var arguments in (string[][])[["ls", "--prefix", _resource], ["who", _resource]])
        {
            var resource = Assert.Single((await nodes.JsonAsync(node, arguments)).GetProperty("resources").EnumerateArray().ToArray());
            Assert.Equal(_resource, resource.GetProperty("resource").GetString());
            Assert.True(resource.GetProperty("isContended").GetBoolean());
            var held = Assert.Single(resource.GetProperty("granted").EnumerateArray().ToArray());
            AssertEntry(held, _holder, "n1", "granted", "EX", "heldFor");
            Assert.Equal("the holder", held.GetProperty("owner").GetProperty("label").GetString());
            Assert.Equal("to be seen", held.GetProperty("purpose").GetString());
            var queue = resource.GetProperty("waiting").EnumerateArray().ToArray();
            Assert.Equal(2, queue.Length);
            AssertEntry(queue[0], _first, "n2", "requested", "PR", "waitedFor");
            AssertEntry(queue[1], _second, "n3", "requested", "EX", "waitedFor");
        }
    }

    [Theory, MemberData(nameof(Everyone))]
    public async Task Why_gives_each_waiter_its_place_and_whom_it_waits_for(int node)
    {
        var why = Assert.Single((await nodes.JsonAsync(node, "why", _resource)).GetProperty("resources").EnumerateArray().ToArray());
        var holder = Assert.Single(why.GetProperty("holders").EnumerateArray().ToArray());
        AssertEntry(holder, _holder, "n1", "granted", "EX", "heldFor");
        var waits = why.GetProperty("waits").EnumerateArray().ToArray();
        Assert.Equal([1, 2], waits.Select(wait => wait.GetProperty("position").GetInt32()));
        Assert.Equal([_first.Id, _second.Id], waits.Select(wait => ProcessOf(wait.GetProperty("lock"))));
        Assert.Equal(holder.GetProperty("id").GetString(), Assert.Single(waits[0].GetProperty("waitsFor").EnumerateArray().ToArray()).GetString());
        Assert.Equal(_holder.Id, ProcessOf(why.GetProperty("rootBlocker")));
        Assert.False(why.GetProperty("isCircle").GetBoolean());
    }

    [Theory, MemberData(nameof(Everyone))]
    public async Task Words_name_them_too(int node)
    {
        var ls = (await nodes.TyerAsync(node, "ls", "--contended", "--prefix", _resource)).With(0).Output;
        Assert.Contains($"(pid {_holder.Id} on ", ls, StringComparison.Ordinal);

        var who = (await nodes.TyerAsync(node, "who", _resource)).With(0).Output.Split('\n');
        Assert.Matches($@"^default +{_resource} +holds +EX .*'the holder' +{_holder.Id} .* n1 ", who[1]);
        Assert.Matches($@"^default +{_resource} +waits +PR .* {_first.Id} .* n2 ", who[2]);
        Assert.Matches($@"^default +{_resource} +waits +EX .*'the last' +{_second.Id} .* n3 ", who[3]);

        var why = (await nodes.TyerAsync(node, "why", _resource)).With(0).Output;
        Assert.Contains($"'{_resource}' in lockspace 'default' is held by 1, and 2 wait for it.", why, StringComparison.Ordinal);
        Assert.Contains($"Look at process {_holder.Id} on", why, StringComparison.Ordinal);
        Assert.Contains("tyer revoke id:", why, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Everyone))]
    public async Task Sessions_of_all_nodes_are_listed_with_what_they_hold(int node)
    {
        var sessions = (await nodes.JsonAsync(node, "sessions")).GetProperty("sessions").EnumerateArray().ToArray();
        var holder = Assert.Single(sessions, session => ProcessOf(session) == _holder.Id);
        Assert.Equal("n1", holder.GetProperty("node").GetString());
        Assert.Equal(1, holder.GetProperty("locksHeld").GetInt32());
        var waiter = Assert.Single(sessions, session => ProcessOf(session) == _first.Id);
        Assert.Equal("n2", waiter.GetProperty("node").GetString());
        Assert.Equal(1, waiter.GetProperty("locksWaiting").GetInt32());
        Assert.Contains($" {_second.Id} ", (await nodes.TyerAsync(node, "sessions")).With(0).Output, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Everyone))]
    public async Task Nodes_and_status_say_that_all_are_there(int node)
    {
        var members = (await nodes.JsonAsync(node, "nodes")).GetProperty("nodes").EnumerateArray().ToArray();
        Assert.Equal(["n1", "n2", "n3"], members.Select(member => member.GetProperty("name").GetString()));
        Assert.All(members, member => Assert.Equal("Member", member.GetProperty("membership").GetString()));
        Assert.All(members, member => Assert.Equal("Serving", member.GetProperty("status").GetProperty("serving").GetString()));

        var status = await nodes.JsonAsync(node, "status");
        Assert.Equal($"n{node}", status.GetProperty("node").GetProperty("name").GetString());
        Assert.Equal("Serving", status.GetProperty("node").GetProperty("serving").GetString());
        Assert.Equal(nodes.Daemon(node).Id, status.GetProperty("node").GetProperty("processId").GetInt32());
        Assert.Matches(@"(?m)^nodes +n1 n2 n3$", (await nodes.TyerAsync(node, "status")).With(0).Output);
    }

    [Fact]
    public async Task The_short_word_for_json_does_as_well() =>
        Assert.Equal(
            _holder.Id,
            ProcessOf(JsonElement.Parse((await nodes.TyerAsync(2, "who", _resource, "--json")).With(0).Output).GetProperty("resources")[0].GetProperty("granted")[0]));

    private static void AssertEntry(JsonElement entry, RunningProgram process, string node, string modeProperty, string mode, string sinceProperty)
    {
        Assert.Equal(process.Id, ProcessOf(entry));
        Assert.Equal(node, entry.GetProperty("owner").GetProperty("node").GetString());
        Assert.Equal("tyer", entry.GetProperty("owner").GetProperty("processName").GetString());
        Assert.True(entry.GetProperty("owner").GetProperty("verified").GetBoolean());
        Assert.Equal(mode, entry.GetProperty(modeProperty).GetString());
        Assert.InRange(entry.GetProperty(sinceProperty).GetDouble(), 0, Patience.Long.TotalSeconds);
    }

    private static int ProcessOf(JsonElement of) => of.GetProperty("owner").GetProperty("processId").GetInt32();
}
