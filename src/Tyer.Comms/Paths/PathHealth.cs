using Tyer.Comms.Peers;

namespace Tyer.Comms.Paths;

/// <summary>
/// What pings and pongs say about one path. A path comes up slowly and goes down fast: it is proven by pongs in a row, each in time; and a
/// path that has just failed is judged with patience, so that it does not flap. Whatever comes over the path is life; round trips are
/// measured by pongs alone. Pure: time is an argument. Not safe for several threads; who owns it has a gate.
/// </summary>
internal sealed class PathHealth(NetSettings settings)
{
    private const int PatienceAfterFailure = 4;
    private const int SmoothingShift = 3;

    private const int PartOfIntervalEarly = 8;

    private static readonly TimeSpan PatienceFallsEvery = TimeSpan.FromSeconds(5);

    private int _patience = 1;
    private TimeSpan _patienceSince;
    private TimeSpan _heardAt;
    private TimeSpan _pingAt = TimeSpan.MaxValue;
    private TimeSpan _pingSentAt;
    private ulong _pings;
    private int _pongs;
    private bool _isWatched;

    /// <summary>The smoothed round trip; zero before the first pong.</summary>
    public TimeSpan RoundTrip { get; private set; }

    /// <summary>The shortest round trip of this path's present life.</summary>
    public TimeSpan RoundTripMin { get; private set; }

    /// <summary>When the next ping is to be sent, or this path needs looking at.</summary>
    public TimeSpan NextPing => _pingAt;

    /// <summary>Whether it has been proven.</summary>
    public bool IsProven => _pongs >= settings.Present.PongsToProve;

    /// <summary>The silence that is too long, at this time.</summary>
    public TimeSpan Limit(TimeSpan now)
    {
        ForgetFailures(now);
        return (settings.Present.HeartbeatTimeout * _patience) + (2 * RoundTrip);
    }

    /// <summary>Both links stand: ping at once.</summary>
    public void Begin(TimeSpan now)
    {
        _isWatched = true;
        _heardAt = _pingAt = now;
        _pongs = 0;
        RoundTrip = RoundTripMin = TimeSpan.Zero;
    }

    /// <summary>It has failed, or its end is known: no ping, and patience with the next life.</summary>
    public void End(TimeSpan now)
    {
        if (!_isWatched) return;
        _isWatched = false;
        _pingAt = TimeSpan.MaxValue;
        _patience = PatienceAfterFailure;
        _patienceSince = now;
    }

    /// <summary>
    /// A ping is due, or almost: its number, to be sent now; or 0. What is almost due goes with what is, and from then on they go together, so that a
    /// node with many peers wakes once an interval and not once for each.
    /// </summary>
    public ulong TakePing(TimeSpan now)
    {
        TimeSpan interval = settings.Present.HeartbeatInterval;
        if (now < _pingAt - (interval / PartOfIntervalEarly)) return 0;
        _pingAt = now + interval;
        _pingSentAt = now;
        return ++_pings;
    }

    /// <summary>When it needs looking at: the next ping, or the end of the longest silence.</summary>
    public TimeSpan NextDue(TimeSpan now)
    {
        TimeSpan limit = _heardAt + Limit(now) + TimeSpan.FromTicks(1);
        return limit < _pingAt ? limit : _pingAt;
    }

    /// <summary>Something came at this time.</summary>
    public void Heard(TimeSpan at)
    {
        if (at > _heardAt) _heardAt = at;
    }

    /// <summary>A pong has come.</summary>
    /// <param name="number">The number of the ping that it answers.</param>
    /// <param name="now">The time.</param>
    public void Pong(ulong number, TimeSpan now)
    {
        _heardAt = now;
        if (number != _pings || !_isWatched) return;

        TimeSpan took = now - _pingSentAt;
        RoundTrip = RoundTrip == TimeSpan.Zero ? took : RoundTrip + ((took - RoundTrip) / (1 << SmoothingShift));
        if (RoundTripMin == TimeSpan.Zero || took < RoundTripMin) RoundTripMin = took;
        if (IsProven) return;

        _pongs = took < settings.Present.HeartbeatTimeout ? _pongs + 1 : 0;
        ForgetFailures(now);

        // A path without a past is proven as fast as its round trips allow; one that has failed lately, as slowly as pings go.
        if (!IsProven && _patience == 1) _pingAt = now;
    }

    /// <summary>Whether the silence is too long.</summary>
    public bool IsOverdue(TimeSpan now) => _isWatched && now - _heardAt > Limit(now);

    /// <summary>This process stood still for so long: silence in that time says nothing about the other side.</summary>
    public void Excuse(TimeSpan lateness) => _heardAt += lateness;

    private void ForgetFailures(TimeSpan now)
    {
        while (_patience > 1 && now - _patienceSince >= PatienceFallsEvery)
        {
            _patience--;
            _patienceSince += PatienceFallsEvery;
        }
    }
}
