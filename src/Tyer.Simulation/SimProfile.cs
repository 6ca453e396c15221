namespace Tyer.Simulation;

/// <summary>How rough a simulated cluster's life is. Times are in ticks of 100 ns of the virtual clock; shares are per thousand.</summary>
public sealed record SimProfile
{
    private const long Millisecond = TimeSpan.TicksPerMillisecond;

    /// <summary>The name by which it is chosen.</summary>
    public required string Name { get; init; }

    /// <summary>For how long clients work and faults happen; then everything is to come to rest.</summary>
    public long Length { get; init; } = 20_000 * Millisecond;

    /// <summary>The mean time between two faults; 0: none happen.</summary>
    public long FaultEvery { get; init; }

    /// <summary>What goes wrong when; null: as chance will, as often as the other properties say.</summary>
    public IReadOnlyList<SimFault>? Script { get; init; }

    /// <summary>The longest time that a message takes.</summary>
    public long LatencyMax { get; init; } = 2 * Millisecond;

    /// <summary>The longest time after which a member installs a view that another has installed.</summary>
    public long ViewSkewMax { get; init; } = 20 * Millisecond;

    /// <summary>The longest time from a failure to the view without the failed.</summary>
    public long DetectionMax { get; init; } = 500 * Millisecond;

    /// <summary>The longest time from that view to the proof.</summary>
    public long ProofMax { get; init; } = 3_000 * Millisecond;

    /// <summary>How often, in a thousand, a fault comes close upon another, to meet the recovery from that.</summary>
    public int FaultsInPairs { get; init; } = 300;

    /// <summary>The mean time between two moves of a master; 0: none moves.</summary>
    public long MoveEvery { get; init; } = 100 * Millisecond;

    /// <summary>
    /// Whether nodes act under leases, which are the only proof: nobody is fenced, and who is out of reach stops by itself before others may
    /// have its locks.
    /// </summary>
    public bool Leases { get; init; }

    /// <summary>Clients on each node.</summary>
    public int Clients { get; init; } = 3;

    /// <summary>The longest time that a piece of work waits for a processor on a slow node.</summary>
    public long SlownessMax { get; init; } = 5 * Millisecond;

    /// <summary>How many locks, in a thousand, are to stay when their process dies.</summary>
    public int Persistent { get; init; } = 60;

    /// <summary>Resources that are fought for.</summary>
    public int Hot { get; init; } = 3;

    /// <summary>Resources that are used now and then.</summary>
    public int Cold { get; init; } = 60;

    /// <summary>The mean time between two operations of a client.</summary>
    public long OperationEvery { get; init; } = 15 * Millisecond;

    /// <summary>The profiles, calm to brutal, one in which masters do not stay anywhere for long, and one under leases.</summary>
    public static IReadOnlyList<SimProfile> All { get; } =
    [
        new() { Name = "calm" },
        new() { Name = "rough", FaultEvery = 4_000 * Millisecond },
        new() { Name = "stormy", FaultEvery = 1_200 * Millisecond, LatencyMax = 20 * Millisecond, ViewSkewMax = 200 * Millisecond },
        new()
        {
            Name = "brutal",
            FaultEvery = 500 * Millisecond,
            FaultsInPairs = 600,
            LatencyMax = 60 * Millisecond,
            ViewSkewMax = 600 * Millisecond,
            DetectionMax = 200 * Millisecond,
        },
        new()
        {
            Name = "restless",
            FaultEvery = 1_200 * Millisecond,
            LatencyMax = 20 * Millisecond,
            ViewSkewMax = 200 * Millisecond,
            MoveEvery = 8 * Millisecond,
            Cold = 8,
            Persistent = 300,
        },
        new() { Name = "leased", FaultEvery = 1_500 * Millisecond, LatencyMax = 20 * Millisecond, ViewSkewMax = 200 * Millisecond, Leases = true },
    ];

    /// <summary>The profile that a seed is tried with where none is named: each in its turn.</summary>
    public static SimProfile Of(ulong seed) => All[(int)(seed % (ulong)All.Count)];

    /// <summary>The profile of that name, or null.</summary>
    public static SimProfile? Find(string name) => All.FirstOrDefault(profile => profile.Name == name);
}
