namespace Tyer.Engine.Locks;

/// <summary>A value with its state and version. Buffers grow to what was needed and stay with their lock or resource in the pool.</summary>
internal sealed class ValueBuffer
{
    private byte[] bytes = [];
    private int length;

    internal LockValueState State { get; private set; } = LockValueState.NeverWritten;

    internal ulong Version { get; private set; }

    internal bool IsEmpty { get; private set; } = true;

    internal ReadOnlySpan<byte> Bytes => bytes.AsSpan(0, length);

    internal void Set(ReadOnlySpan<byte> value, LockValueState state, ulong version)
    {
        if (bytes.Length < value.Length)
            bytes = new byte[value.Length];
        value.CopyTo(bytes);
        length = value.Length;
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
        length = 0;
        State = LockValueState.NeverWritten;
        Version = 0;
        IsEmpty = true;
    }
}
