using System.Diagnostics.Metrics;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Tyer;
using Tyer.Hosting;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds Tyer's locks to an application.</summary>
/// <example><code>
/// builder.Services.AddTyerClient(builder.Configuration.GetSection("Tyer")).AddLockspace("orders");
/// // then, in a constructor: [FromKeyedServices("orders")] ILockspace locks
/// </code></example>
/// <remarks>
/// With a host, clients connect, nodes start and lockspaces open before anything else starts, and they stop after everything else. The wrong
/// options, and keys of a configuration that are none, stop the application at its start. Without a host all of this happens at the first use.
/// </remarks>
public static class TyerServiceCollectionExtensions
{
    /// <summary>Adds a <see cref="TyerClient"/>, to be configured in code.</summary>
    /// <param name="services">The application's services.</param>
    /// <param name="configure">Sets its options; null: the node of this machine.</param>
    public static TyerBuilder AddTyerClient(this IServiceCollection services, Action<TyerClientOptions>? configure = null) =>
        AddClient(services, null, options => options.Configure(configure ?? (static _ => { })));

    /// <summary>Adds a <see cref="TyerClient"/>, to be configured by a section whose keys are the names of <see cref="TyerClientOptions"/>.</summary>
    /// <param name="services">The application's services.</param>
    /// <param name="section">The section.</param>
    public static TyerBuilder AddTyerClient(this IServiceCollection services, IConfiguration section) =>
        AddClient(services, null, options => options.Bind(section, Strictly));

    /// <summary>Adds one of several clients: <c>[FromKeyedServices(key)] TyerClient client</c>.</summary>
    /// <param name="services">The application's services.</param>
    /// <param name="key">The key under which it is asked for.</param>
    /// <param name="configure">Sets its options; null: the node of this machine.</param>
    public static TyerBuilder AddKeyedTyerClient(this IServiceCollection services, object key, Action<TyerClientOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(key);
        return AddClient(services, key, options => options.Configure(configure ?? (static _ => { })));
    }

    /// <summary>Adds one of several clients, to be configured by a section.</summary>
    /// <param name="services">The application's services.</param>
    /// <param name="key">The key under which it is asked for.</param>
    /// <param name="section">The section; its keys are the names of <see cref="TyerClientOptions"/>.</param>
    public static TyerBuilder AddKeyedTyerClient(this IServiceCollection services, object key, IConfiguration section)
    {
        ArgumentNullException.ThrowIfNull(key);
        return AddClient(services, key, options => options.Bind(section, Strictly));
    }

    /// <summary>Adds a <see cref="TyerNode"/> in the application's own process, to be configured in code.</summary>
    /// <param name="services">The application's services.</param>
    /// <param name="configure">Sets its options.</param>
    public static TyerBuilder AddTyerNode(this IServiceCollection services, Action<TyerNodeOptions> configure) =>
        AddNode(services, options => options.Configure(configure));

    /// <summary>Adds a <see cref="TyerNode"/>, to be configured by a section whose keys are the names of <see cref="TyerNodeOptions"/>.</summary>
    /// <param name="services">The application's services.</param>
    /// <param name="section">The section.</param>
    public static TyerBuilder AddTyerNode(this IServiceCollection services, IConfiguration section) =>
        AddNode(services, options => options.Bind(section, Strictly));

    private static void Strictly(BinderOptions options) => options.ErrorOnUnknownConfiguration = true;

    private static TyerBuilder AddClient(IServiceCollection services, object? key, Action<OptionsBuilder<TyerClientOptions>> configure)
    {
        Configure(services, key, configure, static options => options.Validate());
        return Add(services, key, static (provider, name) => new LockspaceSource<TyerClient>(
            cancellationToken => TyerClient.ConnectAsync(OptionsOf(provider, name), cancellationToken),
            static (client, name, options, cancellationToken) => client.OpenLockspaceAsync(name, options, cancellationToken)));

        static TyerClientOptions OptionsOf(IServiceProvider provider, string name)
        {
            var options = provider.GetRequiredService<IOptionsMonitor<TyerClientOptions>>().Get(name);
            options.LoggerFactory ??= provider.GetService<ILoggerFactory>();
            return options;
        }
    }

    private static TyerBuilder AddNode(IServiceCollection services, Action<OptionsBuilder<TyerNodeOptions>> configure)
    {
        Configure(services, null, configure, static options => options.Validate());
        return Add(services, null, static (provider, name) => new LockspaceSource<TyerNode>(
            cancellationToken => TyerNode.StartAsync(OptionsOf(provider, name), cancellationToken),
            static (node, name, options, cancellationToken) => node.OpenLockspaceAsync(name, options, cancellationToken)));

        static TyerNodeOptions OptionsOf(IServiceProvider provider, string name)
        {
            var options = provider.GetRequiredService<IOptionsMonitor<TyerNodeOptions>>().Get(name);
            options.LoggerFactory ??= provider.GetService<ILoggerFactory>();
            options.MeterFactory ??= provider.GetService<IMeterFactory>();
            return options;
        }
    }

    private static void Configure<TOptions>(
        IServiceCollection services, object? key, Action<OptionsBuilder<TOptions>> configure, Action<TOptions> validate)
        where TOptions : class
    {
        ArgumentNullException.ThrowIfNull(services);
        var name = NameOf(key);
        configure(services.AddOptions<TOptions>(name).ValidateOnStart());
        services.AddSingleton<IValidateOptions<TOptions>>(new OptionsValidation<TOptions>(name, validate));
    }

    private static TyerBuilder Add<T>(IServiceCollection services, object? key, Func<IServiceProvider, string, LockspaceSource<T>> make)
        where T : class, IAsyncDisposable
    {
        // Without a key these are the plain services.
        services.AddKeyedSingleton(key, (provider, _) => make(provider, NameOf(key)));
        services.AddKeyedSingleton(key, (provider, _) => Source(provider).Value);
        services.AddSingleton<IHostedService>(provider => new TyerStarter(provider, Source(provider)));
        return new TyerBuilder(services, Source);

        LockspaceSource<T> Source(IServiceProvider provider) =>
            key is null ? provider.GetRequiredService<LockspaceSource<T>>() : provider.GetRequiredKeyedService<LockspaceSource<T>>(key);
    }

    private static string NameOf(object? key) => key?.ToString() ?? Options.Options.DefaultName;
}
