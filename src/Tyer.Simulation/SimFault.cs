using System.Globalization;

namespace Tyer.Simulation;

/// <summary>What can go wrong in a life.</summary>
public enum SimFaultKind
{
    /// <summary>A machine is gone, and its clients with it.</summary>
    Crash,

    /// <summary>A node's process dies; its clients believe that they hold their locks until they are stopped.</summary>
    Kill,

    /// <summary>A node is stopped on purpose and started again: its sessions are told.</summary>
    Restart,

    /// <summary>A node ends its sessions, hands over what it masters, and goes; later it is back.</summary>
    Leave,

    /// <summary>A node stands still, and goes on.</summary>
    Freeze,

    /// <summary>A node does everything later than it might.</summary>
    Slow,

    /// <summary>A node and all others do not reach each other.</summary>
    Partition,

    /// <summary>Nobody hears a node, which hears all others.</summary>
    Mute,

    /// <summary>Two nodes do not reach each other; others reach both.</summary>
    Cut,

    /// <summary>The connection between two nodes breaks, and what is on its way is lost.</summary>
    Break,

    /// <summary>The connection between two nodes is closed, after what is on its way.</summary>
    Close,

    /// <summary>What one node says to another takes long: what either says to a third overtakes it.</summary>
    Lag,

    /// <summary>A node's clock leaps forward, as after a suspend.</summary>
    Leap,

    /// <summary>A client of a node dies.</summary>
    Die,

    /// <summary>A client of a node hangs, and comes back late.</summary>
    Hang,

    /// <summary>A node ends a session.</summary>
    Revoke,

    /// <summary>The members have no quorum.</summary>
    NoQuorum,
}

/// <summary>Something that goes wrong at a certain time.</summary>
/// <param name="At">When, in ticks of 100 ns of the virtual clock.</param>
/// <param name="Kind">What.</param>
/// <param name="Node">Whom it befalls, by number; 0 where it befalls all.</param>
/// <param name="Other">The other one, where it takes two; else 0.</param>
/// <param name="For">How long it lasts, or how far a clock leaps, in ticks; null: as chance will.</param>
public sealed record SimFault(long At, SimFaultKind Kind, uint Node = 0, uint Other = 0, long? For = null)
{
    /// <summary>
    /// Reads a script: a fault on each line, as <c>at 2000 crash n2</c>, <c>at 2500 freeze n1 for 800</c>, <c>at 3000 cut n1 n3 for 500</c>; times
    /// in milliseconds. What follows a <c>#</c> is for people.
    /// </summary>
    /// <exception cref="FormatException">A line is not to be understood; the message names it.</exception>
    public static IReadOnlyList<SimFault> Parse(string script)
    {
        ArgumentNullException.ThrowIfNull(script);
        List<SimFault> faults = [];
        foreach (var line in script.Split('\n'))
        {
            if (line.Split('#')[0].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries) is { Length: > 0 } words)
                faults.Add(Read(words) ?? throw new FormatException($"'{line.Trim()}' is no fault; one is 'at MILLISECONDS KIND [NODE [NODE]] [for MILLISECONDS]', and the kinds are {Kinds}."));
        }

        return faults;
    }

    /// <summary>How many nodes it takes.</summary>
    internal static int NodesOf(SimFaultKind kind) => kind switch
    {
        SimFaultKind.NoQuorum => 0,
        SimFaultKind.Cut or SimFaultKind.Break or SimFaultKind.Close or SimFaultKind.Lag => 2,
        _ => 1,
    };

    private static string Kinds => string.Join(", ", Enum.GetValues<SimFaultKind>().Select(kind =>
        WordOf(kind) + string.Concat(Enumerable.Range(1, NodesOf(kind)).Select(number => $" n{number}"))));

    private static string WordOf(SimFaultKind kind) => kind.ToString().ToLowerInvariant();

    private static SimFault? Read(string[] words)
    {
        if (words.Length < 3 || words[0] != "at" || Ticks(words[1]) is not { } at)
            return null;
        var kinds = Enum.GetValues<SimFaultKind>().Where(kind => WordOf(kind) == words[2]).ToArray();
        if (kinds is not [var kind])
            return null;
        var count = NodesOf(kind);
        var rest = words.AsSpan(3);
        if (rest.Length < count)
            return null;
        Span<uint> nodes = stackalloc uint[2];
        for (var index = 0; index < count; index++)
        {
            if (!rest[index].StartsWith('n') || !uint.TryParse(rest[index].AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out nodes[index])
                || nodes[index] is 0 or > Simulation.NodesMax)
                return null;
        }

        rest = rest[count..];
        return rest switch
        {
            [] => new SimFault(at, kind, nodes[0], nodes[1]),
            ["for", var length] when Ticks(length) is { } ticks => new SimFault(at, kind, nodes[0], nodes[1], ticks),
            _ => null,
        };
    }

    private static long? Ticks(string milliseconds) =>
        int.TryParse(milliseconds, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number * TimeSpan.TicksPerMillisecond : null;
}
