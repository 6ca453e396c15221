namespace Tyer.Tests;

public class ResourceQueryTests
{
    private static readonly LockOwner Web = new("n1", "db1", 4711, "web", "app", "nightly", Verified: true);

    private static readonly LockEntry Held = new()
    {
        Resource = "orders/42",
        Id = LockId.Create(1, 1),
        Owner = Web,
        Granted = LockMode.ProtectedRead,
        HeldFor = TimeSpan.FromSeconds(100),
    };

    private static readonly LockEntry Waiting = new()
    {
        Resource = "orders/42",
        Id = LockId.Create(2, 1),
        Owner = new LockOwner("n2", "db2", 99, "batch", "root", null, Verified: true),
        Requested = LockMode.Exclusive,
        WaitedFor = TimeSpan.FromSeconds(5),
    };

    private static readonly ResourceSnapshot Idle = new() { Resource = "orders/42", Master = "n1", Directory = "n2", Granted = [Held] };

    private static readonly ResourceSnapshot Contended = Idle with { Waiting = [Waiting] };

    [Fact]
    public void A_query_that_asks_nothing_matches_everything()
    {
        Assert.True(new ResourceQuery().Matches(Idle));
        Assert.True(new ResourceQuery().Matches(new ResourceSnapshot { Resource = "x", Master = "n1", Directory = "n1" }));
    }

    [Theory]
    [InlineData("orders/42", true)]
    [InlineData("orders/4", true)]
    [InlineData("o", true)]
    [InlineData("orders/42x", false)]
    [InlineData("rders", false)]
    public void A_prefix_is_of_bytes(string prefix, bool matches) =>
        Assert.Equal(matches, new ResourceQuery { Prefix = prefix }.Matches(Idle));

    [Fact]
    public void A_name_is_the_whole_name()
    {
        Assert.True(new ResourceQuery { Resource = "orders/42" }.Matches(Idle));
        Assert.False(new ResourceQuery { Resource = "orders/4" }.Matches(Idle));
    }

    [Fact]
    public void A_page_begins_after_the_last_one()
    {
        Assert.True(new ResourceQuery { After = "orders/41" }.Matches(Idle));
        Assert.False(new ResourceQuery { After = "orders/42" }.Matches(Idle));
        Assert.False(new ResourceQuery { After = "orders/43" }.Matches(Idle));
    }

    [Fact]
    public void Contended_is_when_somebody_waits()
    {
        var query = new ResourceQuery { ContendedOnly = true };
        Assert.False(query.Matches(Idle));
        Assert.True(query.Matches(Contended));
        Assert.True(query.Matches(Idle with { Granted = [], Converting = [Held with { Requested = LockMode.Exclusive }] }));
    }

    [Fact]
    public void A_mode_may_be_held_or_wanted()
    {
        Assert.True(new ResourceQuery { Mode = LockMode.ProtectedRead }.Matches(Contended));
        Assert.True(new ResourceQuery { Mode = LockMode.Exclusive }.Matches(Contended));
        Assert.False(new ResourceQuery { Mode = LockMode.Exclusive }.Matches(Idle));
        Assert.False(new ResourceQuery { Mode = LockMode.Null }.Matches(Contended));
    }

    [Theory]
    [InlineData("nightly", true)]
    [InlineData("web", true)]
    [InlineData("db1", true)]
    [InlineData("app", true)]
    [InlineData("n1", true)]
    [InlineData("4711", true)]
    [InlineData("471", false)]
    [InlineData("we", false)]
    [InlineData("batch", false)]
    public void An_owner_goes_by_any_of_its_names(string owner, bool matches) =>
        Assert.Equal(matches, new ResourceQuery { Owner = owner }.Matches(Idle));

    [Fact]
    public void An_age_is_of_holding_or_of_waiting()
    {
        Assert.True(new ResourceQuery { OlderThan = TimeSpan.FromSeconds(100) }.Matches(Idle));
        Assert.False(new ResourceQuery { OlderThan = TimeSpan.FromSeconds(101) }.Matches(Idle));
        Assert.True(new ResourceQuery { OlderThan = TimeSpan.FromSeconds(5), Owner = "batch" }.Matches(Contended));
    }

    [Fact]
    public void A_lock_is_found_by_its_id()
    {
        Assert.True(new ResourceQuery { Lock = Waiting.Id }.Matches(Contended));
        Assert.False(new ResourceQuery { Lock = Waiting.Id }.Matches(Idle));
    }

    [Fact]
    public void One_lock_must_meet_all_that_is_asked_of_locks()
    {
        Assert.True(new ResourceQuery { Owner = "batch", Mode = LockMode.Exclusive }.Matches(Contended));
        Assert.False(new ResourceQuery { Owner = "batch", Mode = LockMode.ProtectedRead }.Matches(Contended));
        Assert.False(new ResourceQuery { Owner = "batch", OlderThan = TimeSpan.FromSeconds(50) }.Matches(Contended));
    }

    [Fact]
    public void A_query_that_makes_no_sense_is_refused_by_the_name_of_its_part()
    {
        new ResourceQuery { Count = 1 }.Validate();
        new ResourceQuery { Count = 10_000, Mode = LockMode.Null, OlderThan = TimeSpan.Zero, Prefix = "a", Resource = "a" }.Validate();

        Refused("Count", new ResourceQuery { Count = 0 });
        Refused("Count", new ResourceQuery { Count = 10_001 });
        Refused("Mode", new ResourceQuery { Mode = (LockMode)6 });
        Refused("OlderThan", new ResourceQuery { OlderThan = TimeSpan.FromTicks(-1) });
        Refused("Resource", new ResourceQuery { Resource = default(ResourceName) });
        Refused("Prefix", new ResourceQuery { Prefix = default(ResourceName) });

        static void Refused(string part, ResourceQuery query) => Assert.Equal(part, Assert.ThrowsAny<ArgumentException>(query.Validate).ParamName);
    }
}
