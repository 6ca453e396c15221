using Tyer.Cluster.State;
using Tyer.Time;

namespace Tyer.Cluster.Local;

/// <summary>
/// A cluster of one: always quorate. Its view id is the state directory's counter plus one at each start, and on disk
/// before the view is used.
/// </summary>
public sealed class LocalStack : IClusterStack
{
    private readonly StateDirectory _state;
    private readonly IClock _clock;
    private int _connected;

    /// <summary>Makes the stack of the node that owns <paramref name="state"/>.</summary>
    /// <param name="state">Stays the caller's to dispose, after the connection.</param>
    /// <param name="clock">Times the wait after an unclean stop.</param>
    public LocalStack(StateDirectory state, IClock clock)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(clock);
        _state = state;
        _clock = clock;
    }

    /// <inheritdoc/>
    public string Name => "local";

    /// <inheritdoc/>
    public StackCapabilities Capabilities => StackCapabilities.None;

    /// <inheritdoc/>
    public string? Caution => null;

    /// <inheritdoc/>
    public ValueTask<IGroupConnection> ConnectAsync(LockingProtocol protocol, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(protocol);
        cancellationToken.ThrowIfCancellationRequested();
        if (Interlocked.Exchange(ref _connected, 1) != 0) throw new InvalidOperationException("A stack is connected once.");

        var connection = new LocalConnection(_state, _clock, protocol);
        connection.Start();
        return new ValueTask<IGroupConnection>(connection);
    }
}
