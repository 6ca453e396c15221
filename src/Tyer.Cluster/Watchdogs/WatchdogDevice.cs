using Microsoft.Win32.SafeHandles;
using Tyer.Cluster.Interop;

namespace Tyer.Cluster.Watchdogs;

/// <summary>
/// A watchdog timer of the machine, as Linux offers it in <c>/dev/watchdog</c>: from when it is opened, the machine is reset if nobody writes to it for its
/// time. A pipe with a name (FIFO) stands in for one where a program watches.
/// </summary>
internal sealed class WatchdogDevice : IDisposable
{
    private const byte Food = 0;
    private const byte Goodbye = (byte)'V';

    private readonly SafeFileHandle _device;

    private WatchdogDevice(SafeFileHandle device) => _device = device;

    /// <summary>Opens it, and so sets it going.</summary>
    /// <param name="path">Where it is.</param>
    /// <param name="timeout">How long it is to wait; whole seconds.</param>
    /// <exception cref="IOException">It cannot be opened, is none, or waits for longer; the message says what to do.</exception>
    public static WatchdogDevice Open(string path, TimeSpan timeout)
    {
        SafeFileHandle device;
        try
        {
            // To write alone, a FIFO without a reader could not be opened; and one that nobody empties must not hold up the thread that feeds it.
            device = Libc.Open(path, Libc.OpenReadWrite | Libc.OpenNonBlocking, UnixFileMode.None);
        }
        catch (IOException) when (IsDevice(path))
        {
            // Some drivers take writers only.
            device = OpenToWrite(path);
        }
        catch (IOException fault)
        {
            throw Cannot(path, fault);
        }

        try
        {
            Libc.FileKind kind = Libc.KindOf(device);
            if (kind == Libc.FileKind.Device) SetTimeout(device, path, timeout);
            else if (kind != Libc.FileKind.Pipe) throw new IOException($"{path} is no watchdog: it is neither a device nor a FIFO");
            return new WatchdogDevice(device);
        }
        catch
        {
            device.Dispose();
            throw;
        }
    }

    /// <summary>Its time begins anew.</summary>
    /// <exception cref="IOException">It does not take that.</exception>
    public void Feed() => Libc.Write(_device, Food);

    /// <summary>Stops its time, where its driver lets that happen.</summary>
    public void Disarm()
    {
        try
        {
            Libc.Write(_device, Goodbye);
        }
        catch (IOException)
        {
            // Then it goes on, and resets the machine: nothing else can be done about it.
        }
    }

    /// <summary>Lets go of it: unless it was disarmed, its time goes on.</summary>
    public void Dispose() => _device.Dispose();

    private static SafeFileHandle OpenToWrite(string path)
    {
        try
        {
            return Libc.Open(path, Libc.OpenWriteOnly, UnixFileMode.None);
        }
        catch (IOException fault)
        {
            throw Cannot(path, fault);
        }
    }

    private static void SetTimeout(SafeFileHandle device, string path, TimeSpan timeout)
    {
        int wanted = (int)timeout.TotalSeconds;
        int actual = Libc.SetWatchdogTimeout(device, wanted);
        if (actual is <= 0 || actual > wanted)
        {
            // Let it go before it bites: it was set going by being opened.
            Libc.Write(device, Goodbye);
            throw new IOException(actual <= 0
                ? $"{path} does not tell its time: it is no watchdog"
                : $"{path} waits for {actual} s, whatever it is told: set WatchdogTimeout to {actual}s on all nodes");
        }
    }

    private static bool IsDevice(string path) => path.StartsWith("/dev/", StringComparison.Ordinal);

    private static IOException Cannot(string path, IOException fault) => new(
        $"the watchdog {path} cannot be opened: {fault.Message}. Is its driver loaded (modprobe softdog), is nobody else feeding it (systemd's RuntimeWatchdogSec), and may the daemon's user write to it?", fault);
}
