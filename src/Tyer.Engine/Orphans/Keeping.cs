using Tyer.Engine.Locks;
using Tyer.Engine.Messages;
using Lock = Tyer.Engine.Locks.Lock;

namespace Tyer.Engine.Orphans;

/// <summary>
/// The keeper's side: copies of persistent locks that are nobody's here. They lie with the locks that this node owns on their resources, so that
/// it follows their master, and sends them to a new one, as it does its own.
/// </summary>
internal sealed class Keeping(EngineCore core)
{
    /// <summary>A master says how a lock is that it wants kept. False if no node that follows the protocol says it.</summary>
    internal bool Keep(uint from, in Message message, ulong hash)
    {
        if (message.Mode is not { } mode || message.Lock.Node == core.Node || !IsOfMasterOrDeparted(from, message))
            return false;
        var resource = core.Resources.FindOrAdd(message.Space, hash, message.Name, out _);
        var kept = core.Locks.Find(message.Lock) ?? Add(message, resource);
        if (!kept.IsKept)
            return false;
        kept.Granted = mode;
        kept.Flags = message.Flags;
        kept.Token = message.Token;
        kept.Transaction = message.Transaction;
        kept.Note = message.Note.IsEmpty ? null : message.Note.ToArray();
        if (!resource.Has(ResourceTies.Homeless))
            core.Resources.SetMaster(resource, from);
        Acknowledge(from, message);
        return true;
    }

    /// <summary>A master wants a lock kept no more.</summary>
    internal void Discard(uint from, in Message message)
    {
        if (core.Locks.Find(message.Lock) is { IsKept: true } kept)
        {
            var resource = kept.Resource;
            Forget(kept);
            core.LetRest(resource);
        }

        Acknowledge(from, message);
    }

    internal void Forget(Lock kept)
    {
        kept.Resource.RemoveOwned(kept);
        core.Forget(kept);
    }

    /// <summary>What this node had as master it keeps from here on: nobody else is left who would.</summary>
    internal static void TakeOver(Resource resource, Lock mastered)
    {
        mastered.Requested = null;
        mastered.IsKept = true;
        mastered.Sent = true;
        mastered.Operation = 1;
        resource.AddOwned(mastered);
    }

    /// <summary>This node is master of the resource itself now, and has the lock by another way.</summary>
    internal void GiveUp(LockId id)
    {
        if (core.Locks.Find(id) is { IsKept: true } kept)
            Forget(kept);
    }

    /// <summary>A copy as a message: to a keeper, or from one to a new master.</summary>
    internal static Message CopyOf(MessageKind kind, Lock held, ulong incarnation)
    {
        var message = EngineCore.About(kind, held.Resource);
        message.Lock = held.Id;
        message.Mode = held.Granted;
        message.Flags = held.Flags;
        message.Session = held.Session.Number;
        message.Transaction = held.Transaction;
        message.Note = held.Note;
        message.Node = held.Session.Node;
        message.Number = incarnation;
        message.Token = held.Token;
        message.Process = held.Session.ProcessId;
        message.Text = held.Session.Identity.Span;
        return message;
    }

    /// <summary>The session behind a lock whose owner departed, so that it goes, or becomes an orphan, with the proof.</summary>
    internal Session DepartedSessionOf(in Message message) =>
        core.Sessions.OfDeparted(new MemberId(message.Node, message.Number), message.Session, message.Process, message.Text);

    /// <summary>Whether a copy is of the sender's own lock, or of one who departed: a living owner elsewhere needs no keeper.</summary>
    internal bool IsOfMasterOrDeparted(uint from, in Message message) => message.Node == message.Lock.Node
        && (message.Node == from || !core.View!.Has(new MemberId(message.Node, message.Number)));

    /// <summary>Whether it is proven that a departed owner acts no more. Who came in later than that only knows who is unproven.</summary>
    internal bool IsProven(in Message message) => !core.Recovery.Membership.Unproven.Contains(new MemberId(message.Node, message.Number));

    private Lock Add(in Message message, Resource resource)
    {
        var owner = new MemberId(message.Node, message.Number);
        var isThere = core.View!.Has(owner);
        var kept = core.Locks.Add(message.Lock);
        kept.Session = isThere
            ? core.Sessions.OfMoved(message.Node, message.Session, message.Process, message.Text, hasDeparted: false)
            : DepartedSessionOf(message);
        kept.Session.Incarnation = owner.Incarnation;
        kept.Session.Add(kept);
        kept.Resource = resource;
        kept.Operation = 1;
        kept.Sent = true;
        kept.IsKept = true;
        kept.Since = core.Now;
        kept.WaitingSince = core.Now;
        if (!isThere && IsProven(message))
            kept.OrphanOf = message.Process == 0 ? -1 : message.Process;
        resource.AddOwned(kept);
        return kept;
    }

    private void Acknowledge(uint from, in Message message) =>
        core.Send(from, new Message { Kind = MessageKind.Kept, Slot = message.Slot, Lock = message.Lock, Operation = message.Operation });
}
