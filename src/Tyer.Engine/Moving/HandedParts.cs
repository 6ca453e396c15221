using Tyer.Engine.Locks;
using Tyer.Engine.Messages;
using Lock = Tyer.Engine.Locks.Lock;

namespace Tyer.Engine.Moving;

/// <summary>What a resource consists of, as messages to its new master: each session before its first lock, the locks in the order of their queues.</summary>
internal sealed class HandedParts(EngineCore core, Resource resource, uint to)
{
    // Whom the new master takes a number for. Each life of a node counts its sessions anew, so those of departed ones may share it: then the
    // one is said again.
    private readonly Dictionary<(uint Node, uint Number, bool HasDeparted), Session> _said = [];

    internal void Send(LockList list)
    {
        for (var each = list.First; each is not null; each = each.Next)
        {
            Send(each.Session);
            Send(each);
        }
    }

    /// <summary>A message that an owner had sent before it was told.</summary>
    internal void Send(ParkedMessage arrived)
    {
        if (MessageCodec.TryRead(arrived.Bytes, out var request) && request.Kind == MessageKind.Request)
            Send(core.Sessions.Of(arrived.From, request.Session));
        var message = EngineCore.About(MessageKind.MovedMessage, resource);
        message.Node = arrived.From;
        message.Text = arrived.Bytes;
        core.Send(to, message);
    }

    private void Send(Session session)
    {
        var number = (session.Node, session.Number, session.HasDeparted);
        if (_said.GetValueOrDefault(number) == session)
            return;
        _said[number] = session;
        var message = EngineCore.About(MessageKind.MovedSession, resource);
        message.Session = session.Number;
        message.Node = session.Node;
        message.Process = session.ProcessId;
        message.Text = session.Identity.Span;
        message.Number = session.Incarnation;
        message.Facts = session.HasDeparted ? MessageFacts.NodeLeaves : MessageFacts.None;
        core.Send(to, message);
    }

    private void Send(Lock moved)
    {
        var message = EngineCore.About(MessageKind.MovedLock, resource);
        message.Lock = moved.Id;
        message.Operation = moved.Applied;
        message.Mode = moved.Granted;
        message.Wanted = moved.Requested;
        message.Flags = moved.Flags;
        message.Session = moved.Session.Number;
        message.Transaction = moved.Transaction;
        message.Note = moved.Note;
        message.Number = (ulong)moved.Sequence;
        message.Token = moved.Token;
        message.Status = moved.Refused;
        message.StatusFlags = moved.StatusFlags;
        message.Process = moved.OrphanOf;
        message.Facts = moved.Session.HasDeparted ? MessageFacts.NodeLeaves : MessageFacts.None;
        message.Node = resource.Move!.Left.Exists(copy => copy.Id == moved.Id) ? core.Node : 0;
        message.HeldFor = core.Now - moved.Since;
        message.WaitedFor = core.Now - moved.WaitingSince;
        core.Send(to, message);
    }
}
