using Tyer;

// Not in the namespace of the tests: an application sees of Tyer only what it names.
namespace Snippets;

/// <summary>The first code of the front page.</summary>
internal sealed class FirstLock
{
    internal FencingToken Shipped { get; private set; }

    internal async Task RunAsync()
    {
        #region TakeALock
        await using var node = await TyerNode.StartAsync(new TyerNodeOptions { Name = "n1" });
        await using var locks = await node.OpenLockspaceAsync("shop");

        await using (LockHandle order = await locks.LockAsync("orders/42"))
        {
            Console.WriteLine($"orders/42 is ours, with token {order.Token}");
            await ShipAsync(order.Token, order.Lost);    // token out, loss in
        }
        #endregion
    }

    private Task ShipAsync(FencingToken token, CancellationToken lost)
    {
        lost.ThrowIfCancellationRequested();
        Shipped = token;
        return Task.CompletedTask;
    }
}
