namespace Tyer.Client.Tests.Support;

/// <summary>A node of this process that listens on a socket of its own, and the clients of it.</summary>
internal sealed class Daemon : IAsyncDisposable
{
    private readonly DirectoryInfo _folder;
    private readonly List<TyerClient> _clients = [];
    private readonly TyerNodeOptions _options;

    private Daemon(DirectoryInfo folder, TyerNodeOptions options)
    {
        _folder = folder;
        _options = options;
        Node = null!;
    }

    internal TyerNode Node { get; private set; }

    internal string Endpoint => _options.ClientEndpoints[0];

    internal static async Task<Daemon> StartAsync(Action<TyerNodeOptions>? configure = null)
    {
        var folder = Directory.CreateTempSubdirectory("tyer-client-");
        var options = new TyerNodeOptions { Name = "n1", Volatile = true, Shards = 2, ClientEndpoints = { "unix:" + Path.Combine(folder.FullName, "s") } };
        configure?.Invoke(options);
        var daemon = new Daemon(folder, options);
        await daemon.StartNodeAsync();
        return daemon;
    }

    internal async Task StartNodeAsync() => Node = await TyerNode.StartAsync(_options, TestContext.Current.CancellationToken);

    internal async Task<TyerClient> ConnectAsync(Action<TyerClientOptions>? configure = null)
    {
        var options = new TyerClientOptions { Endpoint = Endpoint };
        configure?.Invoke(options);
        var client = await TyerClient.ConnectAsync(options, TestContext.Current.CancellationToken);
        _clients.Add(client);
        return client;
    }

    internal async Task<ILockspace> OpenAsync(string name = "orders", Action<TyerClientOptions>? configure = null) =>
        await (await ConnectAsync(configure)).OpenLockspaceAsync(name, cancellationToken: TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients)
            await client.DisposeAsync();
        await Node.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}
