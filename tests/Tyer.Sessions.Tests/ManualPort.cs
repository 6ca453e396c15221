using Tyer.Time;

namespace Tyer.Sessions.Tests;

/// <summary>
/// A way to a lock manager that is the test itself: it accepts what is asked, and the test tells the ends, in the order and at the moments
/// that it wants. Continuations run inline, so that what an end brings about has happened when the test goes on.
/// </summary>
internal sealed class ManualPort : LockPort, IClock
{
    private ulong _lastId;

    public override string LockspaceName => "orders";

    public override int ValueSize => 64;

    public override IClock Clock => this;

    public override bool InlineCompletions => true;

    public override TimeSpan SafeFor => Timeout.InfiniteTimeSpan;

    public TimeSpan Now => TimeSpan.Zero;

    /// <summary>What was asked, in order.</summary>
    internal List<RequestKind> Asked { get; } = [];

    internal int Cancels { get; private set; }

    /// <summary>The lock last asked for.</summary>
    internal ISessionLock Target { get; private set; } = null!;

    /// <summary>Run within the next call, before it is accepted: what another thread does just then.</summary>
    internal Action? Meanwhile { get; set; }

    internal RawResult UnlockResult { get; set; } = RawResult.Accepted;

    public override RawResult Lock(ISessionLock target, in LockRequest request)
    {
        Target = target;
        target.Id = new LockId(++_lastId);
        return Accept(RequestKind.Lock);
    }

    public override RawResult Convert(ISessionLock target, in ConvertRequest request) => Accept(RequestKind.Convert);

    public override RawResult Unlock(ISessionLock target, RawFlags flags, bool givesValue, ReadOnlySpan<byte> value)
    {
        Accept(RequestKind.Unlock);
        return UnlockResult;
    }

    public override CancelOutcome? Cancel(ISessionLock target)
    {
        Cancels++;
        return null;
    }

    public override ValueTask<int> PurgeAsync(uint node, int processId, CancellationToken cancellationToken) => throw new NotSupportedException();

    public override IAsyncEnumerable<ResourceSnapshot> QueryAsync(ResourceQuery query, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public override ValueTask CloseAsync() => ValueTask.CompletedTask;

    /// <summary>Notes an end, as a port does with its own lock held. <see cref="ISessionLock.Deliver"/> is for the test to call.</summary>
    internal void End(RequestKind kind, RawStatus status, LockMode? mode) =>
        Target.Completed(new LockCompletion { Kind = kind, Status = status, Mode = mode, Token = new FencingToken(1, (ulong)Asked.Count) });

    private RawResult Accept(RequestKind kind)
    {
        Asked.Add(kind);
        var meanwhile = Meanwhile;
        Meanwhile = null;
        meanwhile?.Invoke();
        return RawResult.Accepted;
    }
}
