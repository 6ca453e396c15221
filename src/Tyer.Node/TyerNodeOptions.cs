using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Tyer.Cluster;
using Tyer.Node;

namespace Tyer;

/// <summary>What a node is started with. Key names are the same in configuration files, environment (<c>TYER__</c>) and here.</summary>
public sealed class TyerNodeOptions
{
    /// <summary>The node's name: 1 to 64 of <c>A-Za-z0-9._-</c>. Default: the host's name.</summary>
    public string? Name { get; set; }

    /// <summary>The node's id, 1 to 1023, unique in the cluster. Default: the number at the end of the name; 1 with the stack <c>local</c>.</summary>
    public int? Id { get; set; }

    /// <summary>The cluster's name. Nodes of different clusters refuse each other. Default: <c>tyer</c>.</summary>
    public string Cluster { get; set; } = "tyer";

    /// <summary>
    /// Where other nodes connect to, such as <c>tcp://127.0.0.1:7600</c>; up to eight addresses, with commas between them, where there are several
    /// networks, or <c>unix:/PATH</c> for nodes of one machine. Needed with peers; null otherwise.
    /// </summary>
    public string? Listen { get; set; }

    /// <summary>The other nodes, name to address, or to addresses with commas between them, in the order of <see cref="Listen"/>. Empty with the stack <c>local</c>.</summary>
    public IDictionary<string, string> Peers { get; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>
    /// Which of several paths carries what this node sends to another: <c>passive</c>, the first that is up, or <c>least-queued</c>, which is
    /// left when much waits on it and less on another. Default: <c>passive</c>.
    /// </summary>
    public string? PathPolicy { get; set; }

    /// <summary>
    /// The priority of heartbeats between nodes in the queues of this machine (<c>SO_PRIORITY</c>), 0 to 15; above 6 it takes a privilege, and
    /// without that they go on with none. Default: 6.
    /// </summary>
    public int HeartbeatPriority { get; set; } = 6;

    /// <summary>The mark (DSCP) of heartbeats between nodes for routers and switches, 0 to 63. Default: 0, none.</summary>
    public int HeartbeatDscp { get; set; }

    /// <summary>
    /// How the nodes of the cluster know each other, the same on all of them: <c>none</c>, which is refused where an address is not of this
    /// machine; <c>psk</c>, by a key of the cluster; <c>psk+seal</c>, which also encrypts what they say; or <c>mtls</c>, by certificates, with
    /// TLS 1.3. Default: <c>psk+seal</c> with a <see cref="KeyFile"/>, else <c>mtls</c> with a <see cref="Certificate"/>, else <c>none</c>.
    /// </summary>
    public string? Security { get; set; }

    /// <summary>The file with the keys of the cluster, as <c>tyer keygen</c> makes it: the same on every node, and for its owner only.</summary>
    public string? KeyFile { get; set; }

    /// <summary>The file with this node's certificate (PEM), which names it as <c>tyer:CLUSTER/node/ID</c>, as <c>tyer cert</c> makes it.</summary>
    public string? Certificate { get; set; }

    /// <summary>The file with the key to <see cref="Certificate"/> (PEM), for its owner only.</summary>
    public string? PrivateKey { get; set; }

    /// <summary>The file with the certificate of the cluster's own authority (PEM). No other is believed.</summary>
    public string? Authority { get; set; }

    /// <summary>A file with the serial numbers of certificates that are not believed any more, one a line. Default: none.</summary>
    public string? Revoked { get; set; }

    /// <summary>
    /// Where programs connect to: <c>unix:/run/tyer/tyerd.sock</c> for those of this machine; <c>tcp://0.0.0.0:7601</c> for those of others, which
    /// need a certificate then, as the node does. Over TCP nobody may administer. Without a <see cref="Certificate"/>, TCP is for loopback only, and
    /// nobody vouches for who a client is. Default: none; only this process has locks then.
    /// </summary>
    public IList<string> ClientEndpoints { get; } = [];

    /// <summary>Where the node keeps what must survive it (view id, incarnation, lock-id mark). Default: see <c>docs/operating.md</c>.</summary>
    public string? StateDirectory { get; set; }

    /// <summary>Keeps no state: tokens grow only within this process. For tests.</summary>
    public bool Volatile { get; set; }

    /// <summary>
    /// Which cluster stack says who is a member: <c>local</c> (default), <c>static</c>, <c>external</c>, or the name of one of the <see cref="Engines"/>.
    /// </summary>
    public string Stack { get; set; } = "local";

    /// <summary>
    /// What makes the outside engine of a stack, by the stack's name: <c>corosync</c>, say. Each life of a node has an engine of its own, and a node
    /// makes one only for the stack that is chosen. Empty by default.
    /// </summary>
    public IDictionary<string, Func<Cluster.Glue.IMembershipEngine>> Engines { get; } =
        new Dictionary<string, Func<Cluster.Glue.IMembershipEngine>>(StringComparer.Ordinal);

    /// <summary>
    /// How long a node may act without the word of a majority, with an outside engine; the same on all nodes: 1 s to 10 min. The locks of a node that died
    /// are free when its lease has run out. Shorter than 3 s, leases run out on machines that are merely busy. Default: 10 s.
    /// </summary>
    public TimeSpan Lease { get; set; } = ClusterLimits.LeaseDefault;

    /// <summary>
    /// The fence agents of nodes, by the name of the node that they stop, this one included; several of a node are tried in their order. With an outside engine; the same on
    /// all nodes, as any may have to stop any other. Empty by default: what a lost node held is free when its lease has run out.
    /// </summary>
    public IDictionary<string, IList<Cluster.Fencing.FenceAgent>> Fence { get; } = new Dictionary<string, IList<Cluster.Fencing.FenceAgent>>(StringComparer.Ordinal);

    /// <summary>How long a lost node is given before its power is cut, up to 1 h. Default: none.</summary>
    public TimeSpan FenceDelay { get; set; }

    /// <summary>
    /// What happens to this node's clients when it is put out of its cluster, beside their being told. <see cref="ExpulsionPolicy.Watchdog"/> needs a <see cref="Watchdog"/>, and is the same on all nodes.
    /// Default: <see cref="ExpulsionPolicy.Notify"/>.
    /// </summary>
    public ExpulsionPolicy OnExpulsion { get; set; }

    /// <summary>
    /// What happens to what is held when no majority answers this node any more; the same on all nodes. <see cref="QuorumLossPolicy.Freeze"/> needs a fence agent for every node in
    /// <see cref="Fence"/>, or <see cref="ExpulsionPolicy.Watchdog"/>. Default: <see cref="QuorumLossPolicy.Revoke"/>.
    /// </summary>
    public QuorumLossPolicy OnQuorumLoss { get; set; }

    /// <summary>
    /// The watchdog of the machine that the node feeds from its own thread as long as it may act, <c>/dev/watchdog</c> or a FIFO: a process that hangs, or is killed, takes the
    /// machine with it. It is disarmed when the node stops in order. With an outside engine. Default: none.
    /// </summary>
    public string? Watchdog { get; set; }

    /// <summary>How long the watchdog waits before it resets the machine: whole seconds, 1 s to 10 min. Default: 10 s.</summary>
    public TimeSpan WatchdogTimeout { get; set; } = ClusterLimits.WatchdogTimeoutDefault;

    /// <summary>How often it is fed, at most half of <see cref="WatchdogTimeout"/>. Default: a quarter of it.</summary>
    public TimeSpan? WatchdogInterval { get; set; }

    /// <summary>Tickets in the draw for directory slots, 0 to 16. Default: 1.</summary>
    public int Weight { get; set; } = 1;

    /// <summary>How many engines work side by side, 1 to 64. Default: one per processor.</summary>
    public int? Shards { get; set; }

    /// <summary>The longest that a client's session lives without being renewed. Default: 10 s.</summary>
    public TimeSpan SessionTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Whether continuations and callbacks run on the thread that brings the event: a peer's reader, the timer, or whoever releases the lock
    /// waited for. Saves the hop to the pool, and then they must not block. Default: false.
    /// </summary>
    /// <remarks>
    /// A task that waited goes on inside the call that let it in: it runs within the other's <c>Dispose</c>, up to its next real wait. Where tasks
    /// of one process contend for a lock they so nest in each other's releases on one thread: the stack grows with the number that
    /// take turns, the one who released does not go on before the others have, and other work of that thread (other locks' grants, a
    /// peer's messages) starves meanwhile. Use it where what follows a grant is short, and few wait for the same lock in one process.
    /// </remarks>
    public bool InlineCompletions { get; set; }

    /// <summary>Where the node logs to; null: nowhere.</summary>
    public ILoggerFactory? LoggerFactory { get; set; }

    /// <summary>The scope of the meter that the node measures itself with, <c>Tyer.Node</c>; null: it has none.</summary>
    public IMeterFactory? MeterFactory { get; set; }

    /// <summary>Where the node's clock comes from; null: the machine's boot-time clock. For tests.</summary>
    public Time.IClock? Clock { get; set; }

    /// <summary>Which versions of the lock protocol it offers its peers. For tests, where it makes this build another one; null: what this build speaks.</summary>
    internal ProtocolRange? Protocol { get; set; }

    /// <summary>Returns when a node can be started with these options, as far as they alone can tell.</summary>
    /// <exception cref="ArgumentException">An option is wrong; the message names it, what is wrong with it, and what would be right.</exception>
    public void Validate() => NodeSettings.Of(this);
}
