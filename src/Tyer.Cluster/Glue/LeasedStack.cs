using System.Globalization;
using System.Text;
using Tyer.Cluster.Fencing;
using Tyer.Cluster.State;
using Tyer.Cluster.Static;
using Tyer.Hashing;
using Tyer.Time;

namespace Tyer.Cluster.Glue;

/// <summary>
/// A cluster stack on top of an outside engine: the engine says who is a member, this adds the lease that every member holds from a majority of the
/// others, and so knows when it has to stop by itself, and when a departed one surely has.
/// </summary>
/// <remarks>
/// Only a majority of all configured nodes can act. A member that a majority has not answered for the length of its lease is expelled by its own
/// clock, a margin before the others may give away what it held.
/// </remarks>
#pragma warning disable CA1001 // The connection is to be disposed of by whoever connected.
public sealed class LeasedStack : IClusterStack, ILeavingStack, IFencingStack
#pragma warning restore CA1001
{
    private readonly IMembershipEngine _engine;
    private readonly LeasedStackOptions _options;
    private readonly PeerList _list;
    private readonly Member _self;
    private readonly StateDirectory _state;
    private readonly IPeerMessenger _messenger;
    private readonly IClock _clock;
    private LeasedConnection? _connection;
    private int _connected;

    /// <summary>Makes the stack of the node that owns <paramref name="state"/>.</summary>
    /// <param name="engine">Says who is a member; disposed with the connection.</param>
    /// <param name="options">What is the same for every engine.</param>
    /// <param name="state">Stays the caller's to dispose, after the connection.</param>
    /// <param name="messenger">Carries renewals of leases and what else members say to each other.</param>
    /// <param name="clock">Times the leases.</param>
    /// <exception cref="ArgumentException">The options contradict each other or the state's owner; the message says how.</exception>
    public LeasedStack(IMembershipEngine engine, LeasedStackOptions options, StateDirectory state, IPeerMessenger messenger, IClock clock)
    {
        ArgumentNullException.ThrowIfNull(engine);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(messenger);
        ArgumentNullException.ThrowIfNull(clock);
        _engine = engine;
        _options = options;
        _list = new PeerList(state.Owner.Cluster, options.Peers.Append(new StaticPeer(state.Owner.Id, state.Owner.Node)));
        _self = new Member(state.Owner.Id, state.Incarnation, state.Owner.Node, options.Addresses, options.Weight);
        _state = state;
        _messenger = messenger;
        _clock = clock;
    }

    /// <inheritdoc/>
    public string Name => _engine.Name;

    /// <inheritdoc/>
    public StackCapabilities Capabilities =>
        StackCapabilities.FailureDetection | StackCapabilities.Leave | StackCapabilities.Evict | StackCapabilities.FenceAcknowledgement
        | (_options.Fencing.Agents.Count > 0 ? StackCapabilities.Fencing : StackCapabilities.None);

    /// <inheritdoc/>
    public string? Caution => _list.Peers.Length switch
    {
        1 or > 2 => null,
        _ => "There are two nodes, and both are a majority only together: when one fails, the other stops. Three go on with two.",
    };

    /// <summary>The lease that its nodes hold.</summary>
    public Leases.LeaseTerms Terms => _options.Terms;

    /// <summary>What makes sure that a departed node has stopped.</summary>
    public FencingOptions Fencing => _options.Fencing;

    /// <summary>How the fencing of each departed node stands, as far as this node knows.</summary>
    public IReadOnlyList<FenceCase> FenceCases => _connection?.FenceCases ?? [];

    /// <summary>Whether this node's watchdog has been set going: the machine is reset when it is fed no more.</summary>
    public bool IsWatchdogArmed => _connection is { IsWatchdogArmed: true };

    /// <summary>
    /// The longest from when a node stops, in whichever way, until it is proven to: the engine notices that it is gone or the others that they do not
    /// hear it, and its lease runs out. Null while the engine does not say how long it takes, and where nodes freeze and only an agent
    /// proves anything.
    /// </summary>
    public TimeSpan? ProofBound => _engine.Detection is not { } noticed ? null
        : Fencing.BeyondLease is not { } beyond ? null
        : new[] { noticed, LeaseKeeper.SilenceMax(Terms), Terms.RunsOutAfter + (beyond * (1 + Terms.ClockRateError)) }.Max();

    /// <inheritdoc/>
    public async ValueTask<IGroupConnection> ConnectAsync(LockingProtocol protocol, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(protocol);
        cancellationToken.ThrowIfCancellationRequested();
        if (Interlocked.Exchange(ref _connected, 1) != 0) throw new InvalidOperationException("A stack is connected once.");

        ulong digest = DigestOf(_list, _options);
        Member self = _self with { Protocol = protocol.Versions };
        var connection = new LeasedConnection(_engine, _list, self, _options, digest, _state, _messenger, _clock, protocol.Callbacks);
        try
        {
            await connection.JoinAsync(cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        _connection = connection;
        return connection;
    }

    /// <inheritdoc/>
    public Task SayFarewellAsync(bool hasLeft) => Connection.SayFarewellAsync(hasLeft);

    /// <inheritdoc/>
    public Task AcknowledgeFenceAsync(NodeIncarnation departed) => Connection.AcknowledgeFenceAsync(departed);

    /// <inheritdoc/>
    public TimeSpan? RunsOutAt(NodeIncarnation departed) => _connection?.RunsOutAt(departed);

    /// <summary>Runs all fence agents of a node, as they would be run to stop it, but to do something harmless.</summary>
    /// <param name="node">Whose.</param>
    /// <param name="action">What they are to do, such as <c>status</c> or <c>monitor</c>.</param>
    /// <param name="cancellationToken">Kills the one that runs.</param>
    /// <returns>How each ended, in the order in which they would be tried; empty if it has none.</returns>
    public async Task<IReadOnlyList<AgentResult>> TestFencingAsync(NodeId node, string action, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(action);
        if (action is not ("status" or "monitor")) throw new ArgumentException($"A test is 'status' or 'monitor', not '{action}'.", nameof(action));
        var results = new List<AgentResult>();
        foreach (FenceAgent agent in _options.Fencing.AgentsOf(node))
            results.Add(await AgentRun.RunAsync(agent, _list.NameOf(node), action, cancellationToken).ConfigureAwait(false));
        return results;
    }

    private LeasedConnection Connection => _connection ?? throw new InvalidOperationException("The stack is not connected.");

    /// <summary>What both ends of a lease have to have in common. The margin is each node's own.</summary>
    private static ulong DigestOf(PeerList list, LeasedStackOptions options) => XxHash64.Hash(Encoding.ASCII.GetBytes(string.Create(
        CultureInfo.InvariantCulture, $"{list.Digest} {options.Terms.Length.Ticks} {options.Terms.ClockRateError:R}{options.Fencing.Common}")));
}
