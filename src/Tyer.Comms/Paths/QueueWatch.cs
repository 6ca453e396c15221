namespace Tyer.Comms.Paths;

/// <summary>
/// Notices that more waits on the path that carries than on another one: by so much, and at two looks in a row, that moving is worth sending
/// again what is on its way. A path that was left is not come back to for a while, so that two that are both full do not take turns. Pure:
/// time is an argument.
/// </summary>
internal sealed class QueueWatch
{
    private const int LooksToMove = 2;

    private readonly TimeSpan[] _notBefore = new TimeSpan[CommsLimits.PathsPerPeerMax];
    private int _carrier = -1;
    private int _looks;

    /// <summary>One look.</summary>
    /// <param name="queued">Bytes that wait on each path; -1 where it is not up.</param>
    /// <param name="carrier">The path that carries; -1 for none.</param>
    /// <param name="now">The time.</param>
    /// <param name="failbackDelay">For how long a path that is left now is not come back to.</param>
    /// <returns>The path that is to carry instead; -1 for none.</returns>
    public int Look(ReadOnlySpan<long> queued, int carrier, TimeSpan now, TimeSpan failbackDelay)
    {
        if (carrier != _carrier) _looks = 0;
        _carrier = carrier;
        if (carrier < 0 || queued[carrier] < 0) return -1;

        int best = -1;
        for (int path = 0; path < queued.Length; path++)
        {
            if (path == carrier || queued[path] < 0 || now < _notBefore[path]) continue;
            if (best < 0 || queued[path] < queued[best]) best = path;
        }

        bool isMore = best >= 0 && queued[carrier] - queued[best] >= CommsLimits.QueueDifferenceBytes;
        _looks = isMore ? _looks + 1 : 0;
        if (_looks < LooksToMove) return -1;

        _looks = 0;
        _notBefore[carrier] = now + failbackDelay;
        return best;
    }
}
