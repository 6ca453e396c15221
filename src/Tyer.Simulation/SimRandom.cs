namespace Tyer.Simulation;

/// <summary>Numbers from a seed, the same on every machine and with every version of the runtime (SplitMix64).</summary>
internal sealed class SimRandom(ulong seed)
{
    private ulong _state = seed;

    internal ulong Next()
    {
        _state += 0x9E3779B97F4A7C15UL;
        var mixed = (_state ^ (_state >> 30)) * 0xBF58476D1CE4E5B9UL;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBUL;
        return mixed ^ (mixed >> 31);
    }

    /// <summary>Chance for a part of a life: the same whatever happens in the others.</summary>
    internal static SimRandom For(ulong seed, ulong part) => new(new SimRandom(seed ^ (part * 0xD1342543DE82EF95UL)).Next());

    /// <summary>0 to <paramref name="end"/> less one.</summary>
    internal int Below(int end) => (int)(Next() % (ulong)end);

    internal long Between(long first, long last) => first + (long)(Next() % (ulong)(last - first + 1));

    /// <summary>True this often in a thousand.</summary>
    internal bool Permille(int share) => Below(1000) < share;

    internal T Of<T>(IReadOnlyList<T> all) => all[Below(all.Count)];
}
