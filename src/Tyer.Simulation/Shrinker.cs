using System.Collections.Immutable;

namespace Tyer.Simulation;

/// <summary>Makes the story of a violation shorter: leaves out faults, clients and operations for as long as something is violated.</summary>
public static class Shrinker
{
    /// <summary>Operations are left out in groups down to this part of them all: a try is a life, and single ones would take thousands.</summary>
    private const int PartsMax = 128;

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
        reduction = LeaveOut([.. Enumerable.Range(0, life.Faults)], 1, (numbers, rest) => rest with { WithoutFaults = [.. numbers] }, reduction);
        reduction = LeaveOut([.. Enumerable.Range(1, life.Operations.Count)], 1, (numbers, rest) => rest with { WithoutClients = [.. numbers] }, reduction);
        var operations = Simulation.Run(seed, profile, nodes, false, mistake, reduction).Operations
            .SelectMany((count, client) => Enumerable.Range(0, count).Select(number => (Client: client + 1, Number: number)))
            .Where(each => !reduction.WithoutClients.Contains(each.Client)).ToArray();
        return LeaveOut(operations, Math.Max(1, operations.Length / PartsMax), (numbers, rest) => rest with { WithoutOperations = ByClient(numbers) }, reduction);

        // Halves first, then quarters, and so on.
        SimReduction LeaveOut<T>(IReadOnlyList<T> all, int lengthMin, Func<ImmutableHashSet<T>, SimReduction, SimReduction> with, SimReduction start)
        {
            var best = start;
            ImmutableHashSet<T> without = [];
            for (var length = Math.Max(lengthMin, all.Count / 2); ; length = Math.Max(lengthMin, length / 2))
            {
                for (var first = 0; first < all.Count; first += length)
                {
                    var more = without.Union(all.Skip(first).Take(length));
                    if (more.Count == without.Count || Simulation.Run(seed, profile, nodes, false, mistake, with(more, start)).Violation is null)
                        continue;
                    without = more;
                    best = with(more, start);
                }

                if (length == lengthMin)
                    return best;
            }
        }
    }

    private static ImmutableDictionary<int, ImmutableSortedSet<int>> ByClient(IEnumerable<(int Client, int Number)> operations) =>
        operations.GroupBy(each => each.Client, each => each.Number).ToImmutableDictionary(group => group.Key, group => group.ToImmutableSortedSet());
}
