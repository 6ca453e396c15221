using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Tyer.Hosting.Tests;

/// <summary>Locks as services: opened with the host, or by whoever uses them first without one; closed with either.</summary>
public sealed class HostingTests : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("tyer-hosting-");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private string Endpoint => "unix:" + Path.Combine(_folder.FullName, "s");

    public ValueTask DisposeAsync()
    {
        _folder.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_lockspace_of_a_client_is_open_when_the_host_has_started()
    {
        await using var node = await StartNodeAsync();
        var builder = NewHost();
        builder.Services.AddTyerClient(options => options.Endpoint = Endpoint).AddLockspace("orders");
        using var host = builder.Build();
        await host.StartAsync(Stop);

        var locks = host.Services.GetRequiredKeyedService<ILockspace>("orders");
        Assert.NotNull(locks.Raw);
        await using (var held = await locks.LockAsync("orders/42", cancellationToken: Stop))
            Assert.NotEqual(default, held.Token);
        Assert.Equal(Endpoint, host.Services.GetRequiredService<TyerClient>().Endpoint);
        await host.StopAsync(Stop);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => host.Services.GetRequiredKeyedService<ILockspace>("orders").LockAsync("r", cancellationToken: Stop).AsTask());
    }

    [Fact]
    public async Task A_node_lives_in_the_host()
    {
        var builder = NewHost();
        builder.Services.AddTyerNode(Volatile).AddLockspace("orders", new LockspaceOptions { ValueSize = 8 }).AddLockspace("stock");
        using var host = builder.Build();
        await host.StartAsync(Stop);
        foreach (var name in (string[])["orders", "stock"])
            await using (await host.Services.GetRequiredKeyedService<ILockspace>(name).LockAsync("r", cancellationToken: Stop)) { }
        Assert.Equal("n1", host.Services.GetRequiredService<TyerNode>().Name);
        await host.StopAsync(Stop);
    }

    [Fact]
    public async Task Without_a_host_the_first_use_opens()
    {
        var services = new ServiceCollection();
        services.AddTyerNode(Volatile).AddLockspace("orders");
        await using var provider = services.BuildServiceProvider();
        var locks = provider.GetRequiredKeyedService<ILockspace>("orders");
        Assert.Contains("not open yet", Assert.Throws<InvalidOperationException>(() => locks.Raw).Message, StringComparison.Ordinal);
        await using (await locks.LockAsync("r", cancellationToken: Stop))
            Assert.Null(await locks.TryLockAsync("r", LockMode.Exclusive, TimeSpan.Zero, Stop));
        Assert.NotNull(locks.Raw);
    }

    [Fact]
    public async Task Clients_are_told_apart_by_key_and_from_a_node_beside_them()
    {
        await using var node = await StartNodeAsync();
        var services = new ServiceCollection();
        services.AddTyerClient(options => (options.Endpoint, options.Label) = (Endpoint, "plain")).AddLockspace("a");
        services.AddKeyedTyerClient("second", options => (options.Endpoint, options.Label) = (Endpoint, "keyed")).AddLockspace("b");
        services.AddTyerNode(options =>
        {
            Volatile(options);
            options.Name = "n7";
        }).AddLockspace("c");
        await using var provider = services.BuildServiceProvider();

        Assert.Equal(("plain", "n1"), await WhoAsync("a"));
        Assert.Equal(("keyed", "n1"), await WhoAsync("b"));
        Assert.Equal((null, "n7"), await WhoAsync("c"));
        Assert.NotSame(provider.GetRequiredService<TyerClient>(), provider.GetRequiredKeyedService<TyerClient>("second"));

        async Task<(string? Label, string Node)> WhoAsync(string name)
        {
            var locks = provider.GetRequiredKeyedService<ILockspace>(name);
            await using var held = await locks.LockAsync("r", cancellationToken: Stop);
            await foreach (var found in locks.QueryAsync(new ResourceQuery(), Stop))
                return (found.Granted[0].Owner.Label, found.Granted[0].Owner.Node);
            throw new InvalidOperationException("Nobody holds it.");
        }
    }

    [Fact]
    public async Task Options_come_from_a_section()
    {
        await using var node = await StartNodeAsync();
        var builder = NewHost(("Tyer:Endpoint", Endpoint), ("Tyer:Label", "configured"), ("Tyer:SessionTimeout", "00:00:03"));
        builder.Services.AddTyerClient(builder.Configuration.GetSection("Tyer")).AddLockspace("orders");
        using var host = builder.Build();
        await host.StartAsync(Stop);
        Assert.Equal(TimeSpan.FromSeconds(3), host.Services.GetRequiredService<TyerClient>().SessionTimeout);
        await host.StopAsync(Stop);
    }

    [Theory]
    [InlineData("Endpiont")]
    [InlineData("Retries")]
    public async Task A_key_that_is_none_stops_the_start_and_is_named(string key)
    {
        var builder = NewHost(("Tyer:" + key, "1"));
        builder.Services.AddTyerClient(builder.Configuration.GetSection("Tyer"));
        using var host = builder.Build();
        var fault = await Assert.ThrowsAsync<InvalidOperationException>(() => host.StartAsync(Stop));
        Assert.Contains(key, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_option_stops_the_start_and_is_named()
    {
        var builder = NewHost(("Tyer:SessionTimeout", "00:00:01"));
        builder.Services.AddTyerClient(builder.Configuration.GetSection("Tyer"));
        using var host = builder.Build();
        var fault = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync(Stop));
        Assert.Contains("SessionTimeout is at least 2 s", fault.Message, StringComparison.Ordinal);

        var second = NewHost();
        second.Services.AddTyerNode(options => options.Name = "no name");
        using var other = second.Build();
        Assert.Contains("name", (await Assert.ThrowsAsync<OptionsValidationException>(() => other.StartAsync(Stop))).Message, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task An_application_that_cannot_have_its_locks_does_not_start()
    {
        var builder = NewHost();
        builder.Services.AddTyerClient(options => options.Endpoint = Endpoint).AddLockspace("orders");
        using var host = builder.Build();
        await Assert.ThrowsAsync<LockUnavailableException>(() => host.StartAsync(Stop));
    }

    [Fact]
    public async Task After_a_failure_the_next_user_tries_again()
    {
        var services = new ServiceCollection();
        services.AddTyerClient(options => options.Endpoint = Endpoint).AddLockspace("orders");
        await using var provider = services.BuildServiceProvider();
        var locks = provider.GetRequiredKeyedService<ILockspace>("orders");
        await Assert.ThrowsAsync<LockUnavailableException>(() => locks.LockAsync("r", cancellationToken: Stop).AsTask());
        await using var node = await StartNodeAsync();
        await using var held = await locks.LockAsync("r", cancellationToken: Stop);
        Assert.Null(held.LostBecause);
    }

    [Fact]
    public async Task Services_that_stop_may_still_use_their_locks()
    {
        var builder = NewHost();
        var user = new User();
        builder.Services.AddTyerNode(Volatile).AddLockspace("orders");
        builder.Services.AddHostedService(provider => user.With(provider.GetRequiredKeyedService<ILockspace>("orders")));
        using (var host = builder.Build())
        {
            await host.StartAsync(Stop);
            await host.StopAsync(Stop);
        }

        Assert.Equal(["started with a lock", "stopped with a lock"], user.Said);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    public void A_name_that_is_none_is_refused_at_once(string name) =>
        Assert.Throws<ArgumentException>(() => new ServiceCollection().AddTyerClient().AddLockspace(name));

    private static void Volatile(TyerNodeOptions options) => (options.Name, options.Volatile, options.Shards) = ("n1", true, 1);

    private static HostApplicationBuilder NewHost(params (string Key, string Value)[] settings)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Configuration.AddInMemoryCollection(settings.Select(each => KeyValuePair.Create(each.Key, (string?)each.Value)));
        return builder;
    }

    private ValueTask<TyerNode> StartNodeAsync()
    {
        var options = new TyerNodeOptions { ClientEndpoints = { Endpoint } };
        Volatile(options);
        return TyerNode.StartAsync(options, Stop);
    }

    /// <summary>A service that needs a lock when it starts and when it stops.</summary>
    private sealed class User : IHostedService
    {
        private ILockspace _locks = null!;

        internal List<string> Said { get; } = [];

        internal User With(ILockspace locks)
        {
            _locks = locks;
            return this;
        }

        public Task StartAsync(CancellationToken cancellationToken) => SayAsync("started", cancellationToken);

        public Task StopAsync(CancellationToken cancellationToken) => SayAsync("stopped", cancellationToken);

        private async Task SayAsync(string what, CancellationToken cancellationToken)
        {
            await using var held = await _locks.LockAsync("r", cancellationToken: cancellationToken);
            Said.Add($"{what} with a lock");
        }
    }
}
