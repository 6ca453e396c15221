using System.Runtime.InteropServices;

namespace Tyer.Cluster.Corosync.Interop;

/// <summary>Waiting for several descriptors, of which one is a bell that other threads ring.</summary>
internal static unsafe partial class Libc
{
    public const short Readable = 1;

    private const int CloseOnExec = 0x80000;
    private const int NonBlocking = 0x800;

    /// <summary>A bell.</summary>
    public static int MakeBell() => EventDescriptor(0, CloseOnExec | NonBlocking);

    public static void Ring(int bell)
    {
        ulong one = 1;
        _ = Write(bell, &one, sizeof(ulong));
    }

    public static void Silence(int bell)
    {
        ulong rung;
        _ = Read(bell, &rung, sizeof(ulong));
    }

    /// <summary>How many are readable; negative when interrupted.</summary>
    [LibraryImport("libc", EntryPoint = "poll")]
    public static partial int Poll(Watched* watched, nuint count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "close")]
    public static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "free")]
    public static partial void Free(void* memory);

    [LibraryImport("libc", EntryPoint = "eventfd")]
    private static partial int EventDescriptor(uint count, int flags);

    [LibraryImport("libc", EntryPoint = "write")]
    private static partial nint Write(int descriptor, void* from, nuint length);

    [LibraryImport("libc", EntryPoint = "read")]
    private static partial nint Read(int descriptor, void* into, nuint length);

    /// <summary>struct pollfd.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Watched
    {
        public int Descriptor;
        public short Wanted;
        public short Seen;
    }
}
