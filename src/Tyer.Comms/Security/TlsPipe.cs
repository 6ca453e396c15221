using System.Net.Sockets;

namespace Tyer.Comms.Security;

/// <summary>
/// What TLS reads from and writes to: the socket while both sides agree; afterwards it reads from the socket and writes into memory, so that
/// what goes out can be sent as everything else is, without waiting in the kernel.
/// </summary>
internal sealed class TlsPipe(Socket socket) : Stream
{
    private byte[] _written = [];

    /// <summary>Bytes written into memory since they were last taken.</summary>
    public int WrittenLength { get; private set; }

    /// <summary>Where they lie: pinned.</summary>
    public byte[] Written => _written;

    /// <summary>Whether writes go into memory.</summary>
    public bool IsCollecting { get; private set; }

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>From now on writes go into memory.</summary>
    public void Collect()
    {
        _written = GC.AllocateUninitializedArray<byte>(CommsLimits.SegmentBytes + 1024, pinned: true);
        IsCollecting = true;
    }

    /// <summary>What was written is sent, and its memory free.</summary>
    public void Taken() => WrittenLength = 0;

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        int count = socket.Receive(buffer, SocketFlags.None, out SocketError error);
        return error == SocketError.Success ? count : throw Failed(error);
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            return await socket.ReceiveAsync(buffer, cancellationToken).ConfigureAwait(false);
        }
        catch (SocketException e)
        {
            throw Failed(e.SocketErrorCode);
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (IsCollecting)
        {
            Append(buffer);
            return;
        }

        while (!buffer.IsEmpty)
        {
            int sent = socket.Send(buffer, SocketFlags.None, out SocketError error);
            if (error != SocketError.Success) throw Failed(error);
            buffer = buffer[sent..];
        }
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (IsCollecting)
        {
            Append(buffer.Span);
            return;
        }

        try
        {
            while (!buffer.IsEmpty) buffer = buffer[await socket.SendAsync(buffer, cancellationToken).ConfigureAwait(false)..];
        }
        catch (SocketException e)
        {
            throw Failed(e.SocketErrorCode);
        }
    }

    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private void Append(ReadOnlySpan<byte> bytes)
    {
        if (_written.Length - WrittenLength < bytes.Length)
        {
            byte[] grown = GC.AllocateUninitializedArray<byte>(WrittenLength + bytes.Length + CommsLimits.SegmentBytes, pinned: true);
            _written.AsSpan(0, WrittenLength).CopyTo(grown);
            _written = grown;
        }

        bytes.CopyTo(_written.AsSpan(WrittenLength));
        WrittenLength += bytes.Length;
    }

    private static IOException Failed(SocketError error) => new($"The system reported an error on the connection ({error}).", new SocketException((int)error));
}
