using System.Globalization;

namespace Tyer.Cluster.Tests.Static;

/// <summary>
/// The rules of <see cref="Tyer.Cluster.Static.Forming"/> under faults, over many seeds. TYER_SEED=4711 runs that one alone and prints
/// its story, TYER_SEEDS=1000000 as many.
/// </summary>
public sealed class FormingSimulationTests(ITestOutputHelper output)
{
    private static readonly int? OneSeed = Number("TYER_SEED");
    private static readonly int Seeds = Number("TYER_SEEDS") ?? 3_000;

    [Fact]
    public void Whatever_is_lost_or_crashes_one_id_is_one_view_and_all_get_into_it() => Run(
        stateMayBeLost: false,
        cluster =>
        {
            cluster.Misbehave(400);
            cluster.Calm();
            cluster.CheckSettled();
        },
        "a restarted node was refused",
        "a proposal was replaced",
        "a crash between two actions",
        "a peer was lost",
        "a peer came back");

    [Fact]
    public void Full_restarts_only_raise_the_id() => Run(
        stateMayBeLost: false,
        cluster =>
        {
            for (int restart = 0; restart < 4; restart++)
            {
                cluster.Misbehave(150);
                cluster.CrashAll();
                ulong before = cluster.HighestInstalled;
                cluster.Calm();
                cluster.CheckSettled();
                if (cluster.HighestInstalled <= before) throw new RuleBrokenException("the id did not grow over a full restart");
            }
        });

    [Fact]
    public void A_coordinator_that_crashes_when_it_has_installed_the_view_leaves_nobody_behind() => Run(
        stateMayBeLost: false,
        cluster =>
        {
            cluster.CrashTheCoordinatorInItsBestMoments(400);
            cluster.Calm();
            cluster.CheckSettled();
        },
        "a dead promise was given up");

    [Fact]
    public void A_lost_state_directory_never_splits_the_cluster() => Run(
        stateMayBeLost: true,
        cluster =>
        {
            cluster.Misbehave(400);
            cluster.Calm();
            cluster.CheckSettled();
        },
        "a state was lost",
        "a proposal was declined");

    private void Run(bool stateMayBeLost, Action<SimulatedCluster> story, params string[] mustBeSeen)
    {
        var seen = new SortedDictionary<string, int>(StringComparer.Ordinal);
        IEnumerable<int> seeds = OneSeed is { } one ? [one] : Enumerable.Range(0, Seeds);
        foreach (int seed in seeds)
        {
            var cluster = new SimulatedCluster(seed, stateMayBeLost, keepLog: OneSeed is not null);
            try
            {
                story(cluster);
            }
            catch (RuleBrokenException broken)
            {
                output.WriteLine(cluster.Log);
                Assert.Fail($"TYER_SEED={seed}: {broken.Message}");
            }

            foreach ((string what, int count) in cluster.Seen) seen[what] = seen.GetValueOrDefault(what) + count;
        }

        foreach ((string what, int count) in seen) output.WriteLine($"{count,9} times {what}");
        if (OneSeed is null) Assert.Empty(mustBeSeen.Except(seen.Keys));
    }

    private static int? Number(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            ? number
            : null;
}
