using System.Net;
using System.Net.Sockets;

namespace Tyer.Comms.Bench;

/// <summary>A way to send 64 bytes to another process and have them back.</summary>
internal interface IWay : IDisposable
{
    /// <summary>The other process's part; does not return.</summary>
    void Serve(string near, string far);

    /// <summary>This process's part: connects.</summary>
    void Connect(string near, string far);

    /// <summary>Fills in how long each of so many round trips took, one after the other; in ticks of the stopwatch.</summary>
    void Measure(long[] times);
}

/// <summary>All ways.</summary>
internal static class Ways
{
    public static readonly string[] Names = ["tcp raw", "tcp client", "tcp peer", "tcp waiting", "unix raw", "unix client", "unix peer", "unix waiting"];

    public static IWay Create(string name) => name.Split(' ')[1] switch
    {
        "raw" => new RawWay(),
        "client" => new ClientWay(),
        "peer" => new PeerWay(),
        _ => new WaitingWay(),
    };

    /// <summary>Endpoints for the two processes, free a moment ago.</summary>
    public static (string Near, string Far) Places(string name, string folder)
    {
        if (name.StartsWith("unix", StringComparison.Ordinal))
            return ("unix:" + Path.Combine(folder, name.Replace(' ', '-') + "-near"), "unix:" + Path.Combine(folder, name.Replace(' ', '-') + "-far"));

        return ($"tcp://127.0.0.1:{FreePort()}", $"tcp://127.0.0.1:{FreePort()}");
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
