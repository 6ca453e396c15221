using Tyer.Engine.Locks;
using Tyer.Engine.Messages;
using Lock = Tyer.Engine.Locks.Lock;

namespace Tyer.Engine.Orphans;

/// <summary>A persistent lock as its keeper knows it: nobody's lock there, so it is in no queue and no session of that node.</summary>
internal sealed class KeptCopy
{
    private readonly LockMode _mode;
    private readonly RawFlags _flags;
    private readonly FencingToken _token;
    private readonly Guid? _transaction;
    private readonly byte[] _note;
    private readonly uint _session;
    private readonly int _process;
    private readonly byte[] _identity;

    /// <summary>What a master says of a lock.</summary>
    internal KeptCopy(in Message message, Resource resource, uint master)
    {
        Id = message.Lock;
        Resource = resource;
        Owner = new MemberId(message.Node, message.Number);
        Master = master;
        _mode = message.Mode!.Value;
        _flags = message.Flags;
        _token = message.Token;
        _transaction = message.Transaction;
        _note = message.Note.ToArray();
        _session = message.Session;
        _process = message.Process;
        _identity = message.Text.ToArray();
    }

    internal LockId Id { get; }

    internal Resource Resource { get; }

    /// <summary>The life of the node that the lock was, or is, owned on.</summary>
    internal MemberId Owner { get; }

    /// <summary>Whoever wants it kept; 0: he departed, and the next master does not have it yet.</summary>
    internal uint Master { get; set; }

    internal LockMode Mode => _mode;

    internal FencingToken Token => _token;

    /// <summary>What a master says to a keeper of a lock of his, and a keeper to the next master.</summary>
    internal static Message Describe(MessageKind kind, Lock held, MemberId owner)
    {
        var message = EngineCore.About(kind, held.Resource);
        message.Lock = held.Id;
        message.Mode = held.Granted;
        message.Flags = held.Flags;
        message.Token = held.Token;
        message.Transaction = held.Transaction;
        message.Note = held.Note;
        message.Node = owner.Node;
        message.Number = owner.Incarnation;
        message.Session = held.Session.Number;
        message.Process = held.Session.ProcessId;
        message.Text = held.Session.Identity.Span;
        return message;
    }

    /// <summary>The same, for whoever is master next.</summary>
    internal Message Describe()
    {
        var message = EngineCore.About(MessageKind.RebuildKept, Resource);
        message.Lock = Id;
        message.Operation = 1;
        message.Mode = _mode;
        message.Flags = _flags;
        message.Token = _token;
        message.Transaction = _transaction;
        message.Note = _note;
        message.Node = Owner.Node;
        message.Number = Owner.Incarnation;
        message.Session = _session;
        message.Process = _process;
        message.Text = _identity;
        return message;
    }
}
