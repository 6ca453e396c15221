using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;

namespace Tyer.Cli.Running;

/// <summary>
/// This program, started again in a session of its own: no terminal, no signals from this one's, its output in a file. It may say one line
/// through a socket that it inherits.
/// </summary>
internal sealed class BackgroundProcess : IDisposable
{
    private const uint OwnerOnly = 0b110_000_000;
    private const string Nowhere = "/dev/null";

    private readonly Socket _ear;

    private BackgroundProcess(Socket ear, int processId)
    {
        _ear = ear;
        ProcessId = processId;
    }

    public int ProcessId { get; }

    /// <summary>Starts it.</summary>
    /// <param name="self">How to start this program.</param>
    /// <param name="arguments">Its arguments; given the descriptor to say its line through.</param>
    /// <param name="log">The file that its output goes to; overwritten.</param>
    public static unsafe BackgroundProcess Start(SelfCommand self, Func<int, IReadOnlyList<string>> arguments, string log)
    {
        int* pair = stackalloc int[2];
        if (Native.SocketPair(Native.FamilyUnix, Native.SocketStream | Native.SocketCloseOnExec, 0, pair) != 0)
            throw new IOException($"No socket pair could be made: {Marshal.GetLastPInvokeErrorMessage()}.");

        var ear = new Socket(new SafeSocketHandle(pair[0], ownsHandle: true));
        try
        {
            return new BackgroundProcess(ear, Spawn(self, arguments(pair[1]), log, pair[1]));
        }
        catch
        {
            ear.Dispose();
            throw;
        }
        finally
        {
            _ = Native.Close(pair[1]);
        }
    }

    /// <summary>The line that it says; null when it ends without one.</summary>
    public async Task<string?> ReadLineAsync(CancellationToken cancellationToken)
    {
        var line = new List<byte>();
        byte[] buffer = new byte[256];
        while (await _ear.ReceiveAsync(buffer, cancellationToken).ConfigureAwait(false) is var count and > 0)
        {
            line.AddRange(buffer.AsSpan(0, count));
            int end = line.IndexOf((byte)'\n');
            if (end >= 0) return Encoding.UTF8.GetString(CollectionsMarshal.AsSpan(line)[..end]);
        }

        return null;
    }

    public void Dispose() => _ear.Dispose();

    private static unsafe int Spawn(SelfCommand self, IReadOnlyList<string> arguments, string log, int descriptor)
    {
        byte* attributes = stackalloc byte[Native.OpaqueBytes];
        byte* actions = stackalloc byte[Native.OpaqueBytes];
        byte[] path = [.. NativeText.Encode(self.Path), 0];
        using var words = new NativeText([.. self.Arguments.Concat(arguments).Select(NativeText.Encode)]);

        _ = Native.InitializeSpawnAttributes(attributes);
        _ = Native.InitializeSpawnActions(actions);
        _ = Native.SetSpawnFlags(attributes, Native.SpawnNewSession);
        _ = Native.AddSpawnOpen(actions, 0, Nowhere, Native.OpenRead, 0);
        _ = Native.AddSpawnOpen(actions, 1, log, Native.OpenWrite | Native.OpenCreate | Native.OpenTruncate, OwnerOnly);
        _ = Native.AddSpawnDuplicate(actions, 1, 2);
        _ = Native.AddSpawnDuplicate(actions, descriptor, descriptor);

        int process;
        int error;
        fixed (byte* file = path) error = Native.Spawn(&process, file, actions, attributes, words.Pointer, Native.Environment);
        _ = Native.DestroySpawnActions(actions);
        _ = Native.DestroySpawnAttributes(attributes);
        return error == 0 ? process : throw new IOException($"'{self.Path}' could not be started: {new Win32Exception(error).Message}.");
    }
}
