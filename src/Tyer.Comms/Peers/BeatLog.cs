namespace Tyer.Comms.Peers;

/// <summary>By how much the latest beats came too late. Written by the thread that beats, without allocating; read by anybody.</summary>
internal sealed class BeatLog
{
    private const int Kept = 1024;

    private readonly long[] _ticks = new long[Kept];
    private long _count;

    /// <summary>One more has come. One that was asked for earlier than planned is not late: it counts for nothing.</summary>
    public void Add(TimeSpan lateness)
    {
        if (lateness < TimeSpan.Zero) return;
        Volatile.Write(ref _ticks[_count % Kept], lateness.Ticks);
        Volatile.Write(ref _count, _count + 1);
    }

    /// <summary>The latest ones, at most 1024, in no order.</summary>
    public TimeSpan[] ToArray()
    {
        var latest = new TimeSpan[Math.Min(Volatile.Read(ref _count), Kept)];
        for (int i = 0; i < latest.Length; i++) latest[i] = TimeSpan.FromTicks(Volatile.Read(ref _ticks[i]));
        return latest;
    }
}
