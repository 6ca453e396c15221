using System.Runtime.InteropServices;

namespace Tyer.Cli.Running;

/// <summary>What <c>run</c> needs of libc: a process group, a terminal and signals of its own for the command. Linux.</summary>
internal static unsafe partial class Native
{
    public const int ErrorNoEntry = 2;
    public const int ErrorInterrupted = 4;

    public const int OpenRead = 0x0;
    public const int OpenWrite = 0x1;
    public const int OpenReadWrite = 0x2;
    public const int OpenCreate = 0x40;
    public const int OpenTruncate = 0x200;
    public const int OpenCloseOnExec = 0x80000;
    public const int SocketStream = 1;
    public const int SocketCloseOnExec = 0x80000;
    public const int FamilyUnix = 1;
    public const int SetDescriptorFlags = 2;
    public const int CloseOnExec = 1;
    public const int BothWays = 2;
    public const int DoNotWait = 0x40;
    public const int NoSignal = 0x4000;

    public const int ParentDeathSignal = 1;
    public const int SetName = 15;
    public const int Block = 0;
    public const int SetMask = 2;
    public const int DoNotHang = 1;
    public const int StopsToo = 2;
    public const int ById = 1;
    public const int Stopped = 2;
    public const int Ended = 4;
    public const int LeaveReapable = 0x01000000;

    public const short SpawnSetGroup = 0x02;
    public const short SpawnNewSession = 0x80;

    /// <summary>Room for the C library's opaque structs, which have 336, 80, 128 and 152 bytes with glibc and with musl.</summary>
    public const int OpaqueBytes = 512;

    public static readonly nint SignalDefault = 0;
    public static readonly nint SignalIgnore = 1;

    /// <summary>The process's environment as it is: a variable need not be text.</summary>
    public static byte** Environment => *(byte***)NativeLibrary.GetExport(NativeLibrary.GetMainProgramHandle(), "environ");

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "close")]
    public static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "fcntl")]
    public static partial int Control(int descriptor, int command, nint argument);

    [LibraryImport("libc", EntryPoint = "socketpair", SetLastError = true)]
    public static partial int SocketPair(int family, int type, int protocol, int* descriptors);

    [LibraryImport("libc", EntryPoint = "shutdown")]
    public static partial int Shutdown(int socket, int how);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    public static partial int Poll(PollRequest* requests, nuint count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    public static partial nint Receive(int socket, byte* buffer, nint length, int flags);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    public static partial nint Send(int socket, byte* buffer, nint length, int flags);

    [LibraryImport("libc", EntryPoint = "_exit")]
    public static partial void ExitNow(int code);

    [LibraryImport("libc", EntryPoint = "getpid")]
    public static partial int GetProcessId();

    [LibraryImport("libc", EntryPoint = "getppid")]
    public static partial int GetParentProcessId();

    [LibraryImport("libc", EntryPoint = "getpgrp")]
    public static partial int GetProcessGroup();

    [LibraryImport("libc", EntryPoint = "tcgetpgrp")]
    public static partial int GetForegroundGroup(int terminal);

    [LibraryImport("libc", EntryPoint = "tcsetpgrp")]
    public static partial int SetForegroundGroup(int terminal, int group);

    [LibraryImport("libc", EntryPoint = "prctl")]
    public static partial int ProcessControl(int option, nint a, nint b, nint c, nint d);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    public static partial int Kill(int process, int signal);

    /// <summary>Sends a signal to the calling thread: when it returns, the signal has had its effect.</summary>
    [LibraryImport("libc", EntryPoint = "raise")]
    public static partial int Raise(int signal);

    [LibraryImport("libc", EntryPoint = "signal")]
    public static partial nint SetSignalHandler(int signal, nint handler);

    [LibraryImport("libc", EntryPoint = "sigaction")]
    public static partial int ExchangeSignalAction(int signal, byte* action, byte* former);

    [LibraryImport("libc", EntryPoint = "sigemptyset")]
    public static partial int EmptySignalSet(byte* set);

    [LibraryImport("libc", EntryPoint = "sigaddset")]
    public static partial int AddToSignalSet(byte* set, int signal);

    /// <summary>Of the calling thread.</summary>
    [LibraryImport("libc", EntryPoint = "pthread_sigmask")]
    public static partial int ChangeSignalMask(int how, byte* set, byte* former);

    [LibraryImport("libc", EntryPoint = "waitpid", SetLastError = true)]
    public static partial int WaitForProcess(int process, int* status, int options);

    [LibraryImport("libc", EntryPoint = "waitid", SetLastError = true)]
    public static partial int WaitFor(int kind, uint id, byte* information, int options);

    [LibraryImport("libc", EntryPoint = "execvpe", SetLastError = true)]
    public static partial int Execute(byte* file, byte** arguments, byte** environment);

    // The spawn family returns its error instead of setting errno.
    [LibraryImport("libc", EntryPoint = "posix_spawn")]
    public static partial int Spawn(int* process, byte* path, byte* actions, byte* attributes, byte** arguments, byte** environment);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_init")]
    public static partial int InitializeSpawnAttributes(byte* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_destroy")]
    public static partial int DestroySpawnAttributes(byte* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setflags")]
    public static partial int SetSpawnFlags(byte* attributes, short flags);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setpgroup")]
    public static partial int SetSpawnGroup(byte* attributes, int group);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_init")]
    public static partial int InitializeSpawnActions(byte* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_destroy")]
    public static partial int DestroySpawnActions(byte* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_adddup2")]
    public static partial int AddSpawnDuplicate(byte* actions, int from, int to);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_addopen", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int AddSpawnOpen(byte* actions, int descriptor, string path, int flags, uint mode);
}

/// <summary>The C library's <c>pollfd</c>: a hang-up is told without being asked for.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PollRequest
{
    public int Descriptor;
    public short Asked;
    public short Happened;
}
