namespace Tyer.Client.Connections;

/// <summary>
/// Until when a client may believe that it holds its locks (S2). Counted from when it sent what the node has heard, so that no delay on the
/// way back can make it late: the least of its own timeout and of what the node told about itself, less the margin.
/// </summary>
internal sealed class SessionDeadline
{
    private readonly TimeSpan _timeout;
    private readonly TimeSpan _margin;
    private long _lastSentTicks;
    private long _safeTicks;
    private long _ticks;

    /// <param name="timeout">How long the session lives without a keep-alive.</param>
    /// <param name="margin">By how much the deadline comes before everything that was told.</param>
    /// <param name="sentAt">When the hello was sent that the node has answered.</param>
    /// <param name="safeFor">For how long the node said it was safe; <see cref="TimeSpan.MaxValue"/> without a lease.</param>
    internal SessionDeadline(TimeSpan timeout, TimeSpan margin, TimeSpan sentAt, TimeSpan safeFor)
    {
        _timeout = timeout;
        _margin = margin;
        _lastSentTicks = sentAt.Ticks;
        Set(sentAt, safeFor);
    }

    /// <summary>The deadline, by the client's clock.</summary>
    internal TimeSpan Value => new(Volatile.Read(ref _ticks));

    /// <summary>
    /// When to be heard of again: after a fifth of the time that counts, so that four in a row may get lost. Where the node's own time is the shorter, as with a short
    /// lease, that is the one.
    /// </summary>
    internal TimeSpan NextBeat
    {
        get
        {
            var pause = new TimeSpan(Volatile.Read(ref _safeTicks)) / 5;
            return new TimeSpan(Volatile.Read(ref _lastSentTicks)) + (pause > ClientLimits.BeatMin ? pause : ClientLimits.BeatMin);
        }
    }

    /// <summary>A clock that jumps by more than this has been suspended, or cannot be relied on.</summary>
    internal TimeSpan JumpMax => _timeout / 4;

    /// <summary>A keep-alive is sent now.</summary>
    internal void Sent(TimeSpan now) => Volatile.Write(ref _lastSentTicks, now.Ticks);

    /// <summary>The node has heard the one sent then; false: there was none.</summary>
    internal bool TryHeard(TimeSpan sentAt, TimeSpan safeFor)
    {
        if (sentAt.Ticks > Volatile.Read(ref _lastSentTicks) || sentAt < TimeSpan.Zero)
            return false;
        Set(sentAt, safeFor);
        return true;
    }

    private void Set(TimeSpan sentAt, TimeSpan safeFor)
    {
        var safe = safeFor < _timeout ? safeFor : _timeout;
        Volatile.Write(ref _safeTicks, safe.Ticks);
        Volatile.Write(ref _ticks, (sentAt + safe - _margin).Ticks);
    }
}
