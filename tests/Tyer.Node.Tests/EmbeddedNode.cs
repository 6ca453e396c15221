namespace Tyer.Node.Tests;

/// <summary>A node in the test's own process that keeps no state, and one lockspace open on it.</summary>
internal sealed class EmbeddedNode : IAsyncDisposable
{
    /// <summary>How long a test waits for what must happen before it fails.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private EmbeddedNode(TyerNode node, ILockspace locks)
    {
        Node = node;
        Locks = locks;
    }

    internal TyerNode Node { get; }

    internal ILockspace Locks { get; }

    internal static async Task<EmbeddedNode> StartAsync(bool inline = false, LockspaceOptions? options = null)
    {
        var node = await TyerNode.StartAsync(new TyerNodeOptions { Name = "n1", Volatile = true, InlineCompletions = inline });
        return new EmbeddedNode(node, await node.OpenLockspaceAsync("orders", options));
    }

    /// <summary>Waits until a lock of the resource waits, as a query shows it.</summary>
    internal async Task UntilWaitingAsync(ResourceName resource, int count = 1)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            await foreach (var snapshot in Locks.QueryAsync(new ResourceQuery { Resource = resource }, patience.Token))
            {
                if (snapshot.Waiting.Count + snapshot.Converting.Count >= count)
                    return;
            }

            await Task.Yield();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Locks.DisposeAsync();
        await Node.DisposeAsync();
    }
}
