using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Tyer.Node.Clients;

/// <summary>
/// A process of this machine that has locks, known by its number and by when it was started: numbers are used again, and whoever has this one later is not
/// to be taken for it.
/// </summary>
internal sealed partial class HolderProcess
{
    private const int SignalKill = 9;
    private const int OpenProcess = 434;
    private const int SendSignal = 424;
    private const int NoSuchProcess = 3;

    private readonly ulong _startedAt;

    internal HolderProcess(int id, ulong startedAt) => (Id, _startedAt) = (id, startedAt);

    internal int Id { get; }

    /// <summary>The process with a number; null if there is none, or its start cannot be found out.</summary>
    internal static HolderProcess? Of(int id) => id > 0 && StartOf(id) is { } startedAt ? new HolderProcess(id, startedAt) : null;

    /// <summary>Kills it, and nobody else.</summary>
    /// <returns>Null: it is dead, or about to be. Else why it is not, in the system's words.</returns>
    internal string? Kill()
    {
        using var process = new SafeFileHandle(Call(OpenProcess, Id, 0, 0, 0), ownsHandle: true);
        if (process.IsInvalid)
            return LastError();
        // The handle stands for whoever has the number now. If that is another one, it was started later.
        if (StartOf(Id) != _startedAt)
            return null;
        return Call(SendSignal, process.DangerousGetHandle(), SignalKill, 0, 0) == 0 ? null : LastError();
    }

    /// <summary>When it was started, in ticks since the machine was: field 22, counted behind the name, which may have anything in it.</summary>
    private static ulong? StartOf(int id)
    {
        try
        {
            var stat = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{id}/stat"));
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return ulong.TryParse(fields[19], NumberStyles.None, CultureInfo.InvariantCulture, out var startedAt) ? startedAt : null;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException or IndexOutOfRangeException)
        {
            return null;
        }
    }

    private static string? LastError()
    {
        var error = Marshal.GetLastPInvokeError();
        return error == NoSuchProcess ? null : Marshal.GetPInvokeErrorMessage(error);
    }

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint Call(nint number, nint first, nint second, nint third, nint fourth);
}
