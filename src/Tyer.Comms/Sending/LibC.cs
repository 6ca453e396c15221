using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Tyer.Comms.Sending;

/// <summary>
/// The calls that the framework does not offer. Its SocketFlags have no "don't wait", and making the descriptor non-blocking would change
/// the reader's blocking receive into an emulation over epoll, at twice the latency.
/// </summary>
internal static unsafe partial class LibC
{
    /// <summary>Do not wait: fail with <see cref="TryAgain"/> instead.</summary>
    public const int DontWait = 0x40;

    /// <summary>Interrupted by a signal before anything was sent.</summary>
    public const int Interrupted = 4;

    /// <summary>The socket's buffer is full.</summary>
    public const int TryAgain = 11;

    /// <summary>Nothing can be sent any more, or not yet.</summary>
    public const int BrokenPipe = 32;

    /// <summary>The type of a file that is a socket.</summary>
    public const int SocketFileType = 0xC000;

    private const nuint OutputQueue = 0x5411;
    private const int DescriptorsLimit = 7;
    private const int NoSignal = 0x4000;
    private const int CurrentFolder = -100;
    private const int DoNotFollowLinks = 0x100;
    private const uint TypeOnly = 1;
    private const int FileTypeMask = 0xF000;

    /// <summary>Sends what the vectors list, in order.</summary>
    /// <returns>Bytes sent, maybe fewer than listed, and 0; or -1 and the system's error number.</returns>
    public static long Send(SafeSocketHandle socket, ReadOnlySpan<IoVector> vectors, int flags, out int error)
    {
        nint sent;
        fixed (IoVector* first = vectors)
        {
            var message = new MessageHeader { Vectors = first, VectorCount = (nuint)vectors.Length };
            sent = SendMessage(socket, &message, flags | NoSignal);
        }

        error = sent < 0 ? Marshal.GetLastPInvokeError() : 0;
        return sent;
    }

    /// <summary>Sends one stretch of bytes without waiting; otherwise as <see cref="IByteSink.Send"/>.</summary>
    public static long SendTo(IByteSink sink, ReadOnlySpan<byte> bytes, out int error)
    {
        fixed (byte* first = bytes)
        {
            var vector = new IoVector((nint)first, (nuint)bytes.Length);
            return sink.Send(new ReadOnlySpan<IoVector>(in vector), waits: false, out error);
        }
    }

    /// <summary>The type bits of the file itself, not of what it may point to; 0 when there is none.</summary>
    public static int GetFileType(string path) =>
        GetStatus(CurrentFolder, path, DoNotFollowLinks, TypeOnly, out FileStatus status) == 0 ? status.Mode & FileTypeMask : 0;

    /// <summary>How many descriptors this process may have open; the largest number where that is not told.</summary>
    public static int GetDescriptorsMax() =>
        OperatingSystem.IsLinux() && GetLimit(DescriptorsLimit, out ResourceLimit limit) == 0 ? (int)Math.Min(limit.Current, int.MaxValue) : int.MaxValue;

    /// <summary>Bytes that a socket was given and that have not got to the other side; 0 when the socket is closed.</summary>
    public static int GetQueuedBytes(SafeSocketHandle socket)
    {
        try
        {
            return Control(socket, OutputQueue, out int bytes) == 0 ? bytes : 0;
        }
        catch (ObjectDisposedException)
        {
            return 0;
        }
    }

    [LibraryImport("libc", EntryPoint = "ioctl")]
    private static partial int Control(SafeSocketHandle socket, nuint request, out int value);

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int GetLimit(int resource, out ResourceLimit limit);

    /// <summary>The user that this process acts as.</summary>
    [LibraryImport("libc", EntryPoint = "geteuid")]
    public static partial uint GetEffectiveUserId();

    [LibraryImport("libc", EntryPoint = "sendmsg", SetLastError = true)]
    private static partial nint SendMessage(SafeSocketHandle socket, MessageHeader* message, int flags);

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int GetStatus(int folder, string path, int flags, uint mask, out FileStatus status);

    /// <summary>struct statx: the same on every machine, unlike struct stat.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct FileStatus
    {
        [FieldOffset(28)]
        public ushort Mode;
    }

    /// <summary>struct msghdr of Linux.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct MessageHeader
    {
        public void* Name;
        public uint NameLength;
        public IoVector* Vectors;
        public nuint VectorCount;
        public void* Control;
        public nuint ControlLength;
        public int Flags;
    }

    private struct ResourceLimit
    {
        public nuint Current;
        public nuint Max;
    }
}
