using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using Tyer.Engine.Locks;
using Tyer.Engine.Owning;
using Tyer.Node;
using Tyer.Node.Lockspaces;
using Tyer.Node.Sessions;
using Tyer.Sessions;

namespace Tyer.Simulation;

/// <summary>A client of a node: takes, converts, cancels and releases locks as chance will, and checks that it is told one end for each.</summary>
internal sealed class SimClient
{
    private const int LocksMax = 4;
    private const ulong OperationParts = 1UL << 63;

    /// <summary>How long a session lives without a word of its client.</summary>
    internal static readonly long SessionTimeout = NodeLimits.SessionTimeoutMin.Ticks;

    private readonly SimWorld _world;
    private readonly SimNode _node;
    private readonly Watch _watch;
    private readonly OrphanWatch _orphans;
    private readonly uint _number;
    private readonly SimRandom _times;
    private readonly string _name;
    private readonly List<SimLock> _locks = [];
    private readonly Queue<(SimLock Lock, SimEnd End)> _unheard = new();
    private readonly ImmutableSortedSet<int> _without;
    private readonly NodeSession _session;
    private readonly NodeLockspace _port;
    private SimRandom _chance;
    private int _operations;
    private bool _isPaused;
    private bool _isDone;
    private bool _hangs;

    internal SimClient(SimWorld world, SimNode node, Watch watch, OrphanWatch orphans, uint number, SimReduction reduction)
    {
        _world = world;
        _node = node;
        _watch = watch;
        _orphans = orphans;
        _number = number;
        _times = SimRandom.For(world.Seed, 1_000_000 + number);
        _chance = _times;
        _name = string.Create(CultureInfo.InvariantCulture, $"{SimWorld.Name(node.Id)}/c{number}");
        ProcessId = (int)number;
        (_session, _port) = node.OpenSession(new LockOwner(node.Wiring.Name, "sim", ProcessId, _name, "sim", Label: null, Verified: true));
        _without = reduction.WithoutOperations.GetValueOrDefault((int)number, ImmutableSortedSet<int>.Empty);
        if (!reduction.WithoutClients.Contains((int)number))
            Plan();
    }

    /// <summary>Its process: by this its orphans are known.</summary>
    internal int ProcessId { get; }

    /// <summary>Nothing that it waits for is without an end, and it has nothing.</summary>
    internal bool IsIdle => _locks.Count == 0;

    /// <summary>How many operations it has had in mind.</summary>
    internal int Operations => _operations;

    /// <summary>It has died, or knows that its session is lost.</summary>
    internal bool IsGone { get; private set; }

    internal string Describe() => string.Join(", ", _locks.Select(each => $"{_name} {each.Hold.Resource} {each.Granted} {each.Pending} for {each.Requested}{(each.IsEnding ? " ending" : "")} {each.Id}"));

    /// <summary>Asks for nothing any more, and keeps what it has.</summary>
    internal void Pause() => _isPaused = true;

    /// <summary>Asks for nothing any more, and lets go of what it has.</summary>
    internal void Finish() => _isDone = true;

    /// <summary>Nothing of it acts any more: what it held it does not hold.</summary>
    internal void Vanish()
    {
        IsGone = true;
        foreach (var each in _locks)
            _watch.Gone(each.Hold);
        _locks.Clear();
    }

    /// <summary>Its process ends, and its node sees that at once.</summary>
    internal void Die() => Disconnect("dies");

    /// <summary>By its own clock its time is over: it acts by none of its locks any more, and closes the connection to its node.</summary>
    internal void GiveUp() => Disconnect("gives up, for its time is over");

    /// <summary>Whether who hangs for so long has lost his session.</summary>
    internal static bool IsLostBy(long length) => length >= SessionTimeout - NodeLimits.ClientMargin.Ticks;

    /// <summary>
    /// Stands still for a while: says nothing to its node, and hears nothing. By its own clock it knows, when it comes back, whether its
    /// session was given up; and it acts by none of its locks after its own deadline, which comes first.
    /// </summary>
    internal void Hang(long length)
    {
        if (IsGone || _hangs)
            return;
        _hangs = true;
        _world.Tell($"{_name} hangs for {length / TimeSpan.TicksPerMillisecond} ms");
        if (IsLostBy(length))
        {
            // Client before node before re-grant (S2), each by a clock of its own.
            var error = SessionTimeout / 1000 * _chance.Between(-SimClock.RateErrorMax, SimClock.RateErrorMax);
            _world.In(SessionTimeout - NodeLimits.ClientMargin.Ticks + error, Vanish);
            error = SessionTimeout / 1000 * _chance.Between(-SimClock.RateErrorMax, SimClock.RateErrorMax);
            _world.In(SessionTimeout + error, () => _node.Run(() => _node.Wiring.Sessions.Close(_session, LossReason.SessionExpired)));
            return;
        }

        _world.In(length, () =>
        {
            _hangs = false;
            while (!IsGone && _unheard.TryDequeue(out var late))
                Take(late.Lock, late.End);
        });
    }

    /// <summary>Its node tells it that its session is over.</summary>
    internal void Expel(LossReason reason) => _node.Run(() => _node.Wiring.Sessions.Close(_session, reason));

    /// <summary>Takes over a lock that somebody left behind, and does with it as with any other.</summary>
    internal void Adopt(string resource, LockMode mode, bool isPersistent)
    {
        if (IsGone || _hangs || !_node.IsRunning || _node.IsFrozen)
            return;
        _orphans.AdoptionAsked(resource);
        Ask(resource, mode, isPersistent ? RawFlags.Orphan | RawFlags.Persistent : RawFlags.Orphan, timeout: null, notifies: false);
    }

    internal void Hear(SimLock told, in SimEnd end)
    {
        if (_hangs && !IsGone)
            _unheard.Enqueue((told, end));
        else
            Take(told, end);
    }

    internal void HearOutcome(CancelOutcome outcome) => _world.Count($"cancel {outcome}");

    internal void HearBlocking() => _world.Count("blocking notices");

    internal void HearLoss(SimLock lost, LossReason reason)
    {
        if (_world.Mistake == SimMistake.TellsLossLate)
            _world.In(TimeSpan.TicksPerSecond, () => KnowLoss(lost, reason));
        else
            KnowLoss(lost, reason);
    }

    private void Disconnect(string why)
    {
        Vanish();
        _world.Tell($"{_name} {why}");
        _node.Run(() => _node.Wiring.Sessions.Close(_session, reason: null));
    }

    private void KnowLoss(SimLock lost, LossReason reason)
    {
        _world.Count($"lost {reason}");
        _world.Tell($"{_name} has lost {lost.Hold.Resource} {lost.Id}: {reason}");
        lost.HasEnded = true;
        _watch.Gone(lost.Hold);
        _locks.Remove(lost);
        IsGone = true;
    }

    private void Take(SimLock told, in SimEnd end)
    {
        _world.NameLock(told.Id, told.Hold.Resource);
        _world.Note("told", told.Id.Value ^ (ulong)end.Status);
        if (_world.Traces)
            _world.Tell(StoryOf(told, end));
        if (IsGone)
        {
            // Its node knows of the loss later than it does; but not who was told by it.
            if (told.HasEnded)
                throw new ViolationException($"S6: {_name} is told of {end.Kind} {end.Status} after its session was lost");
            return;
        }

        _world.Count(Words(end.Kind, end.Status));
        if (told.HasEnded)
            throw new ViolationException($"I6: {_name} is told of {end.Kind} {end.Status} of {told.Id}, which has ended");
        if (end.Kind == RequestKind.Unlock)
        {
            if (!told.IsEnding || told.Pending is not null)
                throw new ViolationException($"I6: {_name} is told of the end of {told.Id}, which it did not ask for");
            told.HasEnded = true;
            _locks.Remove(told);
            // What is let go of at a node whose time is over was lost before: a persistent lock stays, for its keeper or its master has it.
            if (told.Hold.Token != default && !_node.Wiring.Shards.Limit.IsOver)
                _orphans.Ended(told.Id);
            return;
        }

        if (told.Pending != end.Kind)
            throw new ViolationException($"I6: {_name} is told of a {end.Kind} of {told.Id}, and has {told.Pending} under way");
        told.Pending = null;
        told.Requested = null;
        told.Granted = end.Mode;
        if (told.IsEnding)
            return; // let go of already
        if (end.Mode is not { } mode)
        {
            told.HasEnded = true;
            _locks.Remove(told);
            _watch.Gone(told.Hold);
            return;
        }

        if (end.Status != RawStatus.Ok)
        {
            _watch.Changed(told.Hold, mode);
            return;
        }

        var isGrant = end.Token != told.Hold.Token; // a down-conversion is none
        _watch.Granted(told.Hold, mode, end.Token);
        if (told.IsPersistent && isGrant)
            _orphans.Told(_node, told.Id, told.Hold.Resource, ProcessId);
        if (end.ValueState is { } state && mode is not (LockMode.Null or LockMode.ConcurrentRead))
            _watch.Read(told.Hold, state, end.Value);
    }

    private string StoryOf(SimLock told, in SimEnd end)
    {
        var what = (end.Kind, end.Status) switch
        {
            (RequestKind.Unlock, _) => "is rid of",
            (RequestKind.Lock, RawStatus.Ok) => $"is granted {end.Mode?.ToShortName()} on",
            (_, RawStatus.Ok) => $"has converted to {end.Mode?.ToShortName()} on",
            (RequestKind.Lock, _) => $"does not get ({end.Status})",
            _ => $"keeps {end.Mode?.ToShortName()} ({end.Status}) on",
        };
        var value = end.ValueState is { } state ? $", value {state}{(end.Value is { } written && state == LockValueState.Valid ? $" {written}" : "")}" : "";
        return string.Create(CultureInfo.InvariantCulture, $"{_name} {what} {told.Hold.Resource} {told.Id}{(end.Status == RawStatus.Ok && end.Kind != RequestKind.Unlock ? $" token {end.Token}" : "")}{value}");
    }

    private void Plan() => _world.In(SimWorld.Around(_times, _world.Profile.OperationEvery), Act);

    private void Act()
    {
        if (IsGone || !_node.IsRunning)
            return;
        Plan();
        // Its calls go into its node, which answers nobody while it stands still.
        if (_node.IsFrozen || _hangs || (_isPaused && !_isDone))
            return;
        if (_isDone)
        {
            foreach (var each in _locks.Where(each => !each.IsEnding && each.Pending is null).ToArray())
                Unlock(each);
            // Who chose to wait in a deadlock (NODLCKWT) is to give way himself.
            foreach (var each in _locks.Where(each => each is { WaitsInDeadlock: true, Pending: RequestKind.Convert }).ToArray())
                Cancel(each);
            return;
        }

        // Each has chance of its own: the same, whichever others are left out.
        var operation = _operations++;
        if (_without.Contains(operation))
            return;
        _chance = SimRandom.For(_world.Seed, (((ulong)_number << 32) | (uint)operation) + OperationParts);
        var random = _chance;
        var alive = _locks.Where(each => !each.IsEnding).ToArray();
        if (alive.Length == 0 || (_locks.Count < LocksMax && random.Permille(350)))
        {
            Lock();
            return;
        }

        var chosen = alive[random.Below(alive.Length)];
        switch (random.Below(10))
        {
            case < 4 when chosen.Pending is null:
                Convert(chosen);
                break;
            case 4 when chosen.Pending is not null:
                Cancel(chosen);
                break;
            case < 9 when chosen.Pending is null:
                Unlock(chosen);
                break;
            case 9 when random.Permille(300):
                Unlock(chosen);
                break;
        }
    }

    private void Lock()
    {
        var random = _chance;
        var profile = _world.Profile;
        var name = random.Permille(500)
            ? string.Create(CultureInfo.InvariantCulture, $"hot{random.Below(profile.Hot)}")
            : string.Create(CultureInfo.InvariantCulture, $"cold{random.Below(profile.Cold)}");
        var mode = random.Of([.. LockModes.All]);
        var flags = RawFlags.None;
        if (random.Permille(700))
            flags |= RawFlags.ValBlk;
        if (random.Permille(150))
            flags |= RawFlags.NoQueue;
        if (mode == LockMode.Null && (flags & RawFlags.NoQueue) == 0 && random.Permille(200))
            flags |= RawFlags.Expedite;
        if (random.Permille(100))
            flags |= RawFlags.NoOrder;
        if (random.Permille(100))
            flags |= RawFlags.HeadQue;
        if (random.Permille(profile.Persistent))
            flags |= RawFlags.Persistent;
        Ask(name, mode, flags, TimeLimit(300), notifies: random.Permille(700));
    }

    private void Ask(string name, LockMode mode, RawFlags flags, TimeSpan? timeout, bool notifies)
    {
        var asked = new SimLock(this, new Hold(_name, name)) { Pending = RequestKind.Lock, Requested = mode, IsPersistent = flags.HasFlag(RawFlags.Persistent) };
        _locks.Add(asked);
        _world.Tell($"{_name} asks for {mode.ToShortName()} on {name}{Words(flags, timeout)}");
        var result = _port.Lock(asked, new LockRequest { Mode = mode, Flags = flags, Timeout = timeout, NotifyBlocking = notifies });
        _world.NameLock(asked.Id, name);
        if (result == RawResult.UnknownLockspace && _session.IsClosed)
        {
            // Its session was ended when it had no lock that could have been told of that.
            _locks.Remove(asked);
            IsGone = true;
            return;
        }

        if (result != RawResult.Accepted)
            throw new ViolationException($"{_name} may not lock {name} in {mode} ({flags}): {result}");
    }

    private void Convert(SimLock converted)
    {
        var random = _chance;
        var held = converted.Granted!.Value;
        var mode = random.Of([.. LockModes.All]);
        var flags = RawFlags.None;
        // Half of them leave the value alone: then the copy that the lock has may be an old one.
        if (random.Permille(500))
            flags |= RawFlags.ValBlk;
        if (random.Permille(150))
            flags |= RawFlags.NoQueue;
        if (LockModes.MayConvertStrictly(held, mode) && random.Permille(150))
            flags |= RawFlags.QueCvt;
        switch (random.Below(10))
        {
            case 0 when mode is not LockMode.Null:
                flags |= RawFlags.ConvDeadlk;
                break;
            case 1:
                flags |= RawFlags.NoDlckWt;
                break;
            case 2:
                flags |= RawFlags.AltPr;
                break;
            case 3:
                flags |= RawFlags.AltCw;
                break;
        }

        if (converted.IsPersistent && random.Permille(800))
            flags |= RawFlags.Persistent;
        if (CallRules.CheckConvert(mode, flags) != RawResult.Accepted)
            return;
        converted.IsPersistent = flags.HasFlag(RawFlags.Persistent);
        if (!converted.IsPersistent)
            _orphans.LetGo(converted.Id);
        var isDown = LockModes.IsDownConversion(held, mode);
        var writes = (flags & RawFlags.ValBlk) != 0 && isDown && ValueRules.Of(held, mode) == ValueAction.Write;
        Span<byte> value = stackalloc byte[sizeof(ulong)];
        var written = writes ? _watch.Write(converted.Hold) : 0;
        BinaryPrimitives.WriteUInt64LittleEndian(value, written);
        converted.Pending = RequestKind.Convert;
        converted.Requested = mode;
        converted.WaitsInDeadlock = (flags & RawFlags.NoDlckWt) != 0;
        // What it gives up it has given up when it asks; until it is told, it has what all answers have in common.
        _watch.Changed(converted.Hold, isDown ? mode : Watch.Least(held, mode, flags));
        var timeout = TimeLimit(200);
        _world.Tell($"{_name} converts {converted.Hold.Resource} {converted.Id} {held.ToShortName()}->{mode.ToShortName()}{Words(flags, timeout)}{Words(writes, written)}");
        var result = _port.Convert(converted, new ConvertRequest
        {
            Mode = mode,
            Flags = flags,
            NotifyBlocking = random.Permille(700),
            Timeout = timeout,
            GivesValue = writes,
            Value = value,
        });
        CheckAccepted(converted, result, $"convert from {held} to {mode} ({flags})");
    }

    private void Cancel(SimLock cancelled)
    {
        _world.Tell($"{_name} cancels {cancelled.Hold.Resource} {cancelled.Id}");
        _port.Cancel(cancelled);
    }

    private void Unlock(SimLock ended)
    {
        Span<byte> value = stackalloc byte[sizeof(ulong)];
        var writes = ended is { Pending: null, Granted: LockMode.ProtectedWrite or LockMode.Exclusive } && _chance.Permille(600);
        var flags = RawFlags.ForceUnlock;
        var written = 0UL;
        if (writes)
        {
            written = _watch.Write(ended.Hold);
            BinaryPrimitives.WriteUInt64LittleEndian(value, written);
            flags |= RawFlags.ValBlk;
        }

        ended.IsEnding = true;
        _watch.Gone(ended.Hold);
        _orphans.LetGo(ended.Id);
        _world.Tell($"{_name} releases {ended.Hold.Resource} {ended.Id}{Words(writes, written)}");
        var result = _port.Unlock(ended, flags, writes, value);
        CheckAccepted(ended, result, "release");
    }

    private void CheckAccepted(SimLock subject, RawResult result, string what)
    {
        if (result == RawResult.UnknownLock)
            throw new ViolationException($"S6: {_name} was told that it has {subject.Hold.Resource} {subject.Id}, and of no loss; its node does not know the lock");
        if (result != RawResult.Accepted)
            throw new ViolationException($"{_name} may not {what} {subject.Hold.Resource} {subject.Id}: {result}");
    }

    private TimeSpan? TimeLimit(int permille) =>
        _chance.Permille(permille) ? TimeSpan.FromTicks(_chance.Between(1, 3 * TimeSpan.TicksPerSecond)) : null;

    private static string Words(RawFlags flags, TimeSpan? timeout) =>
        $"{(flags == RawFlags.None ? "" : $" ({flags})")}{(timeout is { } limit ? string.Create(CultureInfo.InvariantCulture, $" within {limit.TotalMilliseconds:0} ms") : "")}";

    // Said so often that it is put into words once.
    private static readonly string[][] Ends =
        [.. Enum.GetValues<RequestKind>().Select(kind => Enum.GetValues<RawStatus>().Select(status => $"{kind} {status}").ToArray())];

    private static string Words(RequestKind kind, RawStatus status) => Ends[(int)kind][(int)status];

    private static string Words(bool writes, ulong written) => writes ? string.Create(CultureInfo.InvariantCulture, $", writing {written}") : "";
}
