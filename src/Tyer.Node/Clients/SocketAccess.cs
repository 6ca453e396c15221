using Tyer.Comms.Endpoints;
using Tyer.Sessions;

namespace Tyer.Node.Clients;

/// <summary>Who may connect to a Unix socket: its file's mode decides, so the file and its folder must be as they should before anybody can.</summary>
internal static class SocketAccess
{
    /// <summary>The group whose members may lock, where the node runs as root and the group exists.</summary>
    internal const string GroupName = "tyer";

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode WithGroup = OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.GroupWrite;
    private const UnixFileMode PrivateFolder = OwnerOnly | UnixFileMode.UserExecute;
    private const UnixFileMode PublicFolder =
        PrivateFolder | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    /// <summary>The mode that the file has from its first moment on.</summary>
    internal static UnixFileMode ModeAtFirst => OwnerOnly;

    /// <summary>Makes the folder of the socket, if it is not there.</summary>
    /// <exception cref="IOException">It cannot be made, or is not this user's where it must be.</exception>
    internal static void PrepareFolder(CommsEndpoint endpoint)
    {
        if (endpoint.UnixPath is not { } path || OperatingSystem.IsWindows())
            return;
        var folder = Path.GetDirectoryName(path)!;
        if (EffectiveUser.Id == 0)
        {
            if (!Directory.Exists(folder))
                Directory.CreateDirectory(folder, PublicFolder);
            return;
        }

        if (!Directory.Exists(folder))
            Directory.CreateDirectory(folder, PrivateFolder);
        // In a folder that others may write to, or that somebody else put there, the socket could be exchanged.
        var mode = File.GetUnixFileMode(folder);
        var isOpen = (mode & (UnixFileMode.GroupWrite | UnixFileMode.OtherWrite)) != 0 && (mode & UnixFileMode.StickyBit) == 0;
        if (isOpen || new DirectoryInfo(folder).LinkTarget is not null)
            throw new IOException($"Folder '{folder}' of the socket '{path}' is not safe: others may write to it, or it is a link. Choose another folder.");
    }

    /// <summary>Lets the group in, where there is one.</summary>
    internal static void LetGroupIn(CommsEndpoint endpoint)
    {
        if (endpoint.UnixPath is not { } path || OperatingSystem.IsWindows() || EffectiveUser.Id != 0)
            return;
        if (UserNames.GroupIdOf(GroupName) is { } group && UserNames.TryGiveToGroup(path, group))
            File.SetUnixFileMode(path, WithGroup);
    }
}
