using System.Buffers.Binary;
using System.Globalization;
using Tyer.Engine;
using Tyer.Engine.Locks;
using Tyer.Engine.Owning;
using Lock = Tyer.Engine.Locks.Lock;

namespace Tyer.Simulation;

/// <summary>A client of a node: takes, converts, cancels and releases locks as chance will, and checks that it is told one end for each.</summary>
internal sealed class SimClient : ILockObserver
{
    private const int LocksMax = 4;

    private readonly SimWorld _world;
    private readonly SimNode _node;
    private readonly Watch _watch;
    private readonly SimRandom _chance;
    private readonly string _name;
    private readonly List<ClientLock> _locks = [];
    private readonly Session _session;
    private ClientLock? _beingLocked;
    private bool _isDone;

    internal SimClient(SimWorld world, SimNode node, Watch watch, uint number, bool isIdle)
    {
        _world = world;
        _node = node;
        _watch = watch;
        _chance = SimRandom.For(world.Seed, 1_000_000 + number);
        _name = string.Create(CultureInfo.InvariantCulture, $"{SimWorld.Name(node.Id)}/c{number}");
        _session = node.Engine.OpenSession(number, [], (int)number, this);
        if (!isIdle)
            Plan();
    }

    /// <summary>Nothing that it waits for is without an end, and it has nothing.</summary>
    internal bool IsIdle => _locks.Count == 0;

    internal bool IsGone { get; private set; }

    internal string Describe() => string.Join(", ", _locks.Select(each => $"{_name} {each.Hold.Resource} {each.Granted} {each.Pending} for {each.Requested}{(each.IsEnding ? " ending" : "")} {each.Id}"));

    /// <summary>Asks for nothing any more, and lets go of what it has.</summary>
    internal void Finish() => _isDone = true;

    /// <summary>Dies, or is told that its session is lost: what it held it does not hold.</summary>
    internal void Vanish()
    {
        IsGone = true;
        foreach (var each in _locks)
            _watch.Gone(each.Hold);
        _locks.Clear();
    }

    public void Completed(Lock completed, in Completion completion)
    {
        var told = completed.Tag as ClientLock ?? throw new ViolationException($"{_name} is told of a lock that it does not have");
        told.Id = completed.Id;
        _world.Note("told", completed.Id.Value ^ (ulong)completion.Status);
        if (_world.Traces)
            _world.Tell($"{_name} {told.Hold.Resource} {completed.Id}: {completion.Kind} {completion.Status} {completion.Mode?.ToShortName()} {completed.Token}");
        if (IsGone)
            throw new ViolationException($"S6: {_name} is told of {completion.Kind} {completion.Status} after its session was lost");
        _world.Count($"{completion.Kind} {completion.Status}");
        if (completion.Kind == OperationKind.Unlock)
        {
            if (!told.IsEnding || told.Pending != OperationKind.None)
                throw new ViolationException($"{_name} is told of the end of {told.Id}, which it did not ask for");
            _locks.Remove(told);
            return;
        }

        if (told.Pending != completion.Kind)
            throw new ViolationException($"{_name} is told of a {completion.Kind} of {told.Id}, and has {told.Pending} under way");
        told.Pending = OperationKind.None;
        told.Requested = null;
        told.Granted = completion.Mode;
        if (told.IsEnding)
            return; // let go of already
        if (completion.Mode is not { } mode)
        {
            _locks.Remove(told);
            _watch.Gone(told.Hold);
            return;
        }

        if (completion.Status == RequestStatus.Granted)
            _watch.Granted(told.Hold, mode, completed.Token);
        else
            _watch.Changed(told.Hold, mode);
        if (completion.ValueRead && completed.ValueState == LockValueState.Valid && mode is not (LockMode.Null or LockMode.ConcurrentRead)
            && completion.Status == RequestStatus.Granted)
        {
            _watch.Read(told.Hold, BinaryPrimitives.ReadUInt64LittleEndian(completed.Value));
        }
    }

    public void CancelAnswered(Lock cancelled, CancelOutcome outcome) => _world.Count($"cancel {outcome}");

    public void Blocking(Lock holder, in BlockingReport report) => _world.Count("blocking notices");

    public void WaitsLong(Lock waiting, long waited) => _world.Count("long waits");

    private void Plan() => _world.In(SimWorld.Around(_chance, _world.Profile.OperationEvery), Act);

    private void Act()
    {
        if (IsGone || !_node.IsRunning)
            return;
        Plan();
        if (_node.IsFrozen)
            return;
        if (_isDone)
        {
            foreach (var each in _locks.Where(each => !each.IsEnding && each.Pending == OperationKind.None).ToArray())
                Unlock(each);
            // Who chose to wait in a deadlock (NODLCKWT) is to give way himself.
            foreach (var each in _locks.Where(each => each is { WaitsInDeadlock: true, Pending: OperationKind.Convert }).ToArray())
                _node.Engine.Cancel(_session, each.Id);
            return;
        }

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
            case < 4 when chosen is { Pending: OperationKind.None }:
                Convert(chosen);
                break;
            case 4 when chosen.Pending != OperationKind.None:
                _node.Engine.Cancel(_session, chosen.Id);
                break;
            case < 9 when chosen.Pending == OperationKind.None:
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
        if (mode == LockMode.Null && random.Permille(200))
            flags |= RawFlags.Expedite;
        if (random.Permille(100))
            flags |= RawFlags.NoOrder;
        if (random.Permille(100))
            flags |= RawFlags.HeadQue;
        var asked = new ClientLock(new Hold(_name, name)) { Pending = OperationKind.Lock, Requested = mode };
        _locks.Add(asked);
        _beingLocked = asked;
        var call = new LockCall
        {
            Space = SimNode.Space,
            Name = name,
            Mode = mode,
            Flags = flags,
            NotifyBlocking = random.Permille(700),
            Deadline = random.Permille(300) ? _node.Engine.Now + random.Between(1, 3 * TimeSpan.TicksPerSecond) : 0,
            Tag = asked,
        };
        var result = _node.Engine.Lock(_session, call, out var id);
        asked.Id = id;
        _beingLocked = null;
        _world.Tell($"{_name} lock {name} {mode.ToShortName()} {flags} -> {result} {id}");
        if (result != RawResult.Accepted)
            _locks.Remove(asked);
    }

    private void Convert(ClientLock converted)
    {
        var random = _chance;
        var held = converted.Granted!.Value;
        var mode = random.Of([.. LockModes.All]);
        var flags = RawFlags.None;
        if (random.Permille(700))
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

        if (Tyer.Engine.Owning.CallRules.CheckConvert(mode, flags) != RawResult.Accepted)
            return;
        var isDown = LockModes.IsDownConversion(held, mode);
        var writes = (flags & RawFlags.ValBlk) != 0 && ValueRules.Of(held, mode) == ValueAction.Write;
        Span<byte> value = stackalloc byte[8];
        if (writes && isDown)
            BinaryPrimitives.WriteUInt64LittleEndian(value, _watch.Write(converted.Hold.Resource));
        converted.Pending = OperationKind.Convert;
        converted.Requested = mode;
        converted.WaitsInDeadlock = (flags & RawFlags.NoDlckWt) != 0;
        // What it gives up it has given up when it asks; until it is told, it has what all answers have in common.
        _watch.Changed(converted.Hold, isDown ? mode : Least(held, mode, flags));
        var call = new ConvertCall
        {
            Mode = mode,
            Flags = flags,
            NotifyBlocking = random.Permille(700),
            Deadline = random.Permille(200) ? _node.Engine.Now + random.Between(1, 3 * TimeSpan.TicksPerSecond) : 0,
            GivesValue = writes && isDown,
            Value = value,
        };
        _world.Tell($"{_name} convert {converted.Id} {held.ToShortName()}->{mode.ToShortName()} {flags}");
        var result = _node.Engine.Convert(_session, converted.Id, call);
        if (result != RawResult.Accepted)
            throw new ViolationException($"{_name} may not convert {converted.Id} from {held} to {mode} ({flags}): {result}");
    }

    private static LockMode Least(LockMode held, LockMode wanted, RawFlags flags)
    {
        if ((flags & RawFlags.ConvDeadlk) != 0)
            return LockMode.Null;
        var least = Lower(held, wanted);
        if ((flags & RawFlags.AltPr) != 0)
            least = Lower(least, LockMode.ProtectedRead);
        if ((flags & RawFlags.AltCw) != 0)
            least = Lower(least, LockMode.ConcurrentWrite);
        return least;

        static LockMode Lower(LockMode one, LockMode other) =>
            LockModes.Covers(one, other) ? other : LockModes.Covers(other, one) ? one : LockMode.ConcurrentRead;
    }

    private void Unlock(ClientLock ended)
    {
        Span<byte> value = stackalloc byte[8];
        var writes = ended is { Pending: OperationKind.None, Granted: LockMode.ProtectedWrite or LockMode.Exclusive } && _chance.Permille(600);
        var flags = RawFlags.ForceUnlock;
        if (writes)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(value, _watch.Write(ended.Hold.Resource));
            flags |= RawFlags.ValBlk;
        }

        ended.IsEnding = true;
        _watch.Gone(ended.Hold);
        _world.Tell($"{_name} unlock {ended.Id}");
        var result = _node.Engine.Unlock(_session, ended.Id, flags, writes, value);
        if (result != RawResult.Accepted)
            throw new ViolationException($"{_name} may not unlock {ended.Id}: {result}");
    }

    /// <summary>Its process ends: the node sees that at once.</summary>
    internal void Close()
    {
        Vanish();
        if (_node is { IsRunning: true, IsFrozen: false })
            _node.Engine.CloseSession(_session);
    }

    private sealed class ClientLock(Hold hold)
    {
        internal Hold Hold => hold;

        internal LockId Id { get; set; }

        internal OperationKind Pending { get; set; }

        internal LockMode? Granted { get; set; }

        internal LockMode? Requested { get; set; }

        internal bool IsEnding { get; set; }

        internal bool WaitsInDeadlock { get; set; }
    }
}
