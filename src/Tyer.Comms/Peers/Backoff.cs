namespace Tyer.Comms.Peers;

/// <summary>
/// The delay before the next attempt to reach a peer: a random part of a span that doubles from 10 ms up to a limit, so that nodes which lost
/// each other together do not come back together. The first attempt is not delayed.
/// </summary>
internal sealed class Backoff(ulong seed)
{
    private const int DoublingsMax = 14;

    private ulong _state = seed | 1;
    private int _failures;

    /// <summary>The last connection was good: begin again without delay.</summary>
    public void Reset() => _failures = 0;

    /// <summary>The delay after one more failure.</summary>
    /// <param name="most">The longest span.</param>
    public TimeSpan Next(TimeSpan most)
    {
        if (_failures == 0)
        {
            _failures = 1;
            return TimeSpan.Zero;
        }

        TimeSpan span = CommsLimits.ReconnectDelayMin * (1 << Math.Min(_failures - 1, DoublingsMax));
        _failures++;
        return PartOf(span < most ? span : most);
    }

    /// <summary>A random part of a span.</summary>
    public TimeSpan PartOf(TimeSpan span)
    {
        // xorshift64*: jitter needs no better, and the simulator needs it to be repeatable.
        _state ^= _state >> 12;
        _state ^= _state << 25;
        _state ^= _state >> 27;
        return TimeSpan.FromTicks((long)((_state * 0x2545_F491_4F6C_DD1D) % (ulong)(span.Ticks + 1)));
    }
}
