using System.Globalization;
using Tyer.Engine;
using Tyer.Engine.Messages;
using Tyer.Engine.Recovery;

namespace Tyer.Simulation;

/// <summary>One life of a node: the production engine, and what brings it work.</summary>
internal sealed class SimNode : IPeerSender
{
    internal const uint Space = 1;
    private const long TickEvery = 100 * TimeSpan.TicksPerMillisecond;
    private const long IdleKept = 2 * TimeSpan.TicksPerSecond;

    private readonly SimWorld _world;
    private readonly SimNetwork _network;
    private readonly List<EngineView> _views = [];
    private readonly List<MemberId> _proofs = [];
    private readonly int _rate;
    private ulong _leftOut;
    private readonly long _start;

    internal SimNode(SimWorld world, SimNetwork network, MemberId id, ulong firstLockNumber)
    {
        _world = world;
        _network = network;
        Id = id;
        _rate = (int)world.Random.Between(-10, 10);
        _start = world.Now;
        Engine = new LockEngine(
            new EngineOptions { Node = id.Node, FirstLockNumber = firstLockNumber, IdleKept = IdleKept, TableSeed = world.Random.Next() }, this);
        Engine.OpenLockspace(Space, new LockspaceSettings(ValueSize: 64, QueueLengthMax: 1000, LocksPerSessionMax: 1000));
        world.In(world.Random.Between(1, TickEvery), Tick);
    }

    internal MemberId Id { get; }

    internal LockEngine Engine { get; }

    /// <summary>The process is there and works.</summary>
    internal bool IsRunning { get; private set; } = true;

    /// <summary>The process is there and stands still.</summary>
    internal bool IsFrozen { get; private set; }

    internal EngineView? View { get; private set; }

    internal long Time => _world.Now - _start + ((_world.Now - _start) / 1000 * _rate);

    internal void Stop() => IsRunning = false;

    internal void Freeze() => IsFrozen = true;

    internal void Thaw()
    {
        IsFrozen = false;
        if (!IsRunning)
            return;
        foreach (var proof in _proofs.ToArray())
            Prove(proof);
        _proofs.Clear();
        foreach (var view in _views.ToArray())
            Install(view);
        _views.Clear();
        _network.Thaw(Id);
    }

    internal void Install(EngineView view)
    {
        if (!IsRunning)
            return;
        if (IsFrozen)
        {
            _views.Add(view);
            return;
        }

        _world.Tell(string.Create(CultureInfo.InvariantCulture, $"{SimWorld.Name(Id)} installs view {view.Id}: {string.Join(' ', view.Members.Select(member => SimWorld.Name(member.Id)))}; unproven {string.Join(' ', view.Unproven.Select(SimWorld.Name))}"));
        foreach (var member in View?.Members ?? [])
        {
            if (!view.Has(member.Id))
                _network.Close(member.Id, Id);
        }

        if (View is not null && !Engine.IsSettled)
            _world.Count("views in the middle of a recovery");
        var departed = View?.Members.Where(member => !view.Has(member.Id)).ToArray() ?? [];
        View = view;
        Engine.Install(_world.Mistake switch
        {
            SimMistake.ForgetsUnproven => new EngineView(view.Id, view.Members, hasQuorum: view.HasQuorum),
            SimMistake.IgnoresQuorum => new EngineView(view.Id, view.Members, view.Unproven),
            _ => view,
        });
        MakeMistake(view, departed);
        _world.Note("install", view.Id);
    }

    private void MakeMistake(EngineView view, EngineMember[] departed)
    {
        switch (_world.Mistake)
        {
            case SimMistake.SettlesEarly:
                MarkAll(RecoveryMarker.LocksDone);
                break;
            case SimMistake.OpensDirectoryEarly:
                MarkAll(RecoveryMarker.DirectoryDone);
                break;
            case SimMistake.SaysDirectoryDoneEarly when Engine.Core.HandingOver.Unanswered > 0:
                Announce(RecoveryMarker.DirectoryDone, view.Id);
                break;
            case SimMistake.PurgesBeforeProof:
                foreach (var member in departed)
                    Engine.Prove(member.Id);
                break;
        }

        void MarkAll(RecoveryMarker marker)
        {
            foreach (var member in view.Members)
                Engine.Mark(member.Id, marker, view.Id);
        }
    }

    internal void Prove(MemberId departed)
    {
        if (!IsRunning)
            return;
        if (IsFrozen)
        {
            _proofs.Add(departed);
            return;
        }

        _world.Tell($"{SimWorld.Name(Id)} is told that {SimWorld.Name(departed)} acts no more");
        Engine.Prove(departed);
    }

    internal void Take(MemberId from, SimNetwork.Parcel parcel)
    {
        _world.Note("take", (ulong)from.Node << 32 | Id.Node);
        if (_world.Traces)
            _world.Tell($"{SimWorld.Name(from)} > {SimWorld.Name(Id)} {parcel.Describe()} (view {parcel.View})");
        if (_world.Mistake == SimMistake.IgnoresStamps)
            parcel = parcel with { View = View?.Id ?? parcel.View };
        if (_world.Mistake == SimMistake.MistakesIncarnations && View?.Find(from.Node) is { } present)
            from = present.Id;
        if (parcel.Marker is { } marker)
            Engine.Mark(from, marker, parcel.View);
        else if (!Engine.Receive(from, parcel.View, parcel.Message))
            throw new ViolationException($"{SimWorld.Name(Id)} refuses a {parcel.Describe()} of {SimWorld.Name(from)}");
    }

    public void Send(uint node, ulong view, ReadOnlySpan<byte> message)
    {
        var receiver = View!.Find(node)
            ?? throw new ViolationException($"{SimWorld.Name(Id)} writes a {(MessageKind)message[0]} to n{node}, which is not in its view");
        if (_world.Mistake == SimMistake.None)
            _network.Send(Id, receiver.Id, view, message);
        else
            SendMistaken(receiver.Id, view, message);
    }

    private void SendMistaken(MemberId receiver, ulong view, ReadOnlySpan<byte> bytes)
    {
        if (!MessageCodec.TryRead(bytes, out var message))
            throw new ViolationException($"{SimWorld.Name(Id)} writes what cannot be read");
        switch (_world.Mistake, message.Kind)
        {
            case (SimMistake.ForgetsClock, MessageKind.Remove or MessageKind.Master or MessageKind.Move):
                message.Number = 0;
                break;
            case (SimMistake.TrustsAnyCopy, MessageKind.Rebuild) when message.ValueState is not null:
                message.Facts |= MessageFacts.ValueIsCurrent;
                break;
            case (SimMistake.LeavesOutWhatWaits, MessageKind.Rebuild) when message.Mode is not null:
                message.Wanted = null;
                break;
            case (SimMistake.LeavesOutALock, MessageKind.Rebuild) when _leftOut == 0:
                _leftOut = 1;
                return;
            case (SimMistake.LeavesOutALock, MessageKind.RebuildEnd):
                message.Number -= _leftOut;
                _leftOut = 0;
                break;
            case (SimMistake.SkipsRebuild, MessageKind.Master):
                message.Facts &= ~MessageFacts.MustRebuild;
                break;
            case (SimMistake.ServesBeforeMove, MessageKind.Expect) or (SimMistake.GrantsAfterMove, MessageKind.Move) or (SimMistake.MovesBeforeOwners, MessageKind.Moved):
                _network.Send(Id, receiver, view, bytes);
                SimMoves.MakeMistake(this, _network, receiver, view, message);
                return;
            case (SimMistake.LeavesOutRecords, MessageKind.Record):
                var recorded = new byte[MessageCodec.LengthMax];
                var name = message.Name.ToArray();
                var ended = MessageCodec.Write(new Message { Kind = MessageKind.Recorded, Slot = message.Slot, Space = message.Space, Name = name }, recorded);
                _network.Send(receiver, Id, view, recorded.AsSpan(0, ended));
                return;
        }

        var changed = new byte[MessageCodec.LengthMax];
        _network.Send(Id, receiver, view, changed.AsSpan(0, MessageCodec.Write(message, changed)));
    }

    public void Announce(RecoveryMarker marker, ulong view)
    {
        _world.Count($"{marker}");
        foreach (var member in View!.Members)
        {
            if (member.Id != Id)
                _network.Send(Id, member.Id, view, marker);
        }

        // The node's other shards, if it had any, would have to be done first: never within the call.
        _world.In(1, () =>
        {
            if (IsRunning && !IsFrozen)
                Engine.Mark(Id, marker, view);
            else if (IsRunning)
                _world.In(TickEvery, () => MarkOwn(marker, view));
        });
    }

    private void MarkOwn(RecoveryMarker marker, ulong view)
    {
        if (IsRunning && IsFrozen)
            _world.In(TickEvery, () => MarkOwn(marker, view));
        else if (IsRunning)
            Engine.Mark(Id, marker, view);
    }

    private void Tick()
    {
        if (!IsRunning)
            return;
        if (!IsFrozen)
            Engine.Tick(Time);
        _world.In(TickEvery, Tick);
    }
}
