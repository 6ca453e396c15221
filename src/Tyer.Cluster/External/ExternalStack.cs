using Tyer.Cluster.State;
using Tyer.Cluster.Static;
using Tyer.Time;

namespace Tyer.Cluster.External;

/// <summary>
/// Membership by an outside control daemon, as the kernel's lock manager has it: the daemon agrees with its like on views and fences,
/// by whatever means it has, and tells each node the result. This stack decides nothing; it refuses what cannot be right.
/// </summary>
/// <remarks>
/// Every member is to be told every view that it is in, in order, and every proof; joiners are told the unproven with their first view.
/// </remarks>
#pragma warning disable CA1001 // The connection is to be disposed of by whoever connected.
public sealed class ExternalStack : IClusterStack, ILeavingStack
#pragma warning restore CA1001
{
    private readonly PeerList _list;
    private readonly Member _self;
    private readonly StateDirectory _state;
    private readonly IPeerMessenger _messenger;
    private readonly IClock _clock;
    private ExternalConnection? _connection;
    private int _connected;

    /// <summary>Makes the stack of the node that owns <paramref name="state"/>.</summary>
    /// <param name="peers">The nodes that may ever be in a view with this one: those that it can connect to.</param>
    /// <param name="addresses">Where peers reach this node, best first; see <see cref="Member.Addresses"/>.</param>
    /// <param name="state">Stays the caller's to dispose, after the connection.</param>
    /// <param name="messenger">Tells which peers are connected; and carries the farewell of one that stops.</param>
    /// <param name="clock">Times the wait after an unclean stop.</param>
    /// <exception cref="ArgumentException">The peers contradict each other or the state's owner; the message says how.</exception>
    public ExternalStack(
        IReadOnlyCollection<StaticPeer> peers, IReadOnlyCollection<string> addresses, StateDirectory state, IPeerMessenger messenger, IClock clock)
    {
        ArgumentNullException.ThrowIfNull(peers);
        ArgumentNullException.ThrowIfNull(addresses);
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(messenger);
        ArgumentNullException.ThrowIfNull(clock);
        _list = new PeerList(state.Owner.Cluster, peers.Append(new StaticPeer(state.Owner.Id, state.Owner.Node)));
        _self = new Member(state.Owner.Id, state.Incarnation, state.Owner.Node, addresses);
        _state = state;
        _messenger = messenger;
        _clock = clock;
    }

    /// <inheritdoc/>
    public string Name => "external";

    /// <inheritdoc/>
    public StackCapabilities Capabilities => StackCapabilities.Leave | StackCapabilities.FenceAcknowledgement;

    /// <inheritdoc/>
    public string? Caution =>
        "The external stack believes its control daemon: a view or a proof that is wrong lets two hold one lock. A node that it cannot reach acts "
        + "on, unless its views say for how long they are good (safeFor).";

    /// <inheritdoc/>
    public ValueTask<IGroupConnection> ConnectAsync(LockingProtocol protocol, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(protocol);
        cancellationToken.ThrowIfCancellationRequested();
        if (Interlocked.Exchange(ref _connected, 1) != 0) throw new InvalidOperationException("A stack is connected once.");

        _connection = new ExternalConnection(_list, _self with { Protocol = protocol.Versions }, _state, _messenger, _clock, protocol.Callbacks);
        _connection.Start();
        return new ValueTask<IGroupConnection>(_connection);
    }

    /// <summary>
    /// Installs a view: on return its id is on disk, and the observer has been told. One that leaves this node out expels it.
    /// </summary>
    /// <param name="view">The view; see <see cref="ClusterView"/>.</param>
    /// <param name="safeFor">
    /// For how long the node may act on it, 1 s to 10 min, counted from when the control daemon last knew it to be a member; then it is expelled,
    /// unless <see cref="RenewAsync"/> comes first. Null: for ever; not once an earlier view was limited.
    /// </param>
    /// <exception cref="LockRefusedException">It cannot be the next view of this node; the message says why.</exception>
    /// <exception cref="LockUnavailableException">
    /// The connection is closed, or the node stopped uncleanly before this start and its sessions of then have not run out.
    /// </exception>
    public Task SetViewAsync(ClusterView view, TimeSpan? safeFor = null)
    {
        ArgumentNullException.ThrowIfNull(view);
        return Connection.SetViewAsync(view, safeFor);
    }

    /// <summary>The node may act on its view for another while.</summary>
    /// <param name="view">The id of the view that it is in.</param>
    /// <param name="safeFor">As for <see cref="SetViewAsync"/>.</param>
    /// <exception cref="LockRefusedException">It is in another view, is expelled, or its time is not limited.</exception>
    /// <exception cref="LockUnavailableException">The connection is closed.</exception>
    public Task RenewAsync(ulong view, TimeSpan safeFor) => Connection.RenewAsync(view, safeFor);

    /// <summary>
    /// Takes in the proof that an incarnation, and every client of it, acts no more. It may come before the view without it, and again.
    /// Of this node's own run before this one it ends the wait after an unclean stop.
    /// </summary>
    /// <param name="who">The incarnation.</param>
    /// <exception cref="LockRefusedException">It cannot be right; the message says why.</exception>
    /// <exception cref="LockUnavailableException">The connection is closed.</exception>
    public Task ProveAsync(NodeIncarnation who) => Connection.ProveAsync(who);

    /// <summary>Another node may be in a view with this one from now on.</summary>
    /// <exception cref="LockRefusedException">Its id or its name is another node's, or there are too many.</exception>
    /// <exception cref="LockUnavailableException">The connection is closed.</exception>
    public Task AdmitAsync(StaticPeer peer)
    {
        ArgumentNullException.ThrowIfNull(peer);
        return Connection.AdmitAsync(peer);
    }

    /// <summary>A node may be in a view with this one no more, until it is admitted again.</summary>
    /// <exception cref="LockRefusedException">It is in the present view.</exception>
    /// <exception cref="LockUnavailableException">The connection is closed.</exception>
    public Task ForgetAsync(NodeId node) => Connection.ForgetAsync(node);

    /// <inheritdoc/>
    /// <remarks>When the others have heard that it has left, they have its proof, and a view without it need not list it as unproven.</remarks>
    public Task SayFarewellAsync(bool hasLeft) => Connection.SayFarewellAsync(hasLeft);

    private ExternalConnection Connection => _connection ?? throw new InvalidOperationException("The stack is not connected.");
}
