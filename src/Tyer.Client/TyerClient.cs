using Tyer.Client;
using Tyer.Client.Connections;
using Tyer.Sessions;
using Tyer.Sessions.Administration;
using Tyer.Time;

namespace Tyer;

/// <summary>
/// A program's connection to the lock manager, through the daemon of its machine. One per process is enough, for any number of lockspaces
/// and threads.
/// </summary>
/// <remarks>
/// All its locks belong to one session. The session is lost when the connection breaks, when the daemon stops, or when this program stalls
/// for longer than the session's timeout; every handle is told by its <see cref="LockHandle.Lost"/> token. The client then connects again by itself,
/// and its lockspaces can be used as before; handles that were lost stay lost.
/// </remarks>
/// <example><code>
/// await using var client = await TyerClient.ConnectAsync("unix:/run/tyer/tyerd.sock");
/// await using var locks = await client.OpenLockspaceAsync("orders");
/// await using var handle = await locks.LockAsync("orders/42");
/// </code></example>
public sealed class TyerClient : IAsyncDisposable
{
    private readonly ClientCore _core;

    private TyerClient(ClientCore core) => _core = core;

    /// <summary>Where the node is.</summary>
    public string Endpoint => _core.Endpoint.ToString();

    /// <summary>The name of the node.</summary>
    public string Node => _core.Node.Node;

    /// <summary>The id of the node, 1 to 1023.</summary>
    public uint NodeId => _core.Node.NodeId;

    /// <summary>The name of the cluster that it belongs to.</summary>
    public string Cluster => _core.Node.Cluster;

    /// <summary>The number of the present session at that node, as it stands in lists and logs.</summary>
    public uint Session => _core.Node.Session;

    /// <summary>How long a session lives without being heard of.</summary>
    public TimeSpan SessionTimeout => _core.Node.SessionTimeout;

    /// <summary>Whether there is a session at present; while there is none, the client tries to open one, about once a second.</summary>
    public bool IsConnected => _core.IsConnected;

    /// <summary>What operators ask.</summary>
    public ITyerAdministration Administration => _core.Administration;

    /// <summary>Connects to a node. <c>await TyerClient.ConnectAsync("unix:/run/tyer/tyerd.sock")</c></summary>
    /// <param name="endpoint">Where it is: see <see cref="TyerClientOptions.Endpoint"/>.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    /// <exception cref="ArgumentException">It is not an endpoint.</exception>
    /// <exception cref="LockUnavailableException">Nobody answers there; or nobody whom this user may trust.</exception>
    /// <exception cref="LockRefusedException">The node does not take this client: too many sessions, or another version.</exception>
    public static ValueTask<TyerClient> ConnectAsync(string endpoint, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(endpoint);
        return ConnectAsync(new TyerClientOptions { Endpoint = endpoint }, cancellationToken);
    }

    /// <summary>Connects to a node, with options; without, to the one of this machine.</summary>
    /// <param name="options">How.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    /// <exception cref="ArgumentException">An option is wrong; the message names it.</exception>
    /// <exception cref="InvalidDataException">The machine's configuration file, which would name the endpoint, is broken.</exception>
    /// <exception cref="LockUnavailableException">Nobody answers; or nobody whom this user may trust.</exception>
    /// <exception cref="LockRefusedException">The node does not take this client: too many sessions, or another version.</exception>
    public static ValueTask<TyerClient> ConnectAsync(TyerClientOptions? options = null, CancellationToken cancellationToken = default) =>
        ConnectAsync(options ?? new TyerClientOptions(), BootClock.Instance, SteadyClock.Instance, cancellationToken);

    /// <summary>Opens a lockspace; the first in the cluster to open it decides its options.</summary>
    /// <param name="name">1 to 64 of <c>A-Za-z0-9._-</c>.</param>
    /// <param name="options">What it is to be like; null: whatever it is, or the defaults if nobody has it open.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    /// <returns>The lockspace. Disposing it releases every lock taken through it.</returns>
    /// <exception cref="ArgumentException">The name or an option is wrong.</exception>
    /// <exception cref="LockRefusedException">It is open with other options, or a limit is reached.</exception>
    /// <exception cref="LockUnavailableException">There is no connection to the node at present.</exception>
    public ValueTask<ILockspace> OpenLockspaceAsync(string name, LockspaceOptions? options = null, CancellationToken cancellationToken = default) =>
        _core.OpenLockspaceAsync(name, options, cancellationToken);

    /// <summary>Closes the connection. Locks that are still held are released; releases that are on their way arrive.</summary>
    public ValueTask DisposeAsync() => _core.DisposeAsync();

    internal static async ValueTask<TyerClient> ConnectAsync(
        TyerClientOptions options, IClock clock, IClock steady, CancellationToken cancellationToken)
    {
        options.Validate();
        return new TyerClient(
            await ClientCore.ConnectAsync(options, SocketPaths.Find(options.Endpoint), clock, steady, cancellationToken).ConfigureAwait(false));
    }
}
