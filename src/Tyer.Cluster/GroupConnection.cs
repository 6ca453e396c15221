namespace Tyer.Cluster;

/// <summary>One user's connection to a group, with its own callbacks; see <see cref="StackGlue"/>.</summary>
public sealed class GroupConnection : IGroupConnection
{
    private readonly StackGlue _glue;
    private readonly Lock _timeGate = new();
    private TimeSpan _safeUntil = TimeSpan.MinValue;
    private bool _isClosed;

    internal GroupConnection(StackGlue glue, string group, LockingProtocol protocol)
    {
        _glue = glue;
        Group = group;
        Protocol = protocol;
    }

    /// <summary>The group's name.</summary>
    public string Group { get; }

    /// <summary>Whom it tells, and what it speaks.</summary>
    public LockingProtocol Protocol { get; }

    /// <summary>The version that the group runs; null before the first view.</summary>
    public int? Running => View?.Running;

    /// <summary>Whether it is connected: callbacks come.</summary>
    public bool IsConnected => !Volatile.Read(ref _isClosed);

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">The connection is not made yet, or is closed.</exception>
    public Member Self => Shared?.Self ?? throw new InvalidOperationException($"Group {Group} is not connected.");

    /// <inheritdoc/>
    public StackState State => IsConnected ? Shared?.State ?? StackState.Joining : StackState.Closed;

    /// <inheritdoc/>
    public string StateReason => IsConnected ? Shared?.StateReason ?? "connecting" : "this node closed the connection";

    /// <inheritdoc/>
    public ClusterView? View => Shared?.View;

    /// <inheritdoc/>
    public TimeSpan SafeUntil => Shared?.SafeUntil ?? TimeSpan.MaxValue;

    private IGroupConnection? Shared => IsConnected ? _glue.Shared : null;

    /// <summary>
    /// Ends the callbacks: <see cref="StackState.Closed"/> is the last, and has come when this completes. The group is kept until
    /// <see cref="StackGlue.HangUpAsync(string)"/>, for what its user still has to tidy up with the stack in place.
    /// </summary>
    public Task DisconnectAsync() => _glue.DisconnectAsync(this);

    /// <summary>Disconnects, and hangs up.</summary>
    public async ValueTask DisposeAsync()
    {
        await DisconnectAsync().ConfigureAwait(false);
        await _glue.HangUpAsync(this).ConfigureAwait(false);
    }

    /// <summary>The times only grow, whoever tells them.</summary>
    internal void Extend(TimeSpan until)
    {
        lock (_timeGate)
        {
            if (_isClosed || until <= _safeUntil) return;
            _safeUntil = until;
            Protocol.Callbacks.OnSafeUntil(until);
        }
    }

    internal void Close()
    {
        lock (_timeGate) Volatile.Write(ref _isClosed, true);
    }
}
