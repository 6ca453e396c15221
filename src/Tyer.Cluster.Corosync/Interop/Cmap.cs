using System.Runtime.InteropServices;

namespace Tyer.Cluster.Corosync.Interop;

/// <summary>The daemon's configuration, by keys.</summary>
internal static unsafe partial class Cmap
{
    /// <summary>Bytes of a key, its end included.</summary>
    public const int KeyLengthMax = 256;

    private const string Library = "libcmap.so.4";

    [LibraryImport(Library, EntryPoint = "cmap_initialize")]
    public static partial CsError Initialize(out ulong handle);

    [LibraryImport(Library, EntryPoint = "cmap_finalize")]
    public static partial CsError Finish(ulong handle);

    [LibraryImport(Library, EntryPoint = "cmap_get_uint32", StringMarshalling = StringMarshalling.Utf8)]
    public static partial CsError GetUInt32(ulong handle, string key, out uint value);

    /// <param name="handle">From <see cref="Initialize"/>.</param>
    /// <param name="key">Which.</param>
    /// <param name="value">To be freed by the caller, with C's free.</param>
    [LibraryImport(Library, EntryPoint = "cmap_get_string", StringMarshalling = StringMarshalling.Utf8)]
    public static partial CsError GetString(ulong handle, string key, out byte* value);

    [LibraryImport(Library, EntryPoint = "cmap_iter_init", StringMarshalling = StringMarshalling.Utf8)]
    public static partial CsError BeginKeys(ulong handle, string prefix, out ulong iterator);

    [LibraryImport(Library, EntryPoint = "cmap_iter_next")]
    public static partial CsError NextKey(ulong handle, ulong iterator, byte* key, out nuint length, out int type);

    [LibraryImport(Library, EntryPoint = "cmap_iter_finalize")]
    public static partial CsError EndKeys(ulong handle, ulong iterator);
}
