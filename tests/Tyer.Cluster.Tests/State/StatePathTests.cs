using Tyer.Cluster.State;

namespace Tyer.Cluster.Tests.State;

public sealed class StatePathTests
{
    [Theory]
    [InlineData("/srv/tyer", true, "/srv/tyer/n1")]
    [InlineData(null, true, "/run/a/n1", "STATE_DIRECTORY=/run/a:/run/b", "XDG_STATE_HOME=/x", "HOME=/root")]
    [InlineData(null, true, "/var/lib/tyer/n1", "XDG_STATE_HOME=/x", "HOME=/root")]
    [InlineData(null, false, "/x/tyer/n1", "XDG_STATE_HOME=/x", "HOME=/home/u")]
    [InlineData(null, false, "/home/u/.local/state/tyer/n1", "XDG_STATE_HOME=relative", "HOME=/home/u")]
    [InlineData("", false, "/home/u/.local/state/tyer/n1", "STATE_DIRECTORY=", "HOME=/home/u")]
    public void The_first_place_that_is_set_is_taken(string? option, bool isRoot, string expected, params string[] variables)
    {
        Assert.Equal(expected, StatePath.Resolve(option, "n1", isRoot, Lookup(variables)));
    }

    [Fact]
    public void No_place_at_all_is_an_error_that_names_them()
    {
        var e = Assert.Throws<StateDirectoryException>(() => StatePath.Resolve(null, "n1", isRoot: false, Lookup([])));
        Assert.Equal(StateFault.Missing, e.Fault);
        Assert.Contains("--state", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_that_would_leave_the_place_is_refused()
    {
        Assert.Throws<ArgumentException>(() => StatePath.Resolve("/srv", "..", isRoot: true, Lookup([])));
        Assert.Throws<ArgumentException>(() => StatePath.Resolve("/srv", "a/b", isRoot: true, Lookup([])));
    }

    private static Func<string, string?> Lookup(string[] variables) =>
        name => variables.FirstOrDefault(v => v.StartsWith(name + '=', StringComparison.Ordinal))?[(name.Length + 1)..];
}
