using System.Text.Json;
using Tyer.System.Tests.Support;

namespace Tyer.System.Tests;

/// <summary>A node and its programs killed under load, twice in a row, with locks held, waited for, and taken and released all the time.</summary>
public sealed class KillTests
{
    [Fact]
    public async Task Nothing_is_lost_and_nobody_forgotten_when_a_node_is_killed_under_load()
    {
        var report = JsonElement.Parse((await Programs.TyerAsync("bench", "recovery", "--kills", "2", "--locks", "900", "-o", "json")).With(0).Output);

        Assert.Equal(0, report.GetProperty("lost").GetInt64());
        Assert.True(report.GetProperty("increments").GetInt64() > 0);
        Assert.Equal(2, report.GetProperty("rounds").GetArrayLength());
        foreach (var round in report.GetProperty("rounds").EnumerateArray())
        {
            Assert.Equal(300, round.GetProperty("waiting").GetInt32());
            Assert.Equal(300, round.GetProperty("granted").GetInt32());
            Assert.True(round.GetProperty("resourcesRebuilt").GetInt64() >= 300);
            Assert.Equal(0, round.GetProperty("held").GetInt64());
        }
    }
}
