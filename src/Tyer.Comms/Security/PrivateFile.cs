using Microsoft.Win32.SafeHandles;

namespace Tyer.Comms.Security;

/// <summary>Files that hold secrets: nobody but their owner may use them.</summary>
internal static class PrivateFile
{
    /// <summary>What a file that holds a secret is made with: 0600.</summary>
    public const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    /// <summary>What is wrong with who may use an open file, and what to do; null when it is its owner's alone.</summary>
    public static string? FaultOf(SafeFileHandle file, string path)
    {
        if (OperatingSystem.IsWindows() || File.GetUnixFileMode(file) is var mode && (mode & Others) == 0) return null;
        string octal = Convert.ToString((int)mode, 8).PadLeft(4, '0');
        return $"others than its owner may use it (mode {octal}): change that with 'chmod 600 {path}', and replace the secret if it may have been read";
    }

    /// <summary>How to make a file that holds a secret, and never to overwrite one.</summary>
    public static FileStream Create(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None, BufferSize = 0 };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = OwnerOnly;
        return new FileStream(path, options);
    }
}
