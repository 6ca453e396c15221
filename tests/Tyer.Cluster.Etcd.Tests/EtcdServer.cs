using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Tyer.Cluster.Etcd.Tests;

/// <summary>One etcd of its own on loopback; gone with the test.</summary>
internal sealed class EtcdServer : IAsyncDisposable
{
    private readonly DirectoryInfo _data = Directory.CreateTempSubdirectory("tyer-etcd-");
    private readonly Process _process;

    private EtcdServer(string[] more)
    {
        (int client, int peer) = (FreePort(), FreePort());
        Endpoint = new Uri($"http://127.0.0.1:{client}");
        var start = new ProcessStartInfo("etcd") { RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (string argument in (string[])[
            "--data-dir", _data.FullName, "--listen-client-urls", $"http://127.0.0.1:{client}", "--advertise-client-urls", $"http://127.0.0.1:{client}",
            "--listen-peer-urls", $"http://127.0.0.1:{peer}", "--initial-advertise-peer-urls", $"http://127.0.0.1:{peer}",
            "--initial-cluster", $"default=http://127.0.0.1:{peer}", .. more])
            start.ArgumentList.Add(argument);

        _process = Process.Start(start)!;
        _process.OutputDataReceived += static (_, _) => { };
        _process.ErrorDataReceived += static (_, _) => { };
        _process.BeginErrorReadLine();
        _process.BeginOutputReadLine();
    }

    internal Uri Endpoint { get; }

    internal static async Task<EtcdServer> StartAsync(params string[] more)
    {
        var server = new EtcdServer(more);
        using var http = new HttpClient();
        using var guard = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            try
            {
                if ((await http.GetStringAsync(new Uri(server.Endpoint, "health"), guard.Token)).Contains("true", StringComparison.Ordinal)) return server;
            }
            catch (HttpRequestException)
            {
                Assert.False(server._process.HasExited, "etcd has ended");
            }

            await Task.Delay(20, guard.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _data.Delete(recursive: true);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
