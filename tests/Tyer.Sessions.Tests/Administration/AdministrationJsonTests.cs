using System.Text.Json;
using Tyer.Sessions.Administration;

namespace Tyer.Sessions.Tests.Administration;

public class AdministrationJsonTests
{
    private static readonly LockOwner Web = new("n1", "db1", 4711, "web", "app", "label", Verified: true);

    [Fact]
    public void A_status_comes_back_as_it_went()
    {
        var status = new ClusterStatus
        {
            Cluster = "tyer",
            Node = NodeOne,
            Stack = new StackStatus { Name = "local", State = "Operating", Warning = "one node" },
            View = new ViewStatus { Id = 7, HasQuorum = true, IsSettled = false, Age = TimeSpan.FromTicks(12_345_678_901) },
            Timing = new TimingStatus { SessionTimeout = TimeSpan.FromSeconds(10), ClientMargin = TimeSpan.FromMilliseconds(250) },
        };
        var json = JsonSerializer.Serialize(status, AdministrationJson.Default.ClusterStatus);
        var read = JsonSerializer.Deserialize(json, AdministrationJson.Default.ClusterStatus)!;
        Assert.Equal(status.View, read.View);
        Assert.Equal(status.Timing, read.Timing);
        Assert.Equal(status.Node.Clock, read.Node.Clock);
        Assert.Equal(status.Node.Lockspaces, read.Node.Lockspaces);
        Assert.Equal(status.Stack.Warning, read.Stack.Warning);
        Assert.Null(read.Timing.NodeLease);
        Assert.Equal(json, JsonSerializer.Serialize(read, AdministrationJson.Default.ClusterStatus));
    }

    [Fact]
    public void Words_are_written_as_they_are_printed()
    {
        var json = JsonSerializer.Serialize(Orders, AdministrationJson.Default.LockspaceResource);
        Assert.Contains("\"resource\":\"orders/42\"", json, StringComparison.Ordinal);
        Assert.Contains("\"id\":\"id:40000000000005\"", json, StringComparison.Ordinal);
        Assert.Contains("\"granted\":\"EX\"", json, StringComparison.Ordinal);
        Assert.Contains("\"heldFor\":1.5", json, StringComparison.Ordinal);
        Assert.Contains("\"token\":\"2.3\"", json, StringComparison.Ordinal);
        Assert.Contains("\"valueState\":\"Valid\"", json, StringComparison.Ordinal);
        var read = JsonSerializer.Deserialize(json, AdministrationJson.Default.LockspaceResource)!;
        Assert.Equal(Orders.Snapshot.Granted, read.Snapshot.Granted);
        Assert.Equal(json, JsonSerializer.Serialize(read, AdministrationJson.Default.LockspaceResource));
    }

    [Fact]
    public void A_question_comes_back_as_it_went()
    {
        var question = new ResourceQuestion("orders", new ResourceQuery
        {
            Prefix = (ResourceName)new byte[] { 0, 0xFE },
            Lock = LockId.Create(1, 5),
            ContendedOnly = true,
            Mode = LockMode.ProtectedWrite,
            Owner = "web",
            OlderThan = TimeSpan.FromMinutes(5),
            After = "orders/41",
            Count = 17,
        });
        var json = JsonSerializer.SerializeToUtf8Bytes(question, AdministrationJson.Default.ResourceQuestion);
        Assert.Equal(question, JsonSerializer.Deserialize(json, AdministrationJson.Default.ResourceQuestion));
    }

    [Fact]
    public void A_question_about_all_lockspaces_does_not_name_one()
    {
        var question = new ResourceQuestion(null, new ResourceQuery());
        var json = JsonSerializer.SerializeToUtf8Bytes(question, AdministrationJson.Default.ResourceQuestion);
        Assert.Equal(question, JsonSerializer.Deserialize(json, AdministrationJson.Default.ResourceQuestion));
    }

    [Fact]
    public void An_order_names_its_lock() =>
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize("""{"reason":"test"}""", AdministrationJson.Default.RevokeOrder));

    [Theory]
    [InlineData("""{"lockspace":"x"}""")]
    [InlineData("""{"query":{"lock":"42"}}""")]
    [InlineData("""{"query":{"mode":"QQ"}}""")]
    [InlineData("""{"query":{"olderThan":"long"}}""")]
    [InlineData("""{"query":{"olderThan":1e40}}""")]
    [InlineData("""{"query":{"prefix":""}}""")]
    [InlineData("""[""")]
    public void A_question_that_makes_no_sense_is_refused(string json) =>
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize(json, AdministrationJson.Default.ResourceQuestion));

    private static LockspaceResource Orders { get; } = new("shop", new ResourceSnapshot
    {
        Resource = "orders/42",
        Master = "n1",
        Directory = "n2",
        ValueState = LockValueState.Valid,
        ValueVersion = 4,
        Granted =
        [
            new LockEntry
            {
                Resource = "orders/42", Id = LockId.Create(1, 5), Owner = Web, Granted = LockMode.Exclusive, HeldFor = TimeSpan.FromSeconds(1.5), Token = new FencingToken(2, 3),
            },
        ],
    });

    private static NodeStatus NodeOne { get; } = new()
    {
        Name = "n1",
        Id = 1,
        Incarnation = 1_800_000_000_000,
        Version = "0.1.0",
        ProcessId = 12,
        Host = "db1",
        Uptime = TimeSpan.FromHours(30),
        Serving = ServingState.Serving,
        Shards = 2,
        Sessions = 3,
        Lockspaces = [new LockspaceStatus { Name = "orders", ValueSize = 64, Sessions = 2, Resources = 10, Locks = 11, Waiting = 1 }],
        Clock = new ClockStatus { Source = "CLOCK_BOOTTIME", CountsSuspend = true, Jumps = 0, RealTimeHeartbeats = false, RealTimeRefusal = "not permitted" },
    };
}
