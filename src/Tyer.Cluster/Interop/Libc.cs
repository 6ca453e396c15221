using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Tyer.Cluster.Interop;

/// <summary>
/// The calls of Linux that the framework does not offer: a lock on a file that no environment variable switches off, making a
/// directory's entries durable, and a file's birth time together with its inode.
/// </summary>
internal static partial class Libc
{
    public const int OpenReadOnly = 0;
    public const int OpenWriteOnly = 1;
    public const int OpenReadWrite = 2;
    public const int OpenNonBlocking = 0x800;
    public const int OpenCreate = 0x40;
    public const int OpenCreateNew = 0xC0;

    private const int OpenCloseOnExec = 0x80000;
    private const int LockExclusive = 2;
    private const int LockNonBlocking = 4;
    private const int LockRelease = 8;
    private const int ErrorInterrupted = 4;
    private const int ErrorWouldBlock = 11;

    // _IOWR('W', 6, int) and _IOR('W', 7, int)
    private const nuint WatchdogSetTimeout = 0xC0045706;
    private const nuint WatchdogGetTimeout = 0x80045707;

    private const int AtEmptyPath = 0x1000;
    private const uint StatxType = 0x1;
    private const uint StatxOwner = 0x8 | 0x10;
    private const uint StatxInode = 0x100;
    private const uint StatxBirthTime = 0x800;

    /// <summary>Opens a file, or a directory for reading. Child processes do not inherit it: they would keep the lock.</summary>
    /// <exception cref="IOException">The message is the system's.</exception>
    public static SafeFileHandle Open(string path, int flags, UnixFileMode mode)
    {
        int descriptor = OpenFile(path, flags | OpenCloseOnExec, (int)mode);
        return descriptor >= 0 ? new SafeFileHandle(descriptor, ownsHandle: true) : throw LastError();
    }

    /// <summary>
    /// Takes the lock on an open file, which ends when the handle is closed or the process dies; false when another handle has it.
    /// </summary>
    /// <exception cref="IOException">The file system has no locks, or the like.</exception>
    public static bool TryLock(SafeFileHandle file)
    {
        while (Flock(file, LockExclusive | LockNonBlocking) != 0)
        {
            int error = Marshal.GetLastPInvokeError();
            if (error == ErrorWouldBlock) return false;
            if (error != ErrorInterrupted) throw LastError();
        }

        return true;
    }

    /// <summary>Ends the lock at once. Closing alone does not where a child process is just being started, which has the handle until it runs its program.</summary>
    public static void Unlock(SafeFileHandle file)
    {
        if (!file.IsClosed) _ = Flock(file, LockRelease);
    }

    /// <summary>Makes the entries of a directory survive a power failure.</summary>
    /// <exception cref="IOException">They may not.</exception>
    public static void FlushDirectory(string path)
    {
        using SafeFileHandle directory = Open(path, OpenReadOnly, UnixFileMode.None);
        if (Fsync(directory) != 0) throw LastError();
    }

    /// <summary>What the system knows of an open file or directory.</summary>
    /// <exception cref="IOException">The system does not tell.</exception>
    public static FileFacts Describe(SafeFileHandle file)
    {
        if (Statx(file, "", AtEmptyPath, StatxOwner | StatxInode | StatxBirthTime, out StatxResult result) != 0) throw LastError();
        FileBirth? born = (result.Mask & StatxBirthTime) != 0
            ? new FileBirth(result.BirthSeconds, result.BirthNanoseconds)
            : null;
        return new FileFacts(result.Inode, born, result.User, result.Group);
    }

    /// <summary>What kind of file is open.</summary>
    public enum FileKind
    {
        /// <summary>None of the others.</summary>
        Other = 0,

        /// <summary>A FIFO.</summary>
        Pipe = 0x1000,

        /// <summary>A device that is written byte by byte.</summary>
        Device = 0x2000,
    }

    /// <summary>What kind of file is open.</summary>
    /// <exception cref="IOException">The system does not tell.</exception>
    public static FileKind KindOf(SafeFileHandle file)
    {
        if (Statx(file, "", AtEmptyPath, StatxType, out StatxResult result) != 0) throw LastError();
        return (FileKind)(result.Mode & 0xF000) is var kind && Enum.IsDefined(kind) ? kind : FileKind.Other;
    }

    /// <summary>Writes a byte to a device or a pipe. A pipe that is full, and was opened without blocking, has enough of them.</summary>
    /// <exception cref="IOException">The system refuses.</exception>
    public static void Write(SafeFileHandle file, byte value)
    {
        while (WriteBytes(file, in value, 1) != 1)
        {
            int error = Marshal.GetLastPInvokeError();
            if (error == ErrorWouldBlock) return;
            if (error != ErrorInterrupted) throw LastError();
        }
    }

    /// <summary>Tells a watchdog how long to wait, if it can be told.</summary>
    /// <returns>How long it waits, in seconds; 0 or less if it is none.</returns>
    public static int SetWatchdogTimeout(SafeFileHandle device, int seconds)
    {
        int actual = seconds;
        if (Control(device, WatchdogSetTimeout, ref actual) == 0) return actual;
        actual = 0;
        return Control(device, WatchdogGetTimeout, ref actual) == 0 ? actual : 0;
    }

    /// <summary>Makes an open file somebody's. Only root may.</summary>
    /// <exception cref="IOException">The system refuses.</exception>
    public static void Give(SafeFileHandle file, uint user, uint group)
    {
        if (Fchown(file, user, group) != 0) throw LastError();
    }

    private static IOException LastError()
    {
        int error = Marshal.GetLastPInvokeError();
        return new IOException(Marshal.GetPInvokeErrorMessage(error), error);
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenFile(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int Flock(SafeFileHandle file, int operation);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Fsync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "fchown", SetLastError = true)]
    private static partial int Fchown(SafeFileHandle file, uint user, uint group);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(SafeFileHandle file, string path, int flags, uint mask, out StatxResult result);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint WriteBytes(SafeFileHandle file, in byte bytes, nuint count);

    [LibraryImport("libc", EntryPoint = "ioctl")]
    private static partial int Control(SafeFileHandle file, nuint request, ref int value);

    /// <summary>struct statx: 256 bytes, laid out alike on every architecture.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct StatxResult
    {
        [FieldOffset(0)]
        public uint Mask;

        [FieldOffset(20)]
        public uint User;

        [FieldOffset(24)]
        public uint Group;

        [FieldOffset(28)]
        public ushort Mode;

        [FieldOffset(32)]
        public ulong Inode;

        [FieldOffset(80)]
        public long BirthSeconds;

        [FieldOffset(88)]
        public uint BirthNanoseconds;
    }
}

/// <summary>A file, as the system knows it.</summary>
/// <param name="Inode">Its number on its file system.</param>
/// <param name="Born">When it was born; null where the file system does not keep it.</param>
/// <param name="User">Its owner.</param>
/// <param name="Group">Its owning group.</param>
internal readonly record struct FileFacts(ulong Inode, FileBirth? Born, uint User, uint Group);

/// <summary>When a file came to be on its file system: seconds since 1970 and nanoseconds. A copy is born anew.</summary>
internal readonly record struct FileBirth(long Seconds, uint Nanoseconds);
