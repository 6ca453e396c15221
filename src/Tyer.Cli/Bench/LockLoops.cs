namespace Tyer.Cli.Bench;

/// <summary>The loops that are timed. Each is what an application would write.</summary>
internal static class LockLoops
{
    /// <summary>The lock is awaited, its release is posted.</summary>
    public static async Task PostedAsync(ILockspace locks, ResourceName name, int pairs)
    {
        for (int i = 0; i < pairs; i++)
        {
            LockHandle held = await locks.LockAsync(name, LockMode.Exclusive).ConfigureAwait(false);
            held.Dispose();
        }
    }

    /// <summary>The same with a name given as text, which is hashed each time.</summary>
    public static async Task PostedByTextAsync(ILockspace locks, string name, int pairs)
    {
        for (int i = 0; i < pairs; i++)
        {
            LockHandle held = await locks.LockAsync(name, LockMode.Exclusive).ConfigureAwait(false);
            held.Dispose();
        }
    }

    /// <summary>The lock and its release are both awaited.</summary>
    public static async Task AwaitedAsync(ILockspace locks, ResourceName name, int pairs)
    {
        for (int i = 0; i < pairs; i++)
        {
            LockHandle held = await locks.LockAsync(name, LockMode.Exclusive).ConfigureAwait(false);
            await held.ReleaseAsync().ConfigureAwait(false);
        }
    }

    /// <summary>As many tasks as there are names share the pairs; none is in another's way.</summary>
    public static Task PipelinedAsync(ILockspace locks, IReadOnlyList<ResourceName> names, int pairs)
    {
        int each = (pairs + names.Count - 1) / names.Count;
        return Task.WhenAll(names.Select(name => Task.Run(() => PostedAsync(locks, name, each))));
    }
}
