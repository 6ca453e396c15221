using System.Runtime.InteropServices;

namespace Tyer.Sessions;

/// <summary>The user that this process acts as.</summary>
public static partial class EffectiveUser
{
    /// <summary>Its number; 0 is root, and stands for everybody where there are no such numbers.</summary>
    public static uint Id { get; } = OperatingSystem.IsWindows() ? 0 : GetEffectiveUserId();

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint GetEffectiveUserId();
}
