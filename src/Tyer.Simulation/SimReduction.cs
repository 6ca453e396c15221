using System.Collections.Immutable;

namespace Tyer.Simulation;

/// <summary>What is left out of a life: so that what a violation does not need can be removed from it.</summary>
public sealed record SimReduction
{
    /// <summary>Nothing is left out.</summary>
    public static readonly SimReduction None = new();

    /// <summary>Faults that do not happen, by their number in the life; from 0.</summary>
    public ImmutableSortedSet<int> WithoutFaults { get; init; } = [];

    /// <summary>No faults happen from this number on.</summary>
    public int FaultsEnd { get; init; } = int.MaxValue;

    /// <summary>Clients that do nothing, by their number in the life; from 1.</summary>
    public ImmutableSortedSet<int> WithoutClients { get; init; } = [];

    /// <summary>Operations that clients do not do: by the client's number, theirs, from 0.</summary>
    public ImmutableDictionary<int, ImmutableSortedSet<int>> WithoutOperations { get; init; } = ImmutableDictionary<int, ImmutableSortedSet<int>>.Empty;
}
