using System.Net;
using System.Net.Sockets;

namespace Tyer.Cluster.Etcd.Tests;

/// <summary>
/// Stands between a client and etcd. While it is cut nothing passes, and nobody is told: connections stay open and are silent, as where a cable is
/// pulled out.
/// </summary>
internal sealed class Relay : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Uri _to;
    private readonly Task _running;
    private TaskCompletionSource _open = new();

    internal Relay(Uri to)
    {
        _to = to;
        _open.SetResult();
        _listener.Start();
        Endpoint = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");
        _running = AcceptAsync();
    }

    internal Uri Endpoint { get; }

    internal void Cut()
    {
        if (_open.Task.IsCompleted) _open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    internal void Heal() => _open.TrySetResult();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _running;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true) _ = CarryAsync(await _listener.AcceptTcpClientAsync(_stop.Token));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task CarryAsync(TcpClient from)
    {
        using (from)
        using (var to = new TcpClient())
        {
            try
            {
                await _open.Task.WaitAsync(_stop.Token);
                await to.ConnectAsync(_to.Host, _to.Port, _stop.Token);
                await Task.WhenAny(CopyAsync(from.GetStream(), to.GetStream()), CopyAsync(to.GetStream(), from.GetStream()));
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or IOException)
            {
                // One of the two has gone, or the test is over.
            }
        }
    }

    private async Task CopyAsync(NetworkStream from, NetworkStream to)
    {
        byte[] buffer = new byte[64 * 1024];
        while (await from.ReadAsync(buffer, _stop.Token) is > 0 and int read)
        {
            await _open.Task.WaitAsync(_stop.Token);
            await to.WriteAsync(buffer.AsMemory(0, read), _stop.Token);
        }
    }
}
