using System.Runtime.InteropServices;

namespace Tyer.Comms.Sending;

/// <summary>struct iovec: one stretch of memory of a gathered send.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct IoVector(nint address, nuint length)
{
    /// <summary>Where it starts.</summary>
    public readonly nint Address = address;

    /// <summary>Bytes.</summary>
    public readonly nuint Length = length;
}
