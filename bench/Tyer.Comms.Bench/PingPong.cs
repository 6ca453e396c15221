using System.Diagnostics;

namespace Tyer.Comms.Bench;

/// <summary>
/// Round trips made by the reader itself: the answer to one is followed by the next from the same thread, so that, as with the bare socket,
/// each process uses one thread. Only the beginning and the end involve the measuring thread.
/// </summary>
internal sealed class PingPong
{
    private TaskCompletionSource _done = new();
    private long[] _times = [];
    private int _next;
    private long _start;

    public void Measure(long[] times, Action send)
    {
        _times = times;
        _next = 0;
        _done = new TaskCompletionSource();
        _start = Stopwatch.GetTimestamp();
        send();
        _done.Task.Wait();
    }

    /// <summary>An answer has come; whether to send again.</summary>
    public bool Answered()
    {
        long now = Stopwatch.GetTimestamp();
        _times[_next++] = now - _start;
        if (_next == _times.Length)
        {
            _done.SetResult();
            return false;
        }

        _start = Stopwatch.GetTimestamp();
        return true;
    }
}
