using System.Runtime.CompilerServices;
using Tyer.Client.Connections;
using Tyer.Sessions;
using Tyer.Sessions.Wire;
using Tyer.Time;

namespace Tyer.Client.Lockspaces;

/// <summary>
/// The way from a lockspace to a node in another process. It outlives sessions: after a loss it is bound to the next one, for new locks;
/// those of the lost session stay lost.
/// </summary>
internal sealed class ClientLockspace(ClientCore client, string name, LockspaceOptions? wanted) : LockPort
{
    private volatile Binding? _binding;
    private volatile bool _isClosed;

    public override string LockspaceName => name;

    public override int ValueSize => _binding?.Space.Options.ValueSize ?? wanted?.ValueSize ?? Limits.ValueBytesDefault;

    public override IClock Clock => client.Clock;

    public override bool InlineCompletions => client.Options.InlineCompletions;

    public override TimeSpan SafeFor => _binding?.Session.SafeFor ?? TimeSpan.Zero;

    /// <summary>What it was opened with: asked for again after a loss.</summary>
    internal LockspaceOptions? Wanted => wanted;

    internal bool IsClosed => _isClosed;

    /// <summary>From now on, calls go to this session.</summary>
    internal void Bind(ClientSession session, OpenSpace space) => _binding = new Binding(session, space);

    internal bool IsBoundTo(ClientSession session) => ReferenceEquals(_binding?.Session, session);

    public override RawResult Lock(ISessionLock target, in LockRequest request)
    {
        if (_isClosed)
            return RawResult.UnknownLockspace;
        return _binding is { } binding ? binding.Session.Locks.Lock(binding.Space, target, request) : RawResult.Unavailable;
    }

    public override RawResult Convert(ISessionLock target, in ConvertRequest request) =>
        _binding?.Session.Locks.Convert(target, request) ?? RawResult.Lost;

    public override RawResult Unlock(ISessionLock target, RawFlags flags, bool givesValue, ReadOnlySpan<byte> value) =>
        _binding?.Session.Locks.Unlock(target, flags, givesValue, value) ?? RawResult.Lost;

    public override CancelOutcome? Cancel(ISessionLock target) => _binding is { } binding ? binding.Session.Locks.Cancel(target) : CancelOutcome.NotFound;

    public override async ValueTask<int> PurgeAsync(uint node, int processId, CancellationToken cancellationToken)
    {
        var what = $"The purge of lockspace '{name}'";
        var (session, space) = Bound(what);
        var purge = new PendingRequest<int>();
        SendPurge(session, session.Requests.Add(purge), space.Number, node, processId, what);
        return await purge.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    public override async IAsyncEnumerable<ResourceSnapshot> QueryAsync(
        ResourceQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var found in client.Administration.QueryAsync(name, query, cancellationToken).ConfigureAwait(false))
            yield return found.Snapshot;
    }

    public override async ValueTask CloseAsync()
    {
        _isClosed = true;
        client.Remove(this);
        if (_binding is not { Session.IsLost: false } binding)
            return;
        var closed = new PendingRequest<bool>();
        var (session, space) = (binding.Session, binding.Space);
        session.Locks.CloseSpace(space);
        try
        {
            SendClose(session, session.Requests.Add(closed), space.Number, $"Closing lockspace '{name}'");
            await closed.Task.ConfigureAwait(false);
        }
        catch (LockUnavailableException)
        {
            // The session was lost, and the lockspace closed with it.
        }

        session.Locks.ForgetSpace(space);
    }

    private static void SendPurge(ClientSession session, uint request, uint space, uint node, int processId, string what)
    {
        Span<byte> message = stackalloc byte[PurgeMessage.Bytes];
        session.Ask(request, message[..new PurgeMessage(request, space, node, processId).Write(message)], what);
    }

    private static void SendClose(ClientSession session, uint request, uint space, string what)
    {
        Span<byte> message = stackalloc byte[CloseLockspaceMessage.Bytes];
        session.Ask(request, message[..new CloseLockspaceMessage(request, space).Write(message)], what);
    }

    private Binding Bound(string what)
    {
        ObjectDisposedException.ThrowIf(_isClosed, typeof(ILockspace));
        return _binding is { Session.IsLost: false } binding ? binding : throw client.Unreachable(what);
    }

    /// <summary>The session that it is open in, and as what. One object, so that both change at once.</summary>
    private sealed record Binding(ClientSession Session, OpenSpace Space);
}
