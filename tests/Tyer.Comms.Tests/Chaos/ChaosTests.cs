using System.Globalization;
using Tyer.Comms.Tests.Support;

namespace Tyer.Comms.Tests.Chaos;

public class ChaosTests
{
    // More of them by TYER_CHAOS_SEEDS.
    private static readonly int SeedCount = int.Parse(Environment.GetEnvironmentVariable("TYER_CHAOS_SEEDS") ?? "300", CultureInfo.InvariantCulture);

    private static readonly TimeSpan Under = TimeSpan.FromSeconds(12);
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(45);

    [Fact]
    public void Whatever_happens_to_paths_and_nodes_messages_come_once_and_in_order_and_the_nodes_find_each_other_again()
    {
        long delivered = 0;
        long faults = 0;
        long resets = 0;
        long paths = 0;
        long reliefs = 0;
        long forgets = 0;
        Seeds.ForEach(SeedCount, dice =>
        {
            var world = new ChaosWorld(dice);
            string? violation = world.Live(Under, Rest);
            Assert.True(violation is null, violation);
            delivered += world.Delivered;
            faults += world.Faults;
            resets += world.Resets;
            paths += world.PathsUp;
            reliefs += world.Reliefs;
            forgets += world.Forgets;
        });

        // A simulation in which nothing happens would prove nothing.
        Assert.True(delivered > SeedCount * 300, $"{delivered} delivered");
        Assert.True(faults > SeedCount * 20, $"{faults} faults");
        Assert.True(resets > SeedCount, $"{resets} resets");
        Assert.True(paths > SeedCount * 10, $"{paths} paths up");
        Assert.True(forgets > SeedCount / 2, $"{forgets} peers forgotten");
        Assert.True(reliefs > SeedCount, $"{reliefs} moves away from a queue");
    }

    [Fact]
    public void A_seed_gives_the_same_life_again()
    {
        ulong Live(ulong seed)
        {
            var world = new ChaosWorld(new Dice(seed));
            world.Live(Under, Rest);
            return world.Hash;
        }

        Assert.Equal(Live(7), Live(7));
        Assert.NotEqual(Live(7), Live(8));
    }

    [Fact]
    public void Who_reads_and_writes_every_frame_and_makes_no_mistake_is_not_found() => Seeds.ForEach(20, dice =>
    {
        string? violation = new ChaosWorld(dice, ChaosMistake.ChangesNothing).Live(Under, Rest);
        Assert.True(violation is null, violation);
    });

    public static TheoryData<string> Mistakes => [.. Enum.GetNames<ChaosMistake>().Where(name => name is not (nameof(ChaosMistake.None) or nameof(ChaosMistake.ChangesNothing)))];

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void Each_mistake_is_found(string mistake)
    {
        for (ulong seed = 1; seed <= 40; seed++)
        {
            if (new ChaosWorld(new Dice(seed), Enum.Parse<ChaosMistake>(mistake)).Live(Under, Rest) is not null) return;
        }

        Assert.Fail($"{mistake} went unnoticed.");
    }
}
