using Tyer.Engine.Locks;
using Tyer.Engine.Owning;

namespace Tyer.Engine.Tests.Harness;

/// <summary>A session that calls its engine and expects to be accepted.</summary>
internal sealed class Client(EngineCluster cluster, uint node, string name, int processId = 0)
{
    internal const uint Space = 1;

    private readonly LockEngine _engine = cluster[node];

    internal Session Session { get; } = cluster.OpenSession(node, name, processId);

    /// <summary>Asks for a lock.</summary>
    internal LockId Lock(ResourceName resource, LockMode mode, RawFlags flags = RawFlags.None, long deadline = 0)
    {
        var call = new LockCall { Space = Space, Name = resource, Mode = mode, Flags = flags, Deadline = deadline, NotifyBlocking = true };
        Assert.Equal(RawResult.Accepted, _engine.Lock(Session, call, out var id));
        return id;
    }

    /// <summary>Asks for another mode; a value is given if there is one.</summary>
    internal void Convert(LockId id, LockMode mode, RawFlags flags = RawFlags.None, byte[]? value = null, bool notifyBlocking = true)
    {
        var call = new ConvertCall
        {
            Mode = mode,
            Flags = flags,
            NotifyBlocking = notifyBlocking,
            GivesValue = value is not null,
            Value = value,
        };
        Assert.Equal(RawResult.Accepted, _engine.Convert(Session, id, call));
    }

    /// <summary>Ends a lock; a value is given if there is one.</summary>
    internal void Unlock(LockId id, RawFlags flags = RawFlags.None, byte[]? value = null) =>
        Assert.Equal(RawResult.Accepted, _engine.Unlock(Session, id, flags, value is not null, value));

    /// <summary>Cancels what a lock waits for.</summary>
    internal CancelOutcome? Cancel(LockId id) => _engine.Cancel(Session, id);

    /// <summary>The session ends, as when its process dies.</summary>
    internal void Die() => _engine.CloseSession(Session);

    /// <summary>How the requests of a lock ended, in order.</summary>
    internal IEnumerable<(RequestStatus Status, LockMode? Mode)> EndsOf(LockId id) =>
        from told in cluster.Events.OfType<CompletedEvent>()
        where told.Lock == id
        select (told.Completion.Status, told.Completion.Mode);
}
