using Tyer.Comms.Paths;

namespace Tyer.Comms.Peers;

/// <summary>
/// What is measured on one path while it stands: by the heartbeat thread, which pings, and by its readers, which hear. Verdicts are found by
/// these and carried out by others: neither waits for anybody.
/// </summary>
internal sealed class PeerPath(NetSettings settings)
{
    /// <summary>Pings of probes have numbers of their own, so that heartbeats are judged by their own pongs.</summary>
    private const ulong FirstProbe = 1UL << 63;

    private readonly Lock _gate = new();
    private readonly Dictionary<ulong, (TimeSpan SentAt, TaskCompletionSource<TimeSpan> Pong)> _probes = [];
    private ulong _probeNumber = FirstProbe;
    private readonly PathHealth _health = new(settings);
    private PeerLink? _watched;
    private long _heardTicks;
    private bool _isProvenTold;
    private bool _isOverdueTold;
    private volatile bool _isOverdue;

    /// <summary>The control link, from when it is agreed on until it has ended.</summary>
    public PeerLink? Control { get; set; }

    /// <summary>The data link, from when messages may come over it until it has ended.</summary>
    public PeerLink? Data { get; set; }

    /// <summary>The smoothed round trip of pings; zero before the first pong.</summary>
    public TimeSpan RoundTrip
    {
        get
        {
            lock (_gate) return _health.RoundTrip;
        }
    }

    /// <summary>Both links stand: it is to be pinged.</summary>
    public void Watch(PeerLink control, TimeSpan now)
    {
        lock (_gate)
        {
            _watched = control;
            _isProvenTold = _isOverdueTold = false;
            _isOverdue = false;
            Volatile.Write(ref _heardTicks, now.Ticks);
            _health.Begin(now);
        }
    }

    /// <summary>It stands no more.</summary>
    public void Unwatch(TimeSpan now)
    {
        lock (_gate)
        {
            _watched = null;
            _health.End(now);
        }
    }

    /// <summary>Something has come over one of its links.</summary>
    public void Heard(TimeSpan now) => Volatile.Write(ref _heardTicks, now.Ticks);

    /// <summary>A pong has come over a control link.</summary>
    /// <returns>Whether it is the one that proves the path.</returns>
    public bool Pong(PeerLink link, ulong number, TimeSpan now)
    {
        lock (_gate)
        {
            if (number >= FirstProbe)
            {
                if (_probes.Remove(number, out (TimeSpan SentAt, TaskCompletionSource<TimeSpan> Pong) probe)) probe.Pong.TrySetResult(now - probe.SentAt);
                return false;
            }

            if (link != _watched) return false;
            _health.Pong(number, now);
            if (!_health.IsProven || _isProvenTold) return false;
            return _isProvenTold = true;
        }
    }

    /// <summary>Begins to wait for the pong to one more ping, which the caller sends over the link that it gets; null where no path stands.</summary>
    public PeerLink? BeginProbe(TimeSpan now, out ulong number, out Task<TimeSpan> roundTrip)
    {
        lock (_gate)
        {
            var pong = new TaskCompletionSource<TimeSpan>(TaskCreationOptions.RunContinuationsAsynchronously);
            number = ++_probeNumber;
            roundTrip = pong.Task;
            if (_watched is not null) _probes.Add(number, (now, pong));
            return _watched;
        }
    }

    /// <summary>Waits for a pong no more.</summary>
    public void EndProbe(ulong number)
    {
        lock (_gate) _probes.Remove(number);
    }

    /// <summary>What the heartbeat thread does each time: who is to be pinged, and with which number.</summary>
    /// <param name="now">The time.</param>
    /// <param name="lateness">For how long this process stood still, if it did.</param>
    /// <param name="next">Lowered to when this is needed again.</param>
    /// <param name="number">The ping's number.</param>
    /// <param name="isOverdue">Set when the silence has just become too long.</param>
    /// <returns>The link to ping, or null.</returns>
    public PeerLink? Beat(TimeSpan now, TimeSpan lateness, ref TimeSpan next, out ulong number, ref bool isOverdue)
    {
        lock (_gate)
        {
            number = 0;
            if (_watched is null) return null;

            if (lateness > TimeSpan.Zero) _health.Excuse(lateness);
            _health.Heard(TimeSpan.FromTicks(Volatile.Read(ref _heardTicks)));
            if (!_isOverdueTold && _health.IsOverdue(now)) _isOverdueTold = _isOverdue = isOverdue = true;
            number = _health.TakePing(now);
            TimeSpan due = _isOverdueTold ? _health.NextPing : _health.NextDue(now);
            if (due < next) next = due;
            return number == 0 ? null : _watched;
        }
    }

    /// <summary>The link that was found silent for too long, once; or null.</summary>
    public PeerLink? TakeOverdue()
    {
        if (!_isOverdue) return null;
        lock (_gate)
        {
            _isOverdue = false;
            return _watched;
        }
    }

    /// <summary>When its next ping is due.</summary>
    public TimeSpan NextPing
    {
        get
        {
            lock (_gate) return _watched is null ? TimeSpan.MaxValue : _health.NextPing;
        }
    }
}
