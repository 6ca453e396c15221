using System.Runtime.InteropServices;
using System.Text;

namespace Tyer.Cli.Running;

/// <summary>
/// A null-terminated array of C strings, as <c>exec</c> and <c>spawn</c> take them. Arguments are bytes, not text: a file name need not be
/// valid UTF-8, and the command must get what the caller wrote.
/// </summary>
internal sealed unsafe class NativeText : IDisposable
{
    private readonly byte** _items;
    private readonly int _owned;

    /// <summary>Copies the strings; <paramref name="borrowed"/> are pointers that go in front and stay their owner's.</summary>
    public NativeText(IReadOnlyList<byte[]> strings, params ReadOnlySpan<nint> borrowed)
    {
        _owned = borrowed.Length;
        Count = borrowed.Length + strings.Count;
        _items = (byte**)NativeMemory.AllocZeroed((nuint)Count + 1, (nuint)sizeof(byte*));
        for (int i = 0; i < borrowed.Length; i++) _items[i] = (byte*)borrowed[i];
        for (int i = 0; i < strings.Count; i++) _items[borrowed.Length + i] = Copy(strings[i]);
    }

    public int Count { get; }

    public byte** Pointer => _items;

    public static byte[] Encode(string text) => Encoding.UTF8.GetBytes(text);

    public void Dispose()
    {
        for (int i = _owned; i < Count; i++) NativeMemory.Free(_items[i]);
        NativeMemory.Free(_items);
    }

    private static byte* Copy(byte[] text)
    {
        byte* copy = (byte*)NativeMemory.Alloc((nuint)text.Length + 1);
        text.CopyTo(new Span<byte>(copy, text.Length));
        copy[text.Length] = 0;
        return copy;
    }
}
