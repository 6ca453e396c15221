using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Tyer.Hosting;

/// <summary>
/// Connects a client, or starts a node, and opens its lockspaces before anything else of the application starts; stops it after everything
/// else has stopped. An application that cannot have its locks does not start.
/// </summary>
internal sealed class TyerStarter(IServiceProvider provider, LockspaceSource source) : IHostedLifecycleService
{
    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        await source.StartAsync(cancellationToken).ConfigureAwait(false);
        foreach (var lockspace in Lockspaces())
            await lockspace.OpenAsync(cancellationToken).ConfigureAwait(false);
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StoppedAsync(CancellationToken cancellationToken)
    {
        foreach (var lockspace in Lockspaces())
            await lockspace.DisposeAsync().ConfigureAwait(false);
        await source.DisposeAsync().ConfigureAwait(false);
    }

    private IEnumerable<HostedLockspace> Lockspaces() => provider.GetServices<LockspaceToOpen>()
        .Select(each => provider.GetRequiredKeyedService<HostedLockspace>(each.Name))
        .Where(lockspace => lockspace.Source == source);
}
