using System.Net;
using System.Net.Sockets;

namespace Tyer.Cli.Bench;

/// <summary>Ports of the loopback interface that were free just now.</summary>
internal static class FreeAddress
{
    public static string Next()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return $"tcp://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";
    }
}
