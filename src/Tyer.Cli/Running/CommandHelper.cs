using System.Globalization;
using System.Runtime.InteropServices;

namespace Tyer.Cli.Running;

/// <summary>
/// The process that becomes the command of <c>run</c>. Some things a process can only ask for itself, between <c>fork</c> and <c>exec</c>,
/// where managed code cannot run; so this program starts itself as a helper, which asks and then turns into the command. It starts while
/// <c>run</c> is still waiting for the lock, so its start costs no time after the grant.
/// </summary>
/// <remarks>
/// What it asks for: that the kernel kills it when <c>run</c> dies, even by SIGKILL. It then holds still until <c>run</c> says "go", and
/// ends by itself if <c>run</c> ends first. The spawn has already put it into a process group of its own.
/// </remarks>
internal static unsafe class CommandHelper
{
    private const int Misused = 2;

    /// <summary>Arguments: the socket, the process id of <c>run</c>, how many of the arguments that follow are the command.</summary>
    public static IReadOnlyList<string> Arguments(int socket, int parent, int commandLength) =>
    [
        HelperProtocol.Verb,
        socket.ToString(CultureInfo.InvariantCulture),
        parent.ToString(CultureInfo.InvariantCulture),
        commandLength.ToString(CultureInfo.InvariantCulture),
    ];

    /// <summary>Does not return if all goes well.</summary>
    public static int Run(ReadOnlySpan<string> args)
    {
        if (args.Length < 4
            || !int.TryParse(args[1], CultureInfo.InvariantCulture, out int socket)
            || !int.TryParse(args[2], CultureInfo.InvariantCulture, out int parent)
            || !int.TryParse(args[3], CultureInfo.InvariantCulture, out int commandLength)
            || commandLength != args.Length - 4 || commandLength == 0)
            return Misused;

        _ = Native.Control(socket, Native.SetDescriptorFlags, Native.CloseOnExec);
        _ = Native.ProcessControl(Native.ParentDeathSignal, Signals.Kill, 0, 0, 0);
        // It may have died before the line above.
        if (Native.GetParentProcessId() != parent) return Misused;

        if (!HelperProtocol.Send(socket, [HelperProtocol.Ready])) return Misused;
        if (HelperProtocol.ReceiveVariables(socket) is not { } variables) return Misused;

        int error = Execute(RawArguments.Last(commandLength), variables);
        Span<byte> report = stackalloc byte[sizeof(int)];
        MemoryMarshal.Write(report, in error);
        HelperProtocol.Send(socket, report);
        return error == Native.ErrorNoEntry ? CommandEnd.NotFoundCode : CommandEnd.CannotRunCode;
    }

    private static int Execute(IReadOnlyList<byte[]> command, IReadOnlyList<byte[]> variables)
    {
        // The runtime ignores it for itself; a command must die of it as usual when the other end of its pipe goes.
        _ = Native.SetSignalHandler(Signals.Pipe, Native.SignalDefault);

        using var arguments = new NativeText(command);
        using var environment = new NativeText(variables, Inherited(variables));
        _ = Native.Execute(arguments.Pointer[0], arguments.Pointer, environment.Pointer);
        return Marshal.GetLastPInvokeError();
    }

    /// <summary>This process's variables without those that are given anew.</summary>
    private static nint[] Inherited(IReadOnlyList<byte[]> replaced)
    {
        var inherited = new List<nint>();
        for (byte** each = Native.Environment; *each is not null; each++)
        {
            ReadOnlySpan<byte> variable = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(*each);
            if (!IsNamedIn(replaced, variable)) inherited.Add((nint)(*each));
        }

        return [.. inherited];
    }

    private static bool IsNamedIn(IReadOnlyList<byte[]> variables, ReadOnlySpan<byte> variable)
    {
        foreach (byte[] other in variables)
        {
            if (variable.StartsWith(other.AsSpan(0, other.AsSpan().IndexOf((byte)'=') + 1))) return true;
        }

        return false;
    }
}
