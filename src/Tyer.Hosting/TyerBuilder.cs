using Microsoft.Extensions.DependencyInjection;

namespace Tyer.Hosting;

/// <summary>What <c>AddTyerClient</c> and <c>AddTyerNode</c> return: adds lockspaces to the client or node just added.</summary>
public sealed class TyerBuilder
{
    private readonly Func<IServiceProvider, LockspaceSource> _source;

    internal TyerBuilder(IServiceCollection services, Func<IServiceProvider, LockspaceSource> source)
    {
        Services = services;
        _source = source;
    }

    /// <summary>The services that it adds to.</summary>
    public IServiceCollection Services { get; }

    /// <summary>
    /// Adds a lockspace: <c>[FromKeyedServices("orders")] ILockspace locks</c>. It is opened when the application starts; used before, it opens
    /// itself. It is closed with the application.
    /// </summary>
    /// <param name="name">Its name, 1 to 64 of <c>A-Za-z0-9._-</c>; also the key under which it is asked for.</param>
    /// <param name="options">What it is to be like; null: whatever it is, or the defaults if nobody has it open.</param>
    /// <exception cref="ArgumentException">The name or an option is wrong.</exception>
    public TyerBuilder AddLockspace(string name, LockspaceOptions? options = null)
    {
        SystemName.ThrowIfInvalid(name, "lockspace name");
        options?.Validate();
        Services.AddKeyedSingleton(name, (provider, _) => new HostedLockspace(_source(provider), name, options));
        Services.AddKeyedSingleton<ILockspace>(name, (provider, key) => provider.GetRequiredKeyedService<HostedLockspace>(key));
        Services.AddSingleton(new LockspaceToOpen(name));
        return this;
    }
}

/// <summary>A lockspace to be opened at the start.</summary>
/// <param name="Name">Its name.</param>
internal sealed record LockspaceToOpen(string Name);
