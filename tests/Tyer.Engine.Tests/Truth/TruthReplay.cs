using Tyer.Engine.Locks;
using Tyer.Engine.Owning;
using Tyer.Engine.Tests.Harness;
using Lock = Tyer.Engine.Locks.Lock;

namespace Tyer.Engine.Tests.Truth;

/// <summary>Runs the steps of a program on engines, one at a time, and says what came of each in the words of the program.</summary>
internal sealed class TruthReplay
{
    private const uint Space = 1;

    private readonly TruthProgram _program;
    private readonly EngineCluster _cluster;
    private readonly Dictionary<uint, Session> _sessions = [];
    private readonly Dictionary<string, ClassicLock> _locks = new(StringComparer.Ordinal);

    internal TruthReplay(TruthProgram program)
    {
        _program = program;
        _cluster = new EngineCluster(_program.Nodes, idleKept: long.MaxValue);
        _cluster.OpenLockspace(Space, TruthProgram.ValueSize);
        foreach (var node in _cluster.Nodes)
            _sessions.Add(node, _cluster.OpenSession(node, $"n{node}"));
        foreach (var (resource, master) in _program.Masters)
            MakeMaster(resource, master);
    }

    /// <summary>The outcome lines of a step, those of one lock together and in their order.</summary>
    internal IReadOnlyList<string> Run(TruthStep step)
    {
        var lines = new List<string>();
        var called = Call(step);
        _cluster.RunToQuiet();
        ClusterAudit.Check(_cluster);
        var hasEnd = false;
        foreach (var told in _cluster.TakeEvents())
        {
            var named = (ClassicLock)told.Tag!;
            hasEnd |= named.Name == step.Lock && told is CompletedEvent;
            if (LineOf(named, told) is { } line)
                lines.Add(line);
        }

        if (called is not null)
            lines.Add($"{step.Lock} {called}");
        else if (!hasEnd)
            lines.Add($"{step.Lock} pending");
        return TruthProgram.OrderByLock(lines);
    }

    /// <summary>The queues and values, as the programs end.</summary>
    internal IReadOnlyList<string> End()
    {
        var lines = new List<string>();
        foreach (var (word, master) in _program.Masters.OrderBy(each => each.Key, StringComparer.Ordinal))
        {
            var resource = ClusterAudit.Find(_cluster[master], Space, TruthProgram.NameOf(word));
            AddQueue(lines, $"{word} granted", resource.Queues.Granted, each => Held(each));
            AddQueue(lines, $"{word} converting", resource.Queues.Converting, each => $"{Held(each)}>{Wanted(each)}");
            AddQueue(lines, $"{word} waiting", resource.Queues.Waiting, each => Wanted(each));
            if (resource.Value is not { IsEmpty: false } value)
                continue;
            var bytes = value.Bytes.IsEmpty ? "" : $" lvb={ClassicLock.Hex(value.Bytes)}";
            lines.Add($"{word} value{bytes}{(value.State == LockValueState.Invalid ? " VALNOTVALID" : "")}");
        }

        return lines;

        static string Held(Lock each) => each.Granted!.Value.ToShortName();
        static string Wanted(Lock each) => each.Requested!.Value.ToShortName();
    }

    private void AddQueue(List<string> lines, string label, LockList queue, Func<Lock, string> modesOf)
    {
        var entries = new List<string>();
        for (var each = queue.First; each is not null; each = each.Next)
            entries.Add($"{_locks.Values.Single(named => named.Id == each.Id).Name}={modesOf(each)}");
        if (entries.Count > 0)
            lines.Add($"{label} {string.Join(' ', entries)}");
    }

    /// <returns>What is known of the outcome when the call returns; null: events say it, or it waits.</returns>
    private string? Call(TruthStep step)
    {
        var engine = _cluster[step.Node];
        var session = _sessions[step.Node];
        if (step.Call == TruthCall.Lock)
            return NewLock(step, engine, session);

        // A name without a lock stands for an id that no lock has.
        var called = _locks.GetValueOrDefault(step.Lock) ?? new ClassicLock(step.Lock) { Id = LockId.Create(step.Node, LockId.CounterMax) };
        called.Prepare(step);
        switch (step.Call)
        {
            case TruthCall.Convert:
                var conversion = new ConvertCall
                {
                    Mode = step.Mode,
                    Flags = step.Flags,
                    NotifyBlocking = true,
                    GivesValue = true,
                    Value = called.Buffer,
                };
                return ErrorOf(engine.Convert(session, called.Id, conversion));
            case TruthCall.Cancel when step.Flags == RawFlags.None:
                return engine.Cancel(session, called.Id) switch
                {
                    CancelOutcome.NotFound => "error ENOENT",
                    CancelOutcome.AlreadyGranted => "nothing",
                    null => null,
                    var outcome => throw new InvalidOperationException($"A cancel is not {outcome} before its request has ended."),
                };
            default:
                // In the classic interface a cancel is an unlock call with a flag; with others beside it, it stays one.
                var flags = step.Call == TruthCall.Cancel ? step.Flags | RawFlags.Cancel : step.Flags;
                return ErrorOf(engine.Unlock(session, called.Id, flags, givesValue: true, called.Buffer));
        }
    }

    private string? NewLock(TruthStep step, LockEngine engine, Session session)
    {
        if (!ResourceName.TryCreate(TruthProgram.NameOf(step.Resource), out var name))
            return "error EINVAL";
        var made = new ClassicLock(step.Lock);
        made.Prepare(step);
        var call = new LockCall
        {
            Space = Space,
            Name = name,
            Mode = step.Mode,
            Flags = step.Flags,
            NotifyBlocking = true,
            Tag = made,
        };
        var error = ErrorOf(engine.Lock(session, call, out var id));
        if (error is not null)
            return error;
        made.Id = id;
        Assert.True(_locks.TryAdd(step.Lock, made), "A program gives a name to one lock at a time.");
        return null;
    }

    private string? LineOf(ClassicLock named, EngineEvent told)
    {
        switch (told)
        {
            case CompletedEvent completed:
                if (completed.Completion.Mode is null)
                    _locks.Remove(named.Name);
                return named.Complete(completed);
            case BlockingEvent blocking:
                return $"{named.Name} blocking {blocking.Wanted.ToShortName()}";
            default:
                return null; // a cancel's outcome: the line is that of the request it ended
        }
    }

    private static string? ErrorOf(RawResult result) => result switch
    {
        RawResult.Accepted => null,
        RawResult.InvalidMode or RawResult.InvalidFlags or RawResult.InvalidConversion => "error EINVAL",
        RawResult.Busy => "error EBUSY",
        RawResult.UnknownLock => "error ENOENT",
        _ => throw new ArgumentOutOfRangeException(nameof(result), result, "No program meets a limit."),
    };

    /// <summary>The first who uses a resource is its master, and with what is idle never being forgotten it stays so.</summary>
    private void MakeMaster(string resource, uint node)
    {
        var call = new LockCall { Space = Space, Name = new ResourceName(resource), Mode = LockMode.Null };
        Assert.Equal(RawResult.Accepted, _cluster[node].Lock(_sessions[node], call, out var id));
        _cluster.RunToQuiet();
        Assert.Equal(RawResult.Accepted, _cluster[node].Unlock(_sessions[node], id, RawFlags.None));
        _cluster.RunToQuiet();
        _cluster.TakeEvents();
    }
}
