using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Tyer.Cluster.Etcd.Tests;

/// <summary>One etcd of its own on loopback; gone with the test.</summary>
internal sealed class EtcdServer : IAsyncDisposable
{
    private readonly DirectoryInfo _data = Directory.CreateTempSubdirectory("tyer-etcd-");
    private readonly ProcessStartInfo _start;
    private Process _process;

    private EtcdServer(string[] more)
    {
        (int client, int peer) = (FreePort(), FreePort());
        Endpoint = new Uri($"http://127.0.0.1:{client}");
        _start = new ProcessStartInfo("etcd") { RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (string argument in (string[])[
            "--data-dir", _data.FullName, "--listen-client-urls", $"http://127.0.0.1:{client}", "--advertise-client-urls", $"http://127.0.0.1:{client}",
            "--listen-peer-urls", $"http://127.0.0.1:{peer}", "--initial-advertise-peer-urls", $"http://127.0.0.1:{peer}",
            "--initial-cluster", $"default=http://127.0.0.1:{peer}", .. more])
            _start.ArgumentList.Add(argument);

        _process = Launch();
    }

    internal Uri Endpoint { get; }

    internal static async Task<EtcdServer> StartAsync(params string[] more)
    {
        var server = new EtcdServer(more);
        await server.UntilHealthyAsync();
        return server;
    }

    internal async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    /// <summary>After <see cref="KillAsync"/>: with what it had on disk.</summary>
    internal async Task StartAgainAsync()
    {
        _process = Launch();
        await UntilHealthyAsync();
    }

    /// <summary>After <see cref="KillAsync"/>: as if it had never been.</summary>
    internal void LoseData() => Directory.Delete(Path.Combine(_data.FullName, "member"), recursive: true);

    private Process Launch()
    {
        Process process = Process.Start(_start)!;
        process.OutputDataReceived += static (_, _) => { };
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        return process;
    }

    private async Task UntilHealthyAsync()
    {
        using var http = new HttpClient();
        using var guard = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            try
            {
                if ((await http.GetStringAsync(new Uri(Endpoint, "health"), guard.Token)).Contains("true", StringComparison.Ordinal)) return;
            }
            catch (HttpRequestException)
            {
                Assert.False(_process.HasExited, "etcd has ended");
            }

            await Task.Delay(20, guard.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _data.Delete(recursive: true);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
