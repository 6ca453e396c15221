using System.Runtime.InteropServices;

namespace Tyer.Cli.Running;

/// <summary>
/// What <c>run</c> and its helper say to each other over a socket pair. The helper says <see cref="Ready"/>; <c>run</c> sends the
/// variables to add to the environment, each ended by a NUL, and an empty one, which means "go"; if the command cannot be executed, the
/// helper sends the error number. If it can, the socket closes by itself.
/// </summary>
internal static unsafe class HelperProtocol
{
    /// <summary>The hidden command under which this program is the helper.</summary>
    public const string Verb = "exec-child";

    public const byte Ready = (byte)'R';

    /// <summary>More than any environment that <c>run</c> adds; a bound, since it is read from outside.</summary>
    private const int BytesMax = 64 * 1024;

    public static byte[] Encode(IEnumerable<KeyValuePair<string, string>> variables)
    {
        using var block = new MemoryStream();
        foreach ((string name, string value) in variables)
        {
            block.Write(NativeText.Encode($"{name}={value}"));
            block.WriteByte(0);
        }

        block.WriteByte(0);
        return block.ToArray();
    }

    /// <summary>Waits for the whole message; null when the other side went away before it was complete.</summary>
    public static IReadOnlyList<byte[]>? ReceiveVariables(int socket)
    {
        byte[] block = new byte[BytesMax];
        int length = 0;
        while (length < BytesMax)
        {
            int count = Receive(socket, block.AsSpan(length), flags: 0);
            if (count <= 0) return null;
            length += count;
            if (block[length - 1] == 0 && (length == 1 || block[length - 2] == 0)) return Split(block.AsSpan(0, length - 1));
        }

        return null;
    }

    public static int Receive(int socket, Span<byte> buffer, int flags)
    {
        fixed (byte* start = buffer)
        {
            nint count;
            do count = Native.Receive(socket, start, buffer.Length, flags);
            while (count < 0 && Marshal.GetLastPInvokeError() == Native.ErrorInterrupted);
            return (int)count;
        }
    }

    /// <summary>Sends everything; false when the other side is gone.</summary>
    public static bool Send(int socket, ReadOnlySpan<byte> message)
    {
        while (!message.IsEmpty)
        {
            nint count;
            fixed (byte* start = message) count = Native.Send(socket, start, message.Length, Native.NoSignal);
            if (count >= 0) message = message[(int)count..];
            else if (Marshal.GetLastPInvokeError() != Native.ErrorInterrupted) return false;
        }

        return true;
    }

    private static List<byte[]> Split(ReadOnlySpan<byte> block)
    {
        var variables = new List<byte[]>();
        while (block.IndexOf((byte)0) is var end and >= 0)
        {
            variables.Add(block[..end].ToArray());
            block = block[(end + 1)..];
        }

        return variables;
    }
}
