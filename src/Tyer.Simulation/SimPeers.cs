using System.Globalization;
using System.Text;
using Tyer.Engine;
using Tyer.Engine.Messages;
using Tyer.Engine.Recovery;
using Tyer.Node.Peers;

namespace Tyer.Simulation;

/// <summary>
/// Stands between a node and its transport: tells the story of what passes, notices what must not be sent, and makes the mistake that was
/// asked for.
/// </summary>
internal sealed class SimPeers(SimWorld world, SimNode node, IPeerTransport inner) : IPeerTransport, IPeerTransportObserver
{
    private readonly Dictionary<uint, ulong> _incarnations = [];
    private IPeerTransportObserver? _observer;
    private readonly Dictionary<LockId, uint> _keepers = [];
    private ulong _leftOut;

    public void Start(IPeerTransportObserver observer)
    {
        _observer = observer;
        inner.Start(this);
    }

    public bool TryAppend(uint to, ushort binding, uint view, ReadOnlySpan<byte> body, ulong toIncarnation = 0)
    {
        if (binding == Bindings.Recovery)
            world.Count($"{(RecoveryMarker)body[0]}");
        if (binding == Bindings.Engine && node.View?.Find(to)?.Incarnation != toIncarnation)
            throw new ViolationException($"{SimWorld.Name(node.Id)} writes a {(MessageKind)body[0]} to {SimWorld.Name(new MemberId(to, toIncarnation))}, which is not in its view");
        if (world.Mistake == SimMistake.MistakesIncarnations)
            toIncarnation = 0;
        var isTaken = binding == Bindings.Engine && world.Mistake != SimMistake.None
            ? TryAppendMistaken(to, view, body, toIncarnation)
            : inner.TryAppend(to, binding, view, body, toIncarnation);
        return isTaken ? true : throw new ViolationException($"{SimWorld.Name(node.Id)} has more to say to n{to} than its queue holds");
    }

    public void Flush(uint to) => inner.Flush(to);

    public bool IsConnected(uint to) => inner.IsConnected(to);

    public void CutOff(uint to) => throw new ViolationException($"{SimWorld.Name(node.Id)} gives n{to} up, which has sent what no node sends");

    public void Fence(uint to, ulong incarnation)
    {
        if (world.Mistake != SimMistake.MistakesIncarnations)
            inner.Fence(to, incarnation);
    }

    public void OnMessage(uint from, ushort binding, uint view, ReadOnlySpan<byte> body)
    {
        world.Note("take", (ulong)from << 32 | node.Id.Node);
        world.Count("messages");
        if (world.Traces)
            world.Tell($"    {SimWorld.Name(new MemberId(from, _incarnations[from]))} > {SimWorld.Name(node.Id)} {Describe(binding, body)} (view {view})");
        if (world.Mistake == SimMistake.IgnoresStamps && node.View is { } mine)
            view = (uint)mine.Id;
        if (world.Mistake == SimMistake.MistakesIncarnations && node.View?.Find(from) is { } present && present.Incarnation != _incarnations[from])
            _observer!.OnConnected(from, present.Incarnation);
        try
        {
            _observer!.OnMessage(from, binding, view, body);
        }
        catch (Exception fault)
        {
            world.Fail(fault);
            throw;
        }
    }

    public void OnConnected(uint peer, ulong incarnation)
    {
        _incarnations[peer] = incarnation;
        world.Note("connected", (ulong)peer << 32 | node.Id.Node);
        _observer!.OnConnected(peer, incarnation);
    }

    public void OnDisconnected(uint peer, string why)
    {
        world.Count("connections lost");
        _observer!.OnDisconnected(peer, why);
    }

    public void OnPathUp(uint peer, int path) => world.Count("paths up");

    public void OnPathDown(uint peer, int path, string why) => world.Count("paths down");

    public void OnStalled(uint peer, TimeSpan time) => world.Count("stalls");

    public void OnRefused(string what) => _observer!.OnRefused(what);

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private bool TryAppendMistaken(uint to, uint view, ReadOnlySpan<byte> bytes, ulong toIncarnation)
    {
        if (!MessageCodec.TryRead(bytes, out var message))
            throw new ViolationException($"{SimWorld.Name(node.Id)} writes what cannot be read");
        switch (world.Mistake, message.Kind)
        {
            case (SimMistake.LosesMessages, _) when world.Random.Permille(1):
                return true;
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
                return true;
            case (SimMistake.LeavesOutALock, MessageKind.RebuildEnd):
                message.Number -= _leftOut;
                _leftOut = 0;
                break;
            case (SimMistake.SkipsRebuild, MessageKind.Master):
                message.Facts &= ~MessageFacts.MustRebuild;
                break;
            case (SimMistake.LeavesOutRecords, MessageKind.Record):
                // As if the directory node had noted it.
                AnswerOwn(new MemberId(to, toIncarnation), view, About(MessageKind.Recorded, message));
                return true;
            case (SimMistake.TellsBeforeKeeper, MessageKind.Keep):
                AnswerOwn(new MemberId(to, toIncarnation), view, Acknowledgement(message));
                return inner.TryAppend(to, Bindings.Engine, view, bytes, toIncarnation);
            case (SimMistake.ReplacesNoKeeper, MessageKind.Keep) when _keepers.TryAdd(message.Lock, to) is false && _keepers[message.Lock] != to:
            case (SimMistake.LeavesCopiesBehind, MessageKind.Discard):
                AnswerOwn(new MemberId(to, toIncarnation), view, Acknowledgement(message));
                return true;
            case (SimMistake.LeavesOutCopies, MessageKind.RebuildKept):
                _leftOut++;
                return true;
            case (SimMistake.LeavesOutCopies, MessageKind.RebuildEnd):
                message.Number -= _leftOut;
                _leftOut = 0;
                break;
            case (SimMistake.ServesBeforeMove, MessageKind.Expect):
                // The new master is told at once that it is.
                return inner.TryAppend(to, Bindings.Engine, view, bytes, toIncarnation)
                    && inner.TryAppend(to, Bindings.Engine, view, About(MessageKind.Move, message), toIncarnation);
            case (SimMistake.MovesBeforeOwners, MessageKind.Moved):
                // As if the owner had said that it knows.
                AnswerOwn(new MemberId(to, toIncarnation), view, About(MessageKind.MovedNoted, message));
                return inner.TryAppend(to, Bindings.Engine, view, bytes, toIncarnation);
            case (SimMistake.GrantsAfterMove, MessageKind.Move):
                // As if the new master had refused.
                AnswerOwn(new MemberId(to, toIncarnation), view, About(MessageKind.Taken, message, MessageFacts.IsNotMaster));
                return inner.TryAppend(to, Bindings.Engine, view, bytes, toIncarnation);
        }

        var changed = new byte[MessageCodec.LengthMax];
        return inner.TryAppend(to, Bindings.Engine, view, changed.AsSpan(0, MessageCodec.Write(message, changed)), toIncarnation);
    }

    /// <summary>A message about the same resource.</summary>
    private static byte[] About(MessageKind kind, in Message message, MessageFacts facts = MessageFacts.None)
    {
        var bytes = new byte[MessageCodec.LengthMax];
        var length = MessageCodec.Write(new Message { Kind = kind, Slot = message.Slot, Space = message.Space, Name = message.Name, Facts = facts }, bytes);
        return bytes[..length];
    }

    /// <summary>As if the keeper had what it is told.</summary>
    private static byte[] Acknowledgement(in Message message)
    {
        var bytes = new byte[MessageCodec.LengthMax];
        var length = MessageCodec.Write(new Message { Kind = MessageKind.Kept, Slot = message.Slot, Lock = message.Lock, Operation = message.Operation }, bytes);
        return bytes[..length];
    }

    private void AnswerOwn(MemberId from, uint view, byte[] message) => world.In(1, () => node.Run(() => node.Wiring.Shards.Receive(from, view, message)));

    private string Describe(ushort binding, ReadOnlySpan<byte> body)
    {
        if (binding == Bindings.Recovery)
            return $"{(RecoveryMarker)body[0]}";
        if (!MessageCodec.TryRead(body, out var message))
            return "what cannot be read";
        var words = new StringBuilder().Append(message.Kind);
        if (!message.Name.IsEmpty)
            words.Append(' ').Append(Encoding.UTF8.GetString(message.Name));
        else if (world.ResourceOf(message.Lock) is { Length: > 0 } resource)
            words.Append(' ').Append(resource);
        if (message.Lock != default)
            words.Append(CultureInfo.InvariantCulture, $" {message.Lock} op {message.Operation}");
        if (message.Mode is { } mode)
            words.Append(' ').Append(mode.ToShortName());
        if (message.Wanted is { } wanted)
            words.Append("->").Append(wanted.ToShortName());
        if (message.Token != default)
            words.Append(CultureInfo.InvariantCulture, $" token {message.Token}");
        if (message.Node != 0)
            words.Append(CultureInfo.InvariantCulture, $" n{message.Node}");
        if (message.Kind == MessageKind.Denied)
            words.Append(CultureInfo.InvariantCulture, $" {message.Status}");
        if (message.Facts != 0)
            words.Append(CultureInfo.InvariantCulture, $" {message.Facts}");
        return words.ToString();
    }
}
