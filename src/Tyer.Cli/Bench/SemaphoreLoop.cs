using System.Collections.Concurrent;

namespace Tyer.Cli.Bench;

/// <summary>What a program without a lock manager does for locks by name: a semaphore for each, in a dictionary.</summary>
internal static class SemaphoreLoop
{
    public static async Task RunAsync(ConcurrentDictionary<string, SemaphoreSlim> semaphores, string name, int pairs)
    {
        for (int i = 0; i < pairs; i++)
        {
            SemaphoreSlim semaphore = semaphores.GetOrAdd(name, static _ => new SemaphoreSlim(1, 1));
            await semaphore.WaitAsync().ConfigureAwait(false);
            semaphore.Release();
        }
    }
}
