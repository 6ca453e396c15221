namespace Tyer.Comms.Sending;

/// <summary>
/// What a writer sends, cut into flushes. A flush ends at the end of a frame, and is known when it begins: however short the kernel's
/// writes are, nothing is ever put into the middle of a frame. All members with the gate held.
/// </summary>
internal abstract class FlushSource
{
    /// <summary>The lock of all who append and send; short, never held over a system call.</summary>
    public abstract Lock Gate { get; }

    /// <summary>Whether there is anything that a flush would send.</summary>
    public abstract bool HasWork { get; }

    /// <summary>Bytes still to be sent.</summary>
    public abstract long PendingBytes { get; }

    /// <summary>Whether nothing of a flush is left over: another link may go on from here.</summary>
    public abstract bool IsBetweenFlushes { get; }

    /// <summary>Lists what to send next; 0 for nothing. To be followed by <see cref="Advance"/>.</summary>
    public abstract int Take(Span<IoVector> vectors);

    /// <summary>The first stretch of what to send next; empty for nothing. To be followed by <see cref="Advance"/>.</summary>
    public abstract ReadOnlyMemory<byte> TakeFirst();

    /// <summary>Says how many bytes of the last take were sent; 0 gives them back.</summary>
    public abstract void Advance(long bytes);

    /// <summary>Another link sends from here on: what is left over of a flush goes with the old one.</summary>
    public abstract void Restart();

    /// <summary>Whether to tell somebody who was turned away that there is room again; true once.</summary>
    public abstract bool TakeRoom();
}
