using System.Buffers;

namespace Tyer.Comms.Links;

/// <summary>
/// The bytes received and not yet consumed, in one piece. It grows only by bytes that have really come, never because a length field
/// announces them, and goes back to its first size when it is empty.
/// </summary>
internal sealed class ReceiveBuffer(int bytesMin)
{
    private byte[] _bytes = [];
    private int _start;
    private int _end;

    /// <summary>What has come and is not consumed.</summary>
    public ReadOnlySpan<byte> Pending => _bytes.AsSpan(_start, _end - _start);

    /// <summary>Whether everything is consumed.</summary>
    public bool IsEmpty => _start == _end;

    /// <summary>Bytes of memory held.</summary>
    public int Capacity => _bytes.Length;

    /// <summary>Room for the next read: at least one byte. Moves what is pending, so views of it end here.</summary>
    public Memory<byte> Free() => Free(1);

    /// <summary>Room for at least so many bytes; otherwise as <see cref="Free()"/>.</summary>
    public Memory<byte> Free(int bytes)
    {
        if (IsEmpty && _bytes.Length > 2 * bytesMin) Release();

        if (_start > 0)
        {
            Pending.CopyTo(_bytes);
            _end -= _start;
            _start = 0;
        }

        if (_bytes.Length - _end < bytes)
        {
            byte[] grown = ArrayPool<byte>.Shared.Rent(Math.Max(Math.Max(bytesMin, 2 * _bytes.Length), _end + bytes));
            Pending.CopyTo(grown);
            Replace(grown);
        }

        return _bytes.AsMemory(_end);
    }

    /// <summary>So many bytes were read into what <see cref="Free()"/> gave.</summary>
    public void Received(int bytes) => _end += bytes;

    /// <summary>So many bytes at the start of <see cref="Pending"/> are done with; they stay readable until the next <see cref="Free()"/>.</summary>
    public void Consume(int bytes) => _start += bytes;

    /// <summary>Gives the memory back and forgets what is pending.</summary>
    public void Release()
    {
        _start = _end = 0;
        Replace([]);
    }

    private void Replace(byte[] bytes)
    {
        byte[] old = _bytes;
        _bytes = bytes;
        if (old.Length > 0) ArrayPool<byte>.Shared.Return(old);
    }
}
