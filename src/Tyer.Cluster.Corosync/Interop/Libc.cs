using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Tyer.Cluster.Corosync.Interop;

/// <summary>Waiting for several descriptors, of which one is a bell that other threads ring.</summary>
internal static unsafe partial class Libc
{
    public const short Readable = 1;

    private const int CloseOnExec = 0x80000;
    private const int NonBlocking = 0x800;

    /// <summary>A bell.</summary>
    public static SafeFileHandle MakeBell() => new(EventDescriptor(0, CloseOnExec | NonBlocking), ownsHandle: true);

    /// <exception cref="ObjectDisposedException">It is gone.</exception>
    public static void Ring(SafeFileHandle bell)
    {
        ulong one = 1;
        _ = Write(bell, &one, sizeof(ulong));
    }

    public static void Silence(SafeFileHandle bell)
    {
        ulong rung;
        _ = Read(bell, &rung, sizeof(ulong));
    }

    /// <summary>How many are readable; negative when interrupted.</summary>
    [LibraryImport("libc", EntryPoint = "poll")]
    public static partial int Poll(Watched* watched, nuint count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "free")]
    public static partial void Free(void* memory);

    [LibraryImport("libc", EntryPoint = "eventfd")]
    private static partial int EventDescriptor(uint count, int flags);

    [LibraryImport("libc", EntryPoint = "write")]
    private static partial nint Write(SafeFileHandle descriptor, void* from, nuint length);

    [LibraryImport("libc", EntryPoint = "read")]
    private static partial nint Read(SafeFileHandle descriptor, void* into, nuint length);

    /// <summary>struct pollfd.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Watched
    {
        public int Descriptor;
        public short Wanted;
        public short Seen;
    }
}
