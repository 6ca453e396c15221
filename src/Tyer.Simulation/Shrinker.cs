using System.Collections.Immutable;

namespace Tyer.Simulation;

/// <summary>Makes the story of a violation shorter: leaves out faults and clients for as long as something is violated.</summary>
public static class Shrinker
{
    /// <summary>Finds what can be left out. Each try is a life, some hundreds in all.</summary>
    /// <param name="seed">A seed whose life violates something.</param>
    /// <param name="profile">Its profile.</param>
    /// <param name="nodes">Its number of nodes; 0: as chance will.</param>
    public static SimReduction Shrink(ulong seed, SimProfile profile, int nodes = 0) => Shrink(seed, profile, nodes, SimMistake.None);

    internal static SimReduction Shrink(ulong seed, SimProfile profile, int nodes, SimMistake mistake)
    {
        var life = Simulation.Run(seed, profile, nodes, false, mistake);
        if (life.Violation is null)
            return SimReduction.None;
        // A life that is violated later than this one is not to be helped by what would have happened until then.
        var reduction = new SimReduction { FaultsEnd = life.Faults };
        reduction = LeaveOut(life.Faults, first: 0, numbers => reduction with { WithoutFaults = numbers }, reduction);
        return LeaveOut(life.Clients, first: 1, numbers => reduction with { WithoutClients = numbers }, reduction);

        // Halves first, then quarters, down to single ones.
        SimReduction LeaveOut(int count, int first, Func<ImmutableSortedSet<int>, SimReduction> with, SimReduction start)
        {
            var best = start;
            ImmutableSortedSet<int> without = [];
            for (var length = Math.Max(1, count / 2); ; length /= 2)
            {
                for (var from = first; from < first + count; from += length)
                {
                    var more = without.Union(Enumerable.Range(from, Math.Min(length, first + count - from)));
                    if (more.Count == without.Count || Simulation.Run(seed, profile, nodes, false, mistake, with(more)).Violation is null)
                        continue;
                    without = more;
                    best = with(more);
                }

                if (length == 1)
                    return best;
            }
        }
    }
}
