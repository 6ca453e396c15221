using System.Runtime.InteropServices;

namespace Tyer.Cluster.Corosync.Interop;

/// <summary>Whether the daemon's ring has quorum.</summary>
internal static unsafe partial class Quorum
{
    public const int ModelV1 = 1;

    /// <summary>As it is now, and every change.</summary>
    public const uint TrackCurrentAndChanges = 3;

    private const string Library = "libquorum.so.5";

    [LibraryImport(Library, EntryPoint = "quorum_model_initialize")]
    public static partial CsError Initialize(out ulong handle, int model, Model* callbacks, out uint type, nint context);

    [LibraryImport(Library, EntryPoint = "quorum_finalize")]
    public static partial CsError Finish(ulong handle);

    [LibraryImport(Library, EntryPoint = "quorum_fd_get")]
    public static partial CsError GetDescriptor(ulong handle, out int descriptor);

    [LibraryImport(Library, EntryPoint = "quorum_context_get")]
    public static unsafe partial CsError GetContext(ulong handle, nint* context);

    [LibraryImport(Library, EntryPoint = "quorum_dispatch")]
    public static partial CsError Dispatch(ulong handle, int how);

    [LibraryImport(Library, EntryPoint = "quorum_trackstart")]
    public static partial CsError Track(ulong handle, uint flags);

    /// <summary>quorum_model_v1_data_t.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Model
    {
        public int Version;
        public delegate* unmanaged<ulong, uint, RingId, uint, uint*, void> Quorate;
        public delegate* unmanaged<ulong, RingId, uint, uint*, uint, uint*, uint, uint*, void> Nodes;
    }
}
