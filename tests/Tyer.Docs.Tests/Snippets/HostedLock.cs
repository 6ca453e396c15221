using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Tyer;

namespace Snippets;

/// <summary>Locks as a service of an application.</summary>
internal static class HostedLock
{
    internal static void Add(IHostApplicationBuilder builder)
    {
        #region LockAsAService
        builder.Services.AddTyerClient(builder.Configuration.GetSection("Tyer")).AddLockspace("shop");
        builder.Services.AddHostedService<Shipping>();    // its constructor asks for [FromKeyedServices("shop")] ILockspace
        #endregion
    }

    private sealed class Shipping([FromKeyedServices("shop")] ILockspace locks) : BackgroundService
    {
        protected override async Task ExecuteAsync(CancellationToken stoppingToken)
        {
            await using var order = await locks.LockAsync("orders/42", cancellationToken: stoppingToken);
        }
    }
}
