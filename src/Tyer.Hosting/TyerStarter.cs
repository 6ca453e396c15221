using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Tyer.Hosting;

/// <summary>
/// Connects a client, or starts a node, and opens its lockspaces before anything else of the application starts; stops it after everything
/// else has stopped. An application that cannot have its locks does not start.
/// </summary>
internal sealed class TyerStarter(IServiceProvider provider, LockspaceSource source, object? key) : IHostedLifecycleService
{
    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        await source.StartAsync(cancellationToken).ConfigureAwait(false);
        foreach (var each in provider.GetServices<LockspaceToOpen>())
        {
            if (Equals(each.SourceKey, key))
                await provider.GetRequiredKeyedService<HostedLockspace>(each.Name).OpenAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StoppedAsync(CancellationToken cancellationToken) => await source.DisposeAsync().ConfigureAwait(false);
}
