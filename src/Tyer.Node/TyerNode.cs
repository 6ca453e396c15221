using Tyer.Cluster.State;
using Tyer.Node;
using Tyer.Node.Sessions;
using Tyer.Sessions.Administration;

namespace Tyer;

/// <summary>A node of the lock manager in this process: alone (stack <c>local</c>), or as a member of a cluster.</summary>
/// <example><code>await using var node = await TyerNode.StartAsync(new TyerNodeOptions { Name = "n1" });</code></example>
public sealed class TyerNode : IAsyncDisposable
{
    private readonly NodeCore _core;

    private TyerNode(NodeCore core) => _core = core;

    /// <summary>The node's name.</summary>
    public string Name => _core.Name;

    /// <summary>The node's id.</summary>
    public uint Id => _core.Id;

    /// <summary>Where programs of this machine connect to, with the ports that the system chose.</summary>
    public IReadOnlyList<string> ClientEndpoints => _core.Clients.Endpoints;

    /// <summary>Starts a node. It is there at once; what is asked of it waits until its cluster stack has formed a view.</summary>
    /// <param name="options">What it is to be.</param>
    /// <param name="cancellationToken">Gives up starting.</param>
    /// <exception cref="ArgumentException">An option is wrong; the message names it.</exception>
    /// <exception cref="LockRefusedException">The engine that is registered for the stack is another one; the message names both.</exception>
    /// <exception cref="IOException">It cannot listen where it is to, or its keys cannot be used; the message says why.</exception>
    /// <exception cref="StateDirectoryException">The state directory cannot be used; the message says why, and what to do.</exception>
    public static async ValueTask<TyerNode> StartAsync(TyerNodeOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new TyerNode(await NodeStart.RunAsync(NodeSettings.Of(options), cancellationToken).ConfigureAwait(false));
    }

    /// <summary>Opens a lockspace for this process; the first in the cluster to open it decides its options.</summary>
    public ValueTask<ILockspace> OpenLockspaceAsync(string name, LockspaceOptions? options = null, CancellationToken cancellationToken = default) =>
        _core.OpenLockspaceAsync(name, options, ProcessIdentity.OfThisProcess(_core.Name), cancellationToken);

    /// <summary>
    /// Reads the keys and certificates again, by which it knows its peers and clients of other machines: connections that are made from now on use them, and those that were proven by what is not believed any more end. If
    /// that fails, all stays as it was.
    /// </summary>
    /// <exception cref="IOException">They cannot be read; the message says where and why.</exception>
    public void ReloadSecurity() => _core.Security.Reload();

    /// <summary>What operators ask of the cluster, through this node.</summary>
    public ITyerAdministration Administration => _core.Administration;

    /// <summary>Stops the node: its sessions end, and everybody who holds a lock through it is told.</summary>
    public ValueTask DisposeAsync() => _core.DisposeAsync();
}
