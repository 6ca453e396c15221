namespace Tyer.Engine.Locks;

/// <summary>A value with its state and version. Buffers grow to what was needed and stay with their lock or resource in the pool.</summary>
internal sealed class ValueBuffer
{
    private byte[] _bytes = [];
    private int _length;

    internal LockValueState State { get; private set; } = LockValueState.NeverWritten;

    internal ulong Version { get; private set; }

    internal bool IsEmpty { get; private set; } = true;

    internal ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, _length);

    internal void Set(ReadOnlySpan<byte> value, LockValueState state, ulong version)
    {
        if (_bytes.Length < value.Length)
            _bytes = new byte[value.Length];
        value.CopyTo(_bytes);
        _length = value.Length;
        State = state;
        Version = version;
        IsEmpty = false;
    }

    /// <summary>The bytes stay as they are (a reader may still want to salvage them), the state says not to trust them.</summary>
    internal void Invalidate()
    {
        State = LockValueState.Invalid;
        IsEmpty = false;
    }

    internal void Clear()
    {
        _length = 0;
        State = LockValueState.NeverWritten;
        Version = 0;
        IsEmpty = true;
    }
}
