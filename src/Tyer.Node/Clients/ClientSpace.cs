using Tyer.Node.Lockspaces;
using Tyer.Node.Sessions;

namespace Tyer.Node.Clients;

/// <summary>A lockspace that a client has open, with the session that its locks there belong to.</summary>
internal sealed class ClientSpace(uint number, NodeLockspace port, NodeSession session)
{
    private int _lockCount;

    /// <summary>The number by which the client names it.</summary>
    internal uint Number { get; } = number;

    internal NodeLockspace Port { get; } = port;

    internal NodeSession Session { get; } = session;

    /// <summary>Whether it is being closed: the client has told its holders, and wants to hear nothing more of these locks.</summary>
    internal volatile bool IsClosing;

    /// <summary>Locks held, waited for or on their way out.</summary>
    internal int LockCount => Volatile.Read(ref _lockCount);

    internal void Add() => Interlocked.Increment(ref _lockCount);

    internal void Remove() => Interlocked.Decrement(ref _lockCount);
}
