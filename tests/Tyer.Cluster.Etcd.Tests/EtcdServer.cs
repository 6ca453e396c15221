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

    private readonly Func<HttpMessageHandler> _handler;

    private EtcdServer(string scheme, Func<HttpMessageHandler> handler, string[] more)
    {
        (int client, int peer) = (FreePort(), FreePort());
        string address = $"{scheme}://127.0.0.1:{client}";
        Endpoint = new Uri(address);
        _handler = handler;
        _start = new ProcessStartInfo("etcd") { RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (string argument in (string[])[
            "--data-dir", _data.FullName, "--listen-client-urls", address, "--advertise-client-urls", address,
            "--listen-peer-urls", $"http://127.0.0.1:{peer}", "--initial-advertise-peer-urls", $"http://127.0.0.1:{peer}",
            "--initial-cluster", $"default=http://127.0.0.1:{peer}", .. more])
            _start.ArgumentList.Add(argument);

        _process = Launch();
    }

    internal Uri Endpoint { get; }

    internal static async Task<EtcdServer> StartAsync(params string[] more)
    {
        var server = new EtcdServer("http", () => new SocketsHttpHandler(), more);
        await server.UntilHealthyAsync();
        return server;
    }

    /// <summary>One that shows a certificate and asks for one.</summary>
    internal static async Task<EtcdServer> StartSecureAsync(string authority, string certificate, string key, params string[] more)
    {
        var server = new EtcdServer("https", Handler, more);
        await server.UntilHealthyAsync();
        return server;

        // Whether the server is who it says is the client's to find out, which is tried with this.
        HttpMessageHandler Handler() => new SocketsHttpHandler
        {
            SslOptions =
            {
                RemoteCertificateValidationCallback = (_, presented, _, _) => presented is not null && File.Exists(authority),
                ClientCertificates = [System.Security.Cryptography.X509Certificates.X509Certificate2.CreateFromPemFile(certificate, key)],
            },
        };
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
        using var http = new HttpClient(_handler());
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
