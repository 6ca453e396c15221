using Tyer.Cluster.State;
using Tyer.Time;

namespace Tyer.Cluster.Static;

/// <summary>
/// A fixed list of nodes, for development and tests. When all of them have said hello, they agree on one view of all, and that is
/// the only view there will be until all are stopped and started again: nobody's failure is noticed by the others but as a fact
/// (<see cref="IGroupObserver.OnPeerLost"/>), and a node that restarts is not taken in again.
/// </summary>
/// <remarks>The view's id is one more than the highest that any of them has stored, and on everybody's disk before it is used.</remarks>
public sealed class StaticStack : IClusterStack
{
    private readonly StaticOptions _options;
    private readonly PeerList _list;
    private readonly Member _self;
    private readonly StateDirectory _state;
    private readonly IPeerMessenger _messenger;
    private readonly IClock _clock;
    private int _connected;

    /// <summary>Makes the stack of the node that owns <paramref name="state"/>.</summary>
    /// <param name="options">The list of peers, and what there is to say about this node.</param>
    /// <param name="state">Stays the caller's to dispose, after the connection.</param>
    /// <param name="messenger">Carries its messages to and from its peers.</param>
    /// <param name="clock">Times the wait after an unclean stop.</param>
    /// <exception cref="ArgumentException">The options contradict each other or the state's owner; the message says how.</exception>
    public StaticStack(StaticOptions options, StateDirectory state, IPeerMessenger messenger, IClock clock)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(messenger);
        ArgumentNullException.ThrowIfNull(clock);
        if (options.Peers.Count == 0)
            throw new ArgumentException("The static stack needs peers. A node without any uses the stack 'local'.", nameof(options));

        if (options.HelloInterval < TimeSpan.FromMilliseconds(1) || options.HelloInterval > TimeSpan.FromMinutes(1))
            throw new ArgumentOutOfRangeException(nameof(options), options.HelloInterval, "The hello interval is 1 ms to 1 min.");

        _options = options;
        _list = new PeerList(state.Owner.Cluster, options.Peers.Append(new StaticPeer(state.Owner.Id, state.Owner.Node)));
        _self = new Member(state.Owner.Id, state.Incarnation, state.Owner.Node, options.Addresses, options.Weight);
        _state = state;
        _messenger = messenger;
        _clock = clock;
    }

    /// <inheritdoc/>
    public string Name => "static";

    /// <inheritdoc/>
    public StackCapabilities Capabilities => StackCapabilities.None;

    /// <inheritdoc/>
    public string? Caution =>
        "The static stack does not detect failures: when a node stops or restarts, its locks stay held, requests to it wait, and it comes "
        + "back only after all nodes were stopped and started again. For development and tests.";

    /// <inheritdoc/>
    public ValueTask<IGroupConnection> ConnectAsync(LockingProtocol protocol, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(protocol);
        cancellationToken.ThrowIfCancellationRequested();
        if (Interlocked.Exchange(ref _connected, 1) != 0) throw new InvalidOperationException("A stack is connected once.");

        Member self = _self with { Protocol = protocol.Versions };
        var connection = new StaticConnection(_list, self, _options.HelloInterval, _state, _messenger, _clock, protocol.Callbacks);
        connection.Start();
        return new ValueTask<IGroupConnection>(connection);
    }
}
