namespace Tyer.Cli.Running;

/// <summary>What this process is called in lists of processes, whatever its file is.</summary>
internal static unsafe class ProcessTitle
{
    /// <summary>Sets it; to be called on the main thread, whose name is the process's. Does nothing where there is no such thing.</summary>
    public static void Set(string name)
    {
        if (!OperatingSystem.IsLinux()) return;
        fixed (byte* text = (byte[])[.. NativeText.Encode(name), 0]) _ = Native.ProcessControl(Native.SetName, (nint)text, 0, 0, 0);
    }
}
