using System.Diagnostics.CodeAnalysis;

namespace Tyer.Comms.Sending;

/// <summary>
/// Those who wait for room in a queue, in the order in which they came: the first of them tries again whenever there may be room, and the
/// others wait behind it, holding nothing but their turn.
/// </summary>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "A semaphore owns nothing of the system as long as nobody asks for its handle.")]
internal sealed class SendTurns
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private TaskCompletionSource? _room;

    /// <summary>Waits until this caller is the first; at once when nobody waits. <see cref="Leave"/> has to follow.</summary>
    public Task EnterAsync(CancellationToken cancellationToken) => _turn.WaitAsync(cancellationToken);

    /// <summary>The next one's turn.</summary>
    public void Leave() => _turn.Release();

    /// <summary>
    /// The next time that there may be room. To be asked for by the first before it tries in vain for the last time, so that no room is missed.
    /// </summary>
    public Task NextRoom()
    {
        var room = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Volatile.Write(ref _room, room);
        return room.Task;
    }

    /// <summary>There may be room; or it is certain that there never will be.</summary>
    public void Wake() => Interlocked.Exchange(ref _room, null)?.TrySetResult();
}
