using Tyer;

namespace Snippets;

/// <summary>Locks from the daemon of the machine.</summary>
internal static class ClientLock
{
    internal static async Task RunAsync()
    {
        #region OpenThroughTheDaemon
        await using var client = await TyerClient.ConnectAsync();
        await using var locks = await client.OpenLockspaceAsync("shop");
        #endregion

        await using var order = await locks.LockAsync("orders/42");
    }
}
