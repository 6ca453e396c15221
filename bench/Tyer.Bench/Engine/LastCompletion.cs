using Tyer.Engine;
using Tyer.Engine.Locks;
using Lock = Tyer.Engine.Locks.Lock;

namespace Tyer.Bench.Engine;

/// <summary>Remembers how the last request of a session ended: a benchmark checks that what it timed is what it meant to time.</summary>
internal sealed class LastCompletion : ILockObserver
{
    private RequestStatus? _status;

    public void Completed(Lock completed, in Completion completion) => _status = completion.Status;

    public void CancelAnswered(Lock cancelled, CancelOutcome outcome)
    {
    }

    public void Blocking(Lock holder, in BlockingReport report)
    {
    }

    public void WaitsLong(Lock waiting, long waited)
    {
    }

    /// <summary>Takes the completion there was, which must be this one; null: there must have been none.</summary>
    internal void Expect(RequestStatus? status)
    {
        if (_status != status)
            throw new InvalidOperationException($"expected {status?.ToString() ?? "nothing"} and was told {_status?.ToString() ?? "nothing"}");
        _status = null;
    }
}
