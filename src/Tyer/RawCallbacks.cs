namespace Tyer;

/// <summary>
/// Where the classic interface reports to. Made once and used for any number of locks: the status block says which. Callbacks run off the
/// engine's threads, one at a time and in order for each lock.
/// </summary>
/// <param name="completed">Called once for each accepted operation, when it has ended.</param>
/// <param name="blocking">Called when the lock is in somebody's way; null for who does not care: no notice is sent then.</param>
public sealed class RawCallbacks(Action<LockStatusBlock> completed, Action<LockStatusBlock, BlockingNotice>? blocking = null)
{
    /// <summary>Called once for each accepted operation, when it has ended.</summary>
    public Action<LockStatusBlock> Completed { get; } = completed ?? throw new ArgumentNullException(nameof(completed));

    /// <summary>Called when the lock is in somebody's way; may be called after the holder has begun to give way.</summary>
    public Action<LockStatusBlock, BlockingNotice>? Blocking { get; } = blocking;
}
