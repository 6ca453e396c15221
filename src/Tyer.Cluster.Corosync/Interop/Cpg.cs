using System.Runtime.InteropServices;

namespace Tyer.Cluster.Corosync.Interop;

/// <summary>Closed process groups: who is in, and messages that all get in the same order.</summary>
internal static unsafe partial class Cpg
{
    /// <summary>Bytes of a group's name, at most.</summary>
    public const int NameLengthMax = 128;

    public const int ModelV1 = 1;

    /// <summary>With the first ring, not only with changes.</summary>
    public const uint DeliverInitialRing = 1;

    /// <summary>All get the messages in the same order. (A stronger guarantee is in the header, and not implemented.)</summary>
    public const int Agreed = 2;

    private const string Library = "libcpg.so.4";

    [LibraryImport(Library, EntryPoint = "cpg_model_initialize")]
    public static partial CsError Initialize(out ulong handle, int model, Model* callbacks, nint context);

    [LibraryImport(Library, EntryPoint = "cpg_finalize")]
    public static partial CsError Finish(ulong handle);

    [LibraryImport(Library, EntryPoint = "cpg_fd_get")]
    public static partial CsError GetDescriptor(ulong handle, out int descriptor);

    [LibraryImport(Library, EntryPoint = "cpg_context_get")]
    public static partial CsError GetContext(ulong handle, out nint context);

    [LibraryImport(Library, EntryPoint = "cpg_dispatch")]
    public static partial CsError Dispatch(ulong handle, int how);

    [LibraryImport(Library, EntryPoint = "cpg_join")]
    public static partial CsError Join(ulong handle, Name* group);

    [LibraryImport(Library, EntryPoint = "cpg_leave")]
    public static partial CsError Leave(ulong handle, Name* group);

    [LibraryImport(Library, EntryPoint = "cpg_mcast_joined")]
    public static partial CsError Multicast(ulong handle, int guarantee, Piece* pieces, uint count);

    [LibraryImport(Library, EntryPoint = "cpg_local_get")]
    public static partial CsError GetLocalNode(ulong handle, out uint node);

    /// <summary>struct cpg_name.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Name
    {
        public uint Length;
        public fixed byte Value[NameLengthMax];
    }

    /// <summary>struct cpg_address.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public readonly struct Address
    {
        public readonly uint Node;
        public readonly uint Pid;
        public readonly uint Reason;
    }

    /// <summary>struct iovec.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Piece
    {
        public byte* Start;
        public nuint Length;
    }

    /// <summary>cpg_model_v1_data_t.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Model
    {
        public int Version;
        public delegate* unmanaged<ulong, Name*, uint, uint, byte*, nuint, void> Deliver;
        public delegate* unmanaged<ulong, Name*, Address*, nuint, Address*, nuint, Address*, nuint, void> Configured;
        public delegate* unmanaged<ulong, RingId, uint, uint*, void> Ring;
        public uint Flags;
    }
}
