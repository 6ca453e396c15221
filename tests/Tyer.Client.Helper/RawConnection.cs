using System.Buffers.Binary;
using System.Net.Sockets;
using System.Numerics;
using Tyer.Sessions.Wire;

namespace Tyer.Client.Helper;

/// <summary>
/// A client made of nothing but a socket and frames, with its own idea of both: it can say what no library would, say nothing, or not
/// read.
/// </summary>
public sealed class RawConnection : IDisposable
{
    private const int HeaderBytes = 24;
    private const byte MessageKind = 16;

    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly byte[] _buffer = new byte[WireLimits.MessageBytesMax + HeaderBytes];

    private RawConnection(string path) => _socket.Connect(new UnixDomainSocketEndPoint(path));

    public static RawConnection Open(string path) => new(path);

    /// <summary>Says hello, and reads the welcome.</summary>
    public WelcomeMessage Greet(TimeSpan timeout)
    {
        Send(Written(HelloMessage.BytesMax, new HelloMessage
        {
            VersionMin = 1, VersionMax = 1, ProcessId = 1, SessionTimeout = timeout, Host = "elsewhere", ProcessName = "liar", User = "nobody", Label = "raw", Version = "0",
        }.Write));
        if (WelcomeMessage.TryRead(Receive(), out var welcome) is var fault && fault != WireFault.None)
            throw new InvalidDataException($"no welcome: {fault}");
        return welcome;
    }

    /// <summary>Opens a lockspace, and reads its number.</summary>
    public uint OpenLockspace(string name, LockspaceOptions? options = null)
    {
        Send(Written(OpenLockspaceMessage.BytesMax, new OpenLockspaceMessage(1, name, options).Write));
        var answer = Receive();
        if (LockspaceOpenedMessage.TryRead(answer, out var opened) is var fault && fault != WireFault.None)
            throw new InvalidDataException($"not opened: {fault}, kind {answer[0]}");
        return opened.Space;
    }

    /// <summary>Asks for a lock; reads nothing.</summary>
    public void Lock(uint space, uint key, string resource, RawFlags flags = RawFlags.None, uint operation = 1)
    {
        var bytes = new byte[WireLimits.LockBytesMax];
        var length = new LockMessage
        {
            Mode = LockMode.Exclusive, Flags = flags, Key = key, Operation = operation, Space = space, NotifyBlocking = true, Name = System.Text.Encoding.UTF8.GetBytes(resource),
        }.Write(bytes);
        Send(bytes.AsSpan(0, length));
    }

    /// <summary>Releases a lock; reads nothing.</summary>
    public void Unlock(uint key, uint operation)
    {
        var bytes = new byte[WireLimits.CallBytesMax];
        var length = new UnlockMessage { Flags = RawFlags.ForceUnlock, Key = key, Operation = operation }.Write(bytes);
        Send(bytes.AsSpan(0, length));
    }

    /// <summary>Sends one message in one frame.</summary>
    public void Send(ReadOnlySpan<byte> message) => SendBytes(Frame(message));

    /// <summary>Sends bytes that need not be a frame.</summary>
    public void SendBytes(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[_socket.Send(bytes)..];
    }

    /// <summary>The next message; empty when the other side has closed.</summary>
    public byte[] Receive()
    {
        if (!Fill(0, HeaderBytes))
            return [];
        var length = BinaryPrimitives.ReadInt32LittleEndian(_buffer);
        Fill(HeaderBytes, length);
        return _buffer.AsSpan(HeaderBytes, length).ToArray();
    }

    /// <summary>The next message of a kind; what comes before it is dropped. Empty when the other side has closed.</summary>
    public byte[] ReceiveUntil(WireKind kind)
    {
        while (true)
        {
            var message = Receive();
            if (message.Length == 0 || message[0] == (byte)kind)
                return message;
        }
    }

    /// <summary>The receive buffer, as small as the system makes it: so that not reading is noticed soon.</summary>
    public void ShrinkBuffer() => _socket.ReceiveBufferSize = 1;

    public static byte[] Frame(ReadOnlySpan<byte> message)
    {
        var frame = new byte[HeaderBytes + message.Length];
        BinaryPrimitives.WriteInt32LittleEndian(frame, message.Length);
        frame[4] = MessageKind;
        message.CopyTo(frame.AsSpan(HeaderBytes));
        var checksum = 0xFFFF_FFFF;
        foreach (var each in frame.AsSpan(0, 20))
            checksum = BitOperations.Crc32C(checksum, each);
        foreach (var each in message)
            checksum = BitOperations.Crc32C(checksum, each);
        BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(20), ~checksum);
        return frame;
    }

    public void Dispose() => _socket.Dispose();

    private static ReadOnlySpan<byte> Written(int max, SpanWrite write)
    {
        var bytes = new byte[max];
        return bytes.AsSpan(0, write(bytes));
    }

    private bool Fill(int start, int count)
    {
        for (var end = start + count; start < end;)
        {
            var received = _socket.Receive(_buffer, start, end - start, SocketFlags.None);
            if (received == 0)
                return false;
            start += received;
        }

        return true;
    }

    private delegate int SpanWrite(Span<byte> destination);
}
