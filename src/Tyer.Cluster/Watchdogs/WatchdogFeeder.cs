using Tyer.Time;

namespace Tyer.Cluster.Watchdogs;

/// <summary>
/// Feeds a watchdog for as long as the node may act, and not a moment longer: from a thread that does nothing else, so that whatever hangs in this process does not
/// keep the machine alive, nor lets it be reset for nothing.
/// </summary>
internal sealed class WatchdogFeeder : IDisposable
{
    private readonly WatchdogOptions _options;
    private readonly IClock _clock;
    private readonly Lock _gate = new();
    private readonly ManualResetEventSlim _poke = new();
    private WatchdogDevice? _device;
    private Thread? _thread;
    private TimeSpan _until;
    private bool _isOver;
    private bool _isClosed;
    private string? _fault;

    public WatchdogFeeder(WatchdogOptions options, IClock clock)
    {
        _options = options;
        _clock = clock;
    }

    /// <summary>Whether it was set going, and not disarmed: then the machine is reset when it is fed no more.</summary>
    public bool IsArmed
    {
        get
        {
            lock (_gate) return _device is not null && !_isClosed;
        }
    }

    /// <summary>The node may act until then. The first time, the watchdog is set going.</summary>
    /// <exception cref="IOException">It cannot be; the message says what to do.</exception>
    public void Extend(TimeSpan until)
    {
        lock (_gate)
        {
            if (_isOver) return;
            if (_fault is { } fault) throw new IOException(fault);
            _until = until;
            if (_device is null)
            {
                _device = WatchdogDevice.Open(_options.Path, _options.Timeout);
                _thread = new Thread(Run) { Name = "tyer-watchdog", IsBackground = true, Priority = ThreadPriority.Highest };
                _thread.Start();
            }

            _poke.Set();
        }
    }

    /// <summary>The node is out: it is fed no more, and the machine is reset when its time is over.</summary>
    public void Starve()
    {
        lock (_gate)
        {
            if (_isClosed) return;
            _isOver = true;
            _poke.Set();
        }
    }

    /// <summary>The node stops in order, or the watchdog is not to be what ends it: it is disarmed, unless it was left to starve. Again changes nothing.</summary>
    public void Dispose()
    {
        bool isStarving;
        lock (_gate)
        {
            if (_isClosed) return;
            _isClosed = true;
            isStarving = _isOver;
            _isOver = true;
        }

        _poke.Set();
        _thread?.Join();
        if (!isStarving) _device?.Disarm();
        _device?.Dispose();
        _poke.Dispose();
    }

    private void Run()
    {
        while (true)
        {
            lock (_gate)
            {
                if (_isOver) return;
                try
                {
                    // Looked at here and now: a process that stood still finds out before it feeds.
                    if (_clock.Now < _until) _device!.Feed();
                }
                catch (IOException fault)
                {
                    _fault = $"the watchdog {_options.Path} is not to be fed: {fault.Message}";
                    return;
                }
            }

            _poke.Wait(_options.Interval);
            _poke.Reset();
        }
    }
}
