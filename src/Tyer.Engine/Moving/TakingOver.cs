using Tyer.Engine.Locks;
using Tyer.Engine.Messages;
using Lock = Tyer.Engine.Locks.Lock;

namespace Tyer.Engine.Moving;

/// <summary>The new master's side of a move: keeps what comes for the resource (M1), and is master when the last part is there (M2), in the same view (M3).</summary>
internal sealed class TakingOver(EngineCore core)
{
    // In the order of coming.
    private readonly List<Resource> _expected = [];
    private readonly List<Resource> _recording = [];
    private readonly List<Resource> _stopped = [];

    /// <summary>Another node would hand a resource over.</summary>
    internal void Expect(uint from, in Message message, ulong hash)
    {
        var answer = new Message { Kind = MessageKind.Expected, Slot = message.Slot, Space = message.Space, Name = message.Name };
        var resource = core.Resources.FindOrAdd(message.Space, hash, message.Name, out _);
        const ResourceTies hindrances = ResourceTies.Homeless | ResourceTies.Dropped;
        if (core.Drain.IsLeaving || resource.Role != ResourceRole.Client || resource.Move is not null || resource.Has(hindrances))
        {
            answer.Facts = MessageFacts.IsNotMaster | (core.Drain.IsLeaving ? MessageFacts.NodeLeaves : MessageFacts.None);
            core.Send(from, answer);
            core.LetRest(resource);
            return;
        }

        resource.Move = new Move(from, core.Node, MovePhase.Expecting);
        core.Resources.SetRole(resource, ResourceRole.Expecting);
        _expected.Add(resource);
        core.Send(from, answer);
    }

    internal void Part(uint from, ReadOnlySpan<byte> bytes, in Message message, ulong hash)
    {
        if (core.Resources.Find(message.Space, hash, message.Name) is { Move: { Phase: MovePhase.Expecting } move } && move.From == from)
            move.Parts.Add(bytes.ToArray());
    }

    /// <summary>Everything is here: this node is master. Who had it is told before anybody is granted anything.</summary>
    internal void Take(uint from, in Message message, ulong hash)
    {
        if (core.Resources.Find(message.Space, hash, message.Name) is not { Move: { Phase: MovePhase.Expecting } move } resource || move.From != from)
        {
            core.Send(from, new Message
            {
                Kind = MessageKind.Taken,
                Slot = message.Slot,
                Space = message.Space,
                Name = message.Name,
                Facts = MessageFacts.IsNotMaster,
            });
            return;
        }

        _expected.Remove(resource);
        core.RaiseClock(message.Number);
        core.Resources.SetRole(resource, ResourceRole.Active);
        core.Resources.SetMaster(resource, 0);
        if (message.ValueState is { } state)
            (resource.Value ??= new ValueBuffer()).Set(message.Value, state, message.ValueVersion);
        var arrived = new List<ParkedMessage>();
        TakeIn(resource, move, arrived);
        SayTaken(resource, move);
        core.Keepers.Review(resource);
        foreach (var each in arrived)
            core.Incoming.HandleMoved(each.From, resource, each.Bytes);
        core.Following.CarryOut(move);
        core.Directory.TakeInOwn(resource);
        core.Directory.HandParkedOn(resource);
        core.Recovery.AnswerAskersOf(resource);
        core.Master.Pass.Run(resource);
        core.LetRest(resource);
    }

    /// <summary>The directory node knows: who had it need not tell anybody of this node any more.</summary>
    internal void Recorded(Resource mastered)
    {
        if (mastered.Move is not { Phase: MovePhase.Recording } move)
            return;
        _recording.Remove(mastered);
        mastered.Move = null;
        SendTaken(mastered, move.From, MessageFacts.IsRecorded);
    }

    /// <summary>It does not come after all: whoever asked for it here is told that this node is not master.</summary>
    internal void CalledOff(Resource resource, Move move)
    {
        _expected.Remove(resource);
        resource.Move = null;
        core.Resources.SetRole(resource, ResourceRole.Client);
        core.Following.CarryOut(move);
        core.Directory.HandParkedOn(resource);
        core.Directory.Resolve(resource);
        core.LetRest(resource);
    }

    // A view in the middle (M3).

    /// <summary>What was not handed over yet is not any more: it stays with who had it.</summary>
    internal void Stop(IReadOnlyList<MemberId> departed)
    {
        foreach (var resource in _expected)
        {
            var move = resource.Move!;
            resource.Move = null;
            core.Resources.SetRole(resource, ResourceRole.Client);
            foreach (var gone in departed)
                resource.Parked?.RemoveAll(message => message.From == gone.Node);
            core.Following.Leave(resource, move);
            _stopped.Add(resource);
        }

        _expected.Clear();
        foreach (var resource in _recording.ToArray())
        {
            if (!departed.Any(gone => gone.Node == resource.Move!.From))
                continue;
            resource.Move = null;
            _recording.Remove(resource);
        }
    }

    /// <summary>Who asked for it here is told that this node is not master.</summary>
    internal void GoOn()
    {
        foreach (var resource in _stopped)
        {
            core.Directory.HandParkedOn(resource);
            core.LetRest(resource);
        }

        _stopped.Clear();
    }

    private void SayTaken(Resource resource, Move move)
    {
        move.IsTold = false;
        move.Phase = MovePhase.Recording;
        if (core.Directory.IsDirectoryOf(resource.Slot))
        {
            resource.Move = null;
            core.Resources.SetRecord(resource, core.Node);
            SendTaken(resource, move.From, MessageFacts.IsRecorded);
        }
        else
        {
            _recording.Add(resource);
            SendTaken(resource, move.From, MessageFacts.None);
            core.Recovery.Unrecord(resource);
            core.Directory.SendRecord(resource);
        }

        foreach (var owner in resource.Queues.OwnersBeside(core.Node))
        {
            // The old master hears it with Taken.
            if (owner != move.From)
                core.Send(owner, EngineCore.About(MessageKind.NewMaster, resource));
        }
    }

    private void SendTaken(Resource resource, uint to, MessageFacts facts)
    {
        var message = EngineCore.About(MessageKind.Taken, resource);
        message.Facts = facts;
        core.Send(to, message);
    }

    private void TakeIn(Resource resource, Move move, List<ParkedMessage> arrived)
    {
        // Of those with one number the one said last is meant (HandedParts).
        var sessions = new Dictionary<(uint Node, uint Number, bool HasDeparted), Session>();
        foreach (var part in move.Parts)
        {
            MessageCodec.TryRead(part, out var message);
            var hasDeparted = (message.Facts & MessageFacts.NodeLeaves) != 0;
            switch (message.Kind)
            {
                case MessageKind.MovedSession when !IsOwn(message.Node, hasDeparted):
                    sessions[(message.Node, message.Session, hasDeparted)] =
                        core.Sessions.OfMoved(message.Node, message.Session, message.Process, message.Text, hasDeparted);
                    sessions[(message.Node, message.Session, hasDeparted)].Incarnation = message.Number;
                    break;
                case MessageKind.MovedLock when IsOwn(message.Lock.Node, hasDeparted):
                    TakeOwn(resource, message);
                    break;
                case MessageKind.MovedLock when sessions.TryGetValue((message.Lock.Node, message.Session, hasDeparted), out var session):
                    TakeOthers(resource, message, session);
                    break;
                case MessageKind.MovedMessage:
                    arrived.Add(new ParkedMessage(message.Node, message.Text.ToArray()));
                    break;
            }
        }
    }

    /// <summary>What a former life of this node left behind is not this one's.</summary>
    private bool IsOwn(uint node, bool hasDeparted) => node == core.Node && !hasDeparted;

    /// <summary>One that ended here meanwhile was granted to nobody: its end is on its way, or was never needed.</summary>
    private void TakeOwn(Resource resource, in Message message)
    {
        if (core.Locks.Find(message.Lock) is not { Queue: QueueKind.Owned } own || own.Resource != resource)
            return;
        resource.RemoveOwned(own);
        Place(resource, own, message);
    }

    private void TakeOthers(Resource resource, in Message message, Session session)
    {
        if (core.Locks.Find(message.Lock) is not null)
            return;
        var taken = core.Locks.Add(message.Lock);
        taken.Session = session;
        taken.Resource = resource;
        session.Add(taken);
        taken.Operation = message.Operation;
        taken.Transaction = message.Transaction;
        taken.Note = message.Note.IsEmpty ? null : message.Note.ToArray();
        taken.OrphanOf = message.Process;
        taken.Since = core.Now - message.HeldFor;
        taken.WaitingSince = core.Now - message.WaitedFor;
        Place(resource, taken, message);
    }

    private void Place(Resource resource, Lock placed, in Message message)
    {
        if (message.Node != 0)
            core.Keepers.Note(placed, message.Node);
        placed.Granted = message.Mode;
        placed.Requested = message.Wanted;
        placed.Applied = message.Operation;
        placed.Refused = message.Status;
        placed.Flags = message.Flags;
        placed.StatusFlags = message.StatusFlags;
        placed.Token = message.Token;
        placed.Sequence = (long)message.Number;
        // Whoever holds is told anew what is in his way; he knows what adds nothing.
        placed.Notified = LockMode.Null;
        resource.Queues.Place(placed, message.Wanted is null ? QueueKind.Granted : message.Mode is null ? QueueKind.Waiting : QueueKind.Converting);
    }
}
