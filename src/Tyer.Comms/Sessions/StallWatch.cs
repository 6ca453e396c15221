namespace Tyer.Comms.Sessions;

/// <summary>
/// Notices that a peer takes nothing although there is something for it: nothing was acknowledged for a while that this process did not
/// itself stand still in. Found once, until something is taken. Pure: time is an argument.
/// </summary>
internal sealed class StallWatch
{
    private ulong _progress;
    private TimeSpan _progressAt;
    private bool _isTold;

    /// <summary>Whether it has just turned out that the peer is stalled.</summary>
    /// <param name="progress">How many messages it has acknowledged.</param>
    /// <param name="isOwed">Whether it is connected, and has something to acknowledge.</param>
    /// <param name="now">The time.</param>
    /// <param name="limit">How long is too long.</param>
    /// <param name="lateness">For how long this process stood still since the last look.</param>
    public bool IsStalled(ulong progress, bool isOwed, TimeSpan now, TimeSpan limit, TimeSpan lateness)
    {
        _progressAt += lateness;
        if (progress != _progress || !isOwed)
        {
            _progress = progress;
            _progressAt = now;
            _isTold = false;
        }

        if (_isTold || now - _progressAt < limit) return false;
        return _isTold = true;
    }
}
