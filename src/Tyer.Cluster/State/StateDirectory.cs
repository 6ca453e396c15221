namespace Tyer.Cluster.State;

/// <summary>
/// What a node keeps from one run to the next, so that no token, lock id or incarnation is ever used twice (rule S3): a
/// private directory, locked while it is used, with one small file that is replaced as a whole and is durable before
/// what it says is acted upon.
/// </summary>
/// <remarks>
/// Opening it is a start: it yields a new <see cref="Incarnation"/>. May be used from several threads; a call that changes
/// something returns when the change is on disk, which takes milliseconds.
/// </remarks>
public sealed class StateDirectory : IDisposable
{
    private readonly StateStore? _store;
    private readonly Lock _gate = new();
    private volatile NodeState _state;

    private StateDirectory(StateStore? store, NodeState earlier)
    {
        _store = store;
        _state = earlier.Started(DateTimeOffset.UtcNow);
        EarlierIncarnation = earlier.Incarnation;
        EarlierSessionsFor = _state.LongestSession * (1 + ClusterLimits.ClockRateError);
    }

    /// <summary>Whose state it is.</summary>
    public StateOwner Owner => _state.Owner;

    /// <summary>The directory's absolute path; null when volatile.</summary>
    public string? Path => _store?.Directory;

    /// <summary>This run of the node.</summary>
    public Incarnation Incarnation => _state.Incarnation;

    /// <summary>The run before this one; the default when there was none.</summary>
    public Incarnation EarlierIncarnation { get; }

    /// <summary>The highest view id that the node has agreed to, in this run or an earlier one; 0 when there was none.</summary>
    public ulong HighestView => _state.View;

    /// <summary>
    /// How long after the start the sessions of an earlier run may still believe that they hold locks: until then nothing may be
    /// granted. Zero after a clean stop; otherwise the longest session that was told, and the allowed clock error.
    /// </summary>
    public TimeSpan EarlierSessionsFor { get; }

    /// <summary>What an operator must know about the directory, to be logged as a warning; null when there is nothing.</summary>
    public string? Caution { get; private set; }

    /// <summary>Takes the directory, making it where there is none, and begins a new run.</summary>
    /// <param name="path">The node's own directory: <see cref="StatePath.Resolve(string?, string)"/> finds the usual one.</param>
    /// <param name="owner">Who opens it; must be who made it.</param>
    /// <exception cref="StateDirectoryException">It cannot be used. The message names the reason and the remedy.</exception>
    public static StateDirectory Open(string path, StateOwner owner)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(owner);

        StateStore store = StateStore.Open(path, create: true);
        try
        {
            NodeState earlier = NodeState.Fresh(owner);
            if (Read(store) is var (stored, recorded, actual))
            {
                if (stored.Owner != owner) throw OtherOwner(store, stored.Owner, owner);
                if (!recorded.Matches(actual)) throw Copied(store);
                earlier = stored;
            }

            var directory = new StateDirectory(store, earlier);
            directory.Write(directory._state);
            return directory;
        }
        catch (OverflowException e)
        {
            store.Dispose();
            throw Exhausted(store, e);
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    /// <summary>
    /// A state that lives in memory only, for tests: tokens and lock ids grow within the process and begin again with the next one.
    /// </summary>
    /// <param name="owner">Whose it is.</param>
    public static StateDirectory Volatile(StateOwner owner)
    {
        ArgumentNullException.ThrowIfNull(owner);
        return new StateDirectory(null, NodeState.Fresh(owner))
        {
            Caution = "The state is volatile: fencing tokens and lock ids repeat after a restart. For tests only.",
        };
    }

    /// <summary>
    /// Accepts a directory that was restored from a backup or copied, by raising all its numbers over whatever was used after the
    /// copy was made. For an operator who has made sure that the original is not in use.
    /// </summary>
    /// <param name="path">The node's own directory.</param>
    /// <returns>What was there and what is there now.</returns>
    /// <remarks>Also the remedy after a virtual machine was set back to a snapshot, which the directory itself does not notice.</remarks>
    /// <exception cref="StateDirectoryException">There is none, it is in use, it is damaged, or a number has no room left.</exception>
    public static StateAdoption Adopt(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);

        using StateStore store = StateStore.Open(path, create: false);
        if (Read(store) is not var (stored, recorded, actual))
            throw new StateDirectoryException(StateFault.Missing, $"There is no state file {store.File} to adopt.");

        NodeState adopted;
        try
        {
            adopted = stored.Adopted();
        }
        catch (OverflowException e)
        {
            throw Exhausted(store, e);
        }

        store.Write(identity => StateFileText.Format(adopted, identity));
        return new StateAdoption(stored.Owner, stored.View, adopted.View, WasCopy: !recorded.Matches(actual));
    }

    /// <summary>Notes that the node agrees to a view; on disk when this returns. Required before the view is used or promised.</summary>
    /// <param name="view">Greater than <see cref="HighestView"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is not greater: it may have been used before.</exception>
    /// <exception cref="StateDirectoryException">It could not be written, and must not be used.</exception>
    public void RaiseView(ulong view) => Change(state =>
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(view, state.View);
        return state with { View = view };
    });

    /// <summary>Sets lock ids aside: the counters in the returned range are this node's to use, once.</summary>
    /// <exception cref="StateDirectoryException">It could not be written, or the ids are used up.</exception>
    public LockIdRange ReserveLockIds()
    {
        ulong end = Change(state => state.Reserved(1)).LockIdMark;
        return new LockIdRange(end - ClusterLimits.LockIdsReserved, end);
    }

    /// <summary>
    /// Notes how long a session may outlive the node, before the session is told. Costs a write only when it is longer than any before.
    /// </summary>
    /// <param name="timeout">Counted in whole milliseconds, rounded up.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is negative.</exception>
    /// <exception cref="StateDirectoryException">It could not be written, and must not be told.</exception>
    public void TellSession(TimeSpan timeout)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(timeout, TimeSpan.Zero);
        TimeSpan rounded = TimeSpan.FromMilliseconds((long)Math.Ceiling(timeout.TotalMilliseconds));
        Change(state => rounded > state.LongestSession ? state with { LongestSession = rounded } : state);
    }

    /// <summary>
    /// Notes that the node has stopped with no session left: the next run may grant at once. Nothing can be changed after it.
    /// </summary>
    /// <exception cref="StateDirectoryException">It could not be written; the next run will wait.</exception>
    public void MarkClean() => Change(state => state with { Clean = true });

    /// <summary>Lets go of the directory. Without <see cref="MarkClean"/> before it, the run counts as one that broke off.</summary>
    public void Dispose() => _store?.Dispose();

    private static (NodeState State, FileIdentity Recorded, FileIdentity Actual)? Read(StateStore store)
    {
        if (store.Read() is not var (content, actual)) return null;
        try
        {
            (NodeState state, FileIdentity recorded) = StateFileText.Parse(content);
            return (state, recorded, actual);
        }
        catch (FormatException e)
        {
            throw new StateDirectoryException(
                StateFault.Corrupt,
                $"{store.File} {e.Message}. Starting without it would use fencing tokens again. Restore it from a backup and run "
                    + $"'tyer state adopt {store.Directory}'.",
                e);
        }
    }

    private NodeState Change(Func<NodeState, NodeState> change)
    {
        lock (_gate)
        {
            if (_state.Clean) throw new InvalidOperationException("The state has been marked as cleanly stopped.");

            NodeState changed;
            try
            {
                changed = change(_state);
            }
            catch (OverflowException e)
            {
                throw Exhausted(_store, e);
            }

            // The old state stays in force when the write fails, so nothing is used that may not be on disk.
            if (changed != _state) Write(changed);
            return _state = changed;
        }
    }

    private void Write(NodeState state) => _store?.Write(identity =>
    {
        if (identity.Born is null)
        {
            Caution = $"The file system under {_store.Directory} does not keep the time at which a file was born: "
                + "whether the state was restored or copied is told from the inode alone, which a copy may share by chance.";
        }

        return StateFileText.Format(state, identity);
    });

    private static StateDirectoryException OtherOwner(StateStore store, StateOwner stored, StateOwner owner) => new(
        StateFault.OtherOwner,
        $"{store.File} belongs to {stored}, not to {owner}. Give this node a directory of its own, or the name, id and cluster that "
            + "it had.");

    private static StateDirectoryException Copied(StateStore store) => new(
        StateFault.Copied,
        $"{store.File} is not the file that Tyer wrote: it was restored from a backup or copied, and the numbers in it may have been "
            + "used since. If it is a copy of a directory that is still in use, remove it. If the original is gone, run "
            + $"'tyer state adopt {store.Directory}', which raises the epoch by {ClusterLimits.AdoptionStep}, and start again.");

    private static StateDirectoryException Exhausted(StateStore? store, OverflowException e) => new(
        StateFault.Exhausted,
        $"A number in {store?.File ?? "the volatile state"} cannot be raised any further: {e.Message} "
            + "Give the node a new id and directory.",
        e);
}

/// <summary>Counters of lock ids that a node may use.</summary>
/// <param name="First">The first.</param>
/// <param name="End">The first after the last.</param>
public readonly record struct LockIdRange(ulong First, ulong End);

/// <summary>What <see cref="StateDirectory.Adopt"/> did.</summary>
/// <param name="Owner">Whose state it is.</param>
/// <param name="ViewBefore">The highest view id that the copy knew.</param>
/// <param name="ViewAfter">The view id that it has now.</param>
/// <param name="WasCopy">Whether the file was noticed to be a copy; false also after a machine was set back to a snapshot.</param>
public readonly record struct StateAdoption(StateOwner Owner, ulong ViewBefore, ulong ViewAfter, bool WasCopy);
