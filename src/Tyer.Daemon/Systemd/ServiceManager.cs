using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Tyer.Daemon.Systemd;

/// <summary>
/// Tells the service manager how the daemon is: ready, reloading, stopping, alive. By the protocol of systemd's <c>sd_notify</c>: datagrams
/// to the socket that the environment names. Without one it does nothing.
/// </summary>
internal sealed class ServiceManager : IDisposable
{
    private readonly Socket? _socket;
    private readonly UnixDomainSocketEndPoint? _address;

    /// <summary>A connection to the manager that the environment names.</summary>
    /// <param name="variable">Reads the environment.</param>
    public ServiceManager(Func<string, string?> variable)
    {
        WatchdogInterval = WatchdogOf(variable("WATCHDOG_USEC"), variable("WATCHDOG_PID"));
        if (variable("NOTIFY_SOCKET") is not { Length: > 1 } path || path[0] is not ('/' or '@')) return;

        // A name that begins with @ is in the abstract namespace, which the kernel writes with a NUL.
        _address = new UnixDomainSocketEndPoint(path[0] == '@' ? "\0" + path[1..] : path);
        _socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
    }

    /// <summary>How often the manager wants a sign of life; null: never.</summary>
    public TimeSpan? WatchdogInterval { get; }

    public void Ready(string status) => Send($"READY=1\nSTATUS={OneLine(status)}");

    public void Status(string status) => Send($"STATUS={OneLine(status)}");

    public void Alive() => Send("WATCHDOG=1");

    /// <summary>Says that the configuration is being read again; <see cref="Ready"/> ends it.</summary>
    /// <param name="monotonic">The time on the monotonic clock, by which the manager knows which request is meant.</param>
    public void Reloading(TimeSpan monotonic) =>
        Send(string.Create(CultureInfo.InvariantCulture, $"RELOADING=1\nMONOTONIC_USEC={(long)monotonic.TotalMicroseconds}"));

    public void Stopping() => Send("STOPPING=1");

    public void Dispose() => _socket?.Dispose();

    private static string OneLine(string text) => text.ReplaceLineEndings(" ");

    private static TimeSpan? WatchdogOf(string? microseconds, string? process)
    {
        bool isMeant = string.IsNullOrEmpty(process) || process == Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        return isMeant && long.TryParse(microseconds, NumberStyles.None, CultureInfo.InvariantCulture, out long interval) && interval > 0
            ? TimeSpan.FromMicroseconds(interval)
            : null;
    }

    private void Send(string message)
    {
        if (_socket is null) return;
        try
        {
            _socket.SendTo(Encoding.UTF8.GetBytes(message), _address!);
        }
        catch (SocketException)
        {
            // A manager that does not listen is no reason to stop granting locks.
        }
    }
}
