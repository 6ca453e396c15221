using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using Tyer.Engine;

namespace Tyer.Simulation;

/// <summary>What all parts of a simulation share: the clock and what is to happen when, chance, and the record of what happened.</summary>
internal sealed class SimWorld(ulong seed, SimProfile profile, bool traces, SimMistake mistake)
{
    private readonly PriorityQueue<Action, (long Time, long Number)> _agenda = new();
    private readonly Dictionary<string, long> _counts = [];
    private readonly List<string> _trace = [];
    private readonly Dictionary<LockId, string> _resources = [];
    private ExceptionDispatchInfo? _failure;
    private long _number;
    private ulong _hash = 14695981039346656037UL;

    internal SimProfile Profile { get; } = profile;

    internal SimRandom Random { get; } = new(seed);

    /// <summary>The virtual time in ticks.</summary>
    internal long Now { get; private set; }

    internal ulong Seed => seed;

    internal bool Traces => traces;

    /// <summary>The mistake that all nodes make.</summary>
    internal SimMistake Mistake => mistake;

    internal IReadOnlyList<string> Trace => _trace;

    /// <summary>What happened how often, in the order of the words.</summary>
    internal IReadOnlyDictionary<string, long> Counts => new SortedDictionary<string, long>(_counts, StringComparer.Ordinal);

    internal ulong Hash => _hash;

    internal void At(long time, Action action) => _agenda.Enqueue(action, (Math.Max(time, Now), _number++));

    internal void In(long ticks, Action action) => At(Now + ticks, action);

    /// <summary>Some time up to <paramref name="max"/>, mostly short.</summary>
    internal long Delay(long max) => Delay(Random, max);

    internal static long Delay(SimRandom chance, long max) =>
        chance.Permille(800) ? chance.Between(1, Math.Max(1, max / 10)) : chance.Between(1, max);

    /// <summary>Some time around a mean.</summary>
    internal static long Around(SimRandom chance, long mean) => chance.Between(mean / 4, mean * 7 / 4);

    internal void Count(string what, long times = 1)
    {
        if (times > 0)
            CollectionsMarshal.GetValueRefOrAddDefault(_counts, what, out _) += times;
    }

    /// <summary>Counts that something happened while a recovery was in a phase.</summary>
    internal void CountCut(string what, string phase) => Count($"{SimResult.Cut}{what}{SimResult.CutIn}{phase}");

    /// <summary>Notes that something happened; what exactly goes into the hash, and, where a trace was asked for, into that.</summary>
    internal void Note(string what, ulong detail = 0)
    {
        foreach (var letter in what)
            _hash = (_hash ^ letter) * 1099511628211UL;
        _hash = (_hash ^ detail ^ (ulong)Now) * 1099511628211UL;
    }

    /// <summary>What a lock is on, for the story.</summary>
    internal void NameLock(LockId id, string resource)
    {
        if (traces)
            _resources[id] = resource;
    }

    /// <summary>What a lock is on; empty where nobody has said so.</summary>
    internal string ResourceOf(LockId id) => _resources.GetValueOrDefault(id, "");

    /// <summary>Adds a line to the story, if one is told.</summary>
    internal void Tell([InterpolatedStringHandlerArgument("")] ref StoryLine line)
    {
        if (traces)
            Tell(line.ToStringAndClear());
    }

    /// <inheritdoc cref="Tell(ref StoryLine)"/>
    internal void Tell(string line)
    {
        if (traces)
            _trace.Add(string.Create(CultureInfo.InvariantCulture, $"{Now / (double)TimeSpan.TicksPerMillisecond,10:0.000}  {line}"));
    }

    /// <summary>
    /// Something is wrong: the life ends with this, whoever catches what is thrown meanwhile. A link, say, ends itself when its receiver throws.
    /// </summary>
    internal void Fail(Exception fault) => _failure ??= ExceptionDispatchInfo.Capture(fault);

    /// <summary>Lets everything happen that is to happen until a time.</summary>
    internal void RunUntil(long end, Action afterEach)
    {
        while (_agenda.TryPeek(out _, out var next) && next.Time <= end)
        {
            var action = _agenda.Dequeue();
            Now = next.Time;
            action();
            _failure?.Throw();
            afterEach();
        }

        Now = end;
    }

    internal static string Name(MemberId member) => string.Create(CultureInfo.InvariantCulture, $"n{member.Node}.{member.Incarnation}");
}
