using Lock = Tyer.Engine.Locks.Lock;

namespace Tyer.Engine.Tests.Harness;

/// <summary>Something that a session was told, with all that was good only for the length of the call.</summary>
/// <param name="Node">The node of the session.</param>
/// <param name="Lock">The lock.</param>
/// <param name="Tag">What the caller attached to it.</param>
internal abstract record EngineEvent(uint Node, LockId Lock, object? Tag);

/// <summary>The end of a request.</summary>
internal sealed record CompletedEvent(
    uint Node,
    LockId Lock,
    object? Tag,
    Completion Completion,
    FencingToken Token,
    byte[] Value,
    LockValueState ValueState,
    ulong ValueVersion)
    : EngineEvent(Node, Lock, Tag);

/// <summary>The outcome of a cancel.</summary>
internal sealed record CancelAnsweredEvent(uint Node, LockId Lock, object? Tag, CancelOutcome Outcome) : EngineEvent(Node, Lock, Tag);

/// <summary>A blocking notice: the mode wanted, the identity of the session that wants it, the note of its lock, and the ticks that it had waited.</summary>
internal sealed record BlockingEvent(uint Node, LockId Lock, object? Tag, LockMode Wanted, byte[] Requester, byte[] Note, long Waited)
    : EngineEvent(Node, Lock, Tag);

/// <summary>A request without a time limit has waited for long.</summary>
internal sealed record WaitsLongEvent(uint Node, LockId Lock, object? Tag, long Waited) : EngineEvent(Node, Lock, Tag);

/// <summary>Writes down what sessions of one node are told, in the order of telling.</summary>
internal sealed class EventRecorder(uint node, List<EngineEvent> events) : ILockObserver
{
    public void Completed(Lock completed, in Completion completion) => events.Add(new CompletedEvent(
        node,
        completed.Id,
        completed.Tag,
        completion,
        completed.Token,
        completed.Value.ToArray(),
        completed.ValueState,
        completed.ValueVersion));

    public void CancelAnswered(Lock cancelled, CancelOutcome outcome) =>
        events.Add(new CancelAnsweredEvent(node, cancelled.Id, cancelled.Tag, outcome));

    public void Blocking(Lock holder, in BlockingReport report) => events.Add(new BlockingEvent(
        node, holder.Id, holder.Tag, report.Wanted, report.Requester.ToArray(), report.Note.ToArray(), report.Waited));

    public void WaitsLong(Lock waiting, long waited) => events.Add(new WaitsLongEvent(node, waiting.Id, waiting.Tag, waited));
}
